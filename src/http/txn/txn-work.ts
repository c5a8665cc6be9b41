import type { Compare, KeyRange, RangeOptions, TxnFields, TxnOp } from '../../kv/command.ts';
import { boundsOf, isSingleKey } from '../../kv/range-query.ts';
import type { Bounds } from '../../kv/scan.ts';
import type { StoreView } from '../../node/api.ts';
import { ApiError } from '../../wire/errors.ts';

/** Some 0.1 s in which nothing else is carried out, on any node. */
const TXN_KEYS_MAX = 1_000_000;
/** To find out what a key with a history was takes as long as to look at so many others. */
const KEYS_PER_PAST = 10;
/** So many bytes of values are compared in the time that a look at a key takes. */
const BYTES_PER_KEY = 200;

type GetOp = Extract<TxnOp, { type: 'get' }>;

/**
 * A transaction is carried out in one piece, and what it looks at holds up everything else: reads
 * that must see a whole range to know what comes first, reads of the past, and compares of a whole
 * range. Here their work is counted in keys, as far as this node knows of them.
 *
 * @throws ApiError `too-many-keys`
 */
export function requireBearable(store: StoreView, txn: TxnFields): void {
  const keys = new Work(store).ofTxn(txn);
  if (keys <= TXN_KEYS_MAX) return;
  throw new ApiError(
    'too-many-keys',
    `Its compares and reads would take as long as a look at ${shown(keys)} keys, more than ` +
      `${TXN_KEYS_MAX}; GET /kv reads a range of any size`,
    { limit: TXN_KEYS_MAX },
  );
}

/** What is found out by going through keys is part of the work itself: all of it has one bound. */
class Work {
  readonly #store: StoreView;
  #walked = 0;

  constructor(store: StoreView) {
    this.#store = store;
  }

  ofTxn({ compare, success, failure }: TxnFields): number {
    const ofOps = (ops: readonly TxnOp[]): number => sum(ops, (op) => this.#ofOp(op));
    const compared = sum(compare, (one) => this.#ofCompare(one));
    return compared + Math.max(ofOps(success), ofOps(failure));
  }

  #ofCompare(compare: Compare): number {
    const bytes = compare.target === 'value' ? compare.value.length : 0;
    return this.#keysIn(compare) * (1 + bytes / BYTES_PER_KEY);
  }

  #ofOp(op: TxnOp): number {
    if (op.type === 'txn') return this.ofTxn(op);
    return op.type === 'get' && seesAll(op) ? this.#ofGet(op) : 0;
  }

  #ofGet(op: GetOp): number {
    const { start, end } = boundsOf(op);
    const keys = this.#keysIn(op);
    if (isSingleKey(op) || isEmpty({ start, end })) return keys;
    const revision = op.revision ?? 0;
    if (revision > 0 && this.#store.faultOf(revision) !== null) return 0;
    const past = revision > 0 ? KEYS_PER_PAST * this.#pastKeysIn({ start, end }) : 0;
    if (op.sort !== 'value' || keys + past > TXN_KEYS_MAX) return keys + past;
    return keys + past + this.#bytesToSort(op, { start, end }) / BYTES_PER_KEY;
  }

  #keysIn(range: KeyRange): number {
    if (isSingleKey(range)) return 1;
    const { start, end } = boundsOf(range);
    return isEmpty({ start, end }) ? 0 : this.#store.count(start, end);
  }

  #pastKeysIn({ start, end }: Bounds): number {
    const limit = (TXN_KEYS_MAX - this.#walked) / KEYS_PER_PAST + 1;
    const keys = limit > 0 ? this.#store.countPast(start, end, limit) : 0;
    this.#walked += keys * KEYS_PER_PAST;
    return this.#walked > TXN_KEYS_MAX ? Number.POSITIVE_INFINITY : keys;
  }

  /** Of values that are alike but for their ends, to find the first of all. */
  #bytesToSort(op: GetOp, { start, end }: Bounds): number {
    const store = this.#store;
    const revision = (op.revision ?? 0) || store.revision;
    if (this.#walked > TXN_KEYS_MAX) return Number.POSITIVE_INFINITY;
    const pairs = store.rangeAt(start, end, revision, TXN_KEYS_MAX);
    this.#walked += pairs.length;
    const kept = Math.min(pairs.length, (op.limit ?? 0) || pairs.length);
    return sum(pairs, ({ value }) => value.length) * (1 + Math.log2(kept + 1));
  }
}

/** Whether all keys of the range are looked at, however few are wanted. */
function seesAll(options: RangeOptions): boolean {
  const { sort = 'key', revision, minModRevision, minCreateRevision } = options;
  const filters = [minModRevision, minCreateRevision, options.maxModRevision];
  const isFiltered = [...filters, options.maxCreateRevision].some((bound) => (bound ?? 0) > 0);
  return isFiltered || sort !== 'key' || (revision ?? 0) > 0;
}

function isEmpty({ start, end }: Bounds): boolean {
  return end !== null && end <= start;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

function shown(keys: number): string {
  return Number.isFinite(keys) ? String(Math.ceil(keys)) : 'a great many';
}
