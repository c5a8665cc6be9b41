import type { Compare, KeyRange, RangeOptions, TxnFields, TxnOp } from '../kv/command.ts';
import { boundsOf, isSingleKey } from '../kv/range-query.ts';
import type { StoreView } from '../node/api.ts';
import { ApiError } from '../wire/errors.ts';

/** Some 0.1 s in which nothing else is carried out, on any node. */
const TXN_KEYS_MAX = 1_000_000;

/**
 * A transaction is carried out in one piece, and what it looks at holds up everything else: reads
 * that must see a whole range to know what comes first, and compares of a whole range. Here their
 * keys are counted, as far as this node knows of them.
 *
 * @throws ApiError `too-many-keys`
 */
export function requireBearable(store: StoreView, txn: TxnFields): void {
  const keys = keysOfTxn(store, txn);
  if (keys <= TXN_KEYS_MAX) return;
  throw new ApiError(
    'too-many-keys',
    `Its compares and reads would look at ${keys} keys, more than ${TXN_KEYS_MAX}`,
    { limit: TXN_KEYS_MAX },
  );
}

function keysOfTxn(store: StoreView, { compare, success, failure }: TxnFields): number {
  const keysOfOps = (ops: readonly TxnOp[]): number => sum(ops, (op) => keysOfOp(store, op));
  const compared = sum(compare, (one: Compare) => keysIn(store, one));
  return compared + Math.max(keysOfOps(success), keysOfOps(failure));
}

function keysOfOp(store: StoreView, op: TxnOp): number {
  if (op.type === 'txn') return keysOfTxn(store, op);
  return op.type === 'get' && seesAll(op) ? keysIn(store, op) : 0;
}

/** Whether all keys of the range are looked at, however few are wanted. */
function seesAll(options: RangeOptions): boolean {
  const { sort = 'key', revision, minModRevision, minCreateRevision } = options;
  const filters = [minModRevision, minCreateRevision, options.maxModRevision];
  const isFiltered = [...filters, options.maxCreateRevision].some((bound) => (bound ?? 0) > 0);
  return isFiltered || sort !== 'key' || (revision ?? 0) > 0;
}

function keysIn(store: StoreView, range: KeyRange): number {
  if (isSingleKey(range)) return 1;
  const { start, end } = boundsOf(range);
  return end !== null && end <= start ? 0 : store.count(start, end);
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
