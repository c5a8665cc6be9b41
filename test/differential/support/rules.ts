/**
 * WHICH OPERATIONS ARE WELL FORMED, by the rules of etcd and by those of abcd: worked out here from
 * what is written about them, without any code of theirs.
 */

import type { ByteString } from '../../../src/lib/bytes.ts';
import type { FormFault } from './answer.ts';
import type { Compare, DataOperation, Operation, Span, Txn } from './operation.ts';

type Faults = ReadonlySet<FormFault>;
type AnyTxn = Txn<unknown>;
type AnyOp = DataOperation<unknown>;

const MAX_OPERATIONS = 128;
const MAX_TTL = 9_000_000_000;

/** Whether nobody has anything against a transaction. */
export function isWellFormed(txn: AnyTxn): boolean {
  return faultsInEtcd(txn).size === 0 && faultsInAbcd(txn).size === 0;
}

/** All that etcd has against an operation; it tells one of them. */
export function faultsInEtcd(operation: Operation<unknown>): Faults {
  return faultsOf(operation, {
    isBadSpan: ({ key }) => key === '',
    hasTooMany: (txn) => exceeds(txn, MAX_OPERATIONS),
    hasDuplicate: (txn) =>
      touchedInEtcd(txn.success) === null || touchedInEtcd(txn.failure) === null,
  });
}

/** All that abcd has against an operation; it tells one of them. */
export function faultsInAbcd(operation: Operation<unknown>): Faults {
  return faultsOf(operation, {
    isBadSpan: ({ key, end, open }) => key === '' && end === undefined && open !== true,
    hasTooMany: (txn) => sizeOf(txn) > MAX_OPERATIONS,
    hasDuplicate: (txn) => hasMeeting(writesOf(txn, [])),
  });
}

interface Rules {
  readonly isBadSpan: (span: Span) => boolean;
  readonly hasTooMany: (txn: AnyTxn) => boolean;
  readonly hasDuplicate: (txn: AnyTxn) => boolean;
}

function faultsOf(operation: Operation<unknown>, rules: Rules): Faults {
  const faults = new Set<FormFault>();
  if (isInvalid(operation, rules)) faults.add('invalid');
  if (operation.type === 'txn') {
    if (rules.hasTooMany(operation)) faults.add('too-many-operations');
    if (rules.hasDuplicate(operation)) faults.add('duplicate-key');
  }
  return faults;
}

function isInvalid(operation: Operation<unknown>, rules: Rules): boolean {
  switch (operation.type) {
    case 'put': {
      const { key, value, lease, ignoreValue, ignoreLease } = operation;
      const isValueGiven = ignoreValue === true && value !== '';
      return key === '' || isValueGiven || (ignoreLease === true && lease !== undefined);
    }
    case 'get':
    case 'delete':
      return rules.isBadSpan(operation);
    case 'txn':
      return (
        operation.compare.some((compare: Compare<unknown>) => rules.isBadSpan(compare)) ||
        [...operation.success, ...operation.failure].some((op) => isInvalid(op, rules))
      );
    case 'lease-grant':
      return operation.ttl > MAX_TTL;
    case 'watch': {
      const { key, end } = operation;
      return key === '' || (end !== undefined && end <= key);
    }
    default:
      return false;
  }
}

/** etcd: the longest list counts against a limit, and nested transactions have what it leaves. */
function exceeds({ compare, success, failure }: AnyTxn, limit: number): boolean {
  const longest = Math.max(compare.length, success.length, failure.length);
  if (longest > limit) return true;
  return [...success, ...failure].some((op) => op.type === 'txn' && exceeds(op, limit - longest));
}

/** abcd: the operations of a list, with all that are nested in them. */
function sizeOf({ compare, success, failure }: AnyTxn): number {
  const sum = (ops: readonly AnyOp[]): number =>
    ops.reduce((size, op) => size + 1 + (op.type === 'txn' ? sizeOf(op) : 0), 0);
  return Math.max(compare.length, sum(success), sum(failure));
}

interface Touched {
  readonly puts: ReadonlySet<ByteString>;
  readonly deletes: readonly Span[];
}

/**
 * etcd's way through a list: its own deletes first, then the nested transactions one after the
 * other, then its own puts. Null when a put meets what it had come by until then. A delete from a
 * key on has, in its eyes, no keys.
 */
function touchedInEtcd(ops: readonly AnyOp[]): Touched | null {
  const deletes: Span[] = ops.filter((op) => op.type === 'delete' && op.open !== true) as Span[];
  const puts = new Set<ByteString>();
  const isDeleted = (key: ByteString): boolean => deletes.some((span) => isWithin(key, span));
  for (const op of ops) {
    if (op.type !== 'txn') continue;
    const [yes, no] = [touchedInEtcd(op.success), touchedInEtcd(op.failure)];
    if (yes === null || no === null) return null;
    const keys = yes.puts.union(no.puts);
    for (const key of keys) if (puts.has(key) || isDeleted(key)) return null;
    for (const key of keys) puts.add(key);
    deletes.push(...yes.deletes, ...no.deletes);
  }
  for (const op of ops) {
    if (op.type !== 'put') continue;
    if (puts.has(op.key) || isDeleted(op.key)) return null;
    puts.add(op.key);
  }
  return { puts, deletes };
}

/** A write of a transaction, with the branches that lead to it. */
interface Write {
  readonly put: ByteString | null;
  readonly span: Span;
  readonly path: readonly { readonly txn: AnyTxn; readonly branch: 'success' | 'failure' }[];
}

function writesOf(txn: AnyTxn, path: Write['path']): Write[] {
  return (['success', 'failure'] as const).flatMap((branch) => {
    const here = [...path, { txn, branch }];
    return txn[branch].flatMap((op): Write[] => {
      if (op.type === 'txn') return writesOf(op, here);
      if (op.type === 'get') return [];
      return [{ put: op.type === 'put' ? op.key : null, span: op, path: here }];
    });
  });
}

/** abcd: no key is put twice, or put and deleted, on any way through the whole transaction. */
function hasMeeting(writes: readonly Write[]): boolean {
  return writes.some(({ put, path }, i) => {
    if (put === null) return false;
    return writes.some((other, j) => {
      if (i === j || excludeEachOther(path, other.path)) return false;
      return other.put === null ? isWithin(put, other.span) : put === other.put;
    });
  });
}

function excludeEachOther(a: Write['path'], b: Write['path']): boolean {
  return a.some((step) => b.some(({ txn, branch }) => txn === step.txn && branch !== step.branch));
}

/** Whether a key is in a span. */
export function isWithin(key: ByteString, { key: start, end, open }: Span): boolean {
  if (open === true) return key >= start;
  return end === undefined ? key === start : key >= start && key < end;
}
