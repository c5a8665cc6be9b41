/**
 * WHAT A TRANSACTION MAY BE, whatever the state: checked at the boundary, before it can reach the
 * log, and once more when it is applied.
 *
 * A key is put at most once on any way through a transaction, and never both put and deleted: so a
 * revision changes each key at most once. (The branches of one nested transaction exclude each
 * other, so they may meet. etcd lets a nested transaction delete what an earlier one beside it put;
 * here that is refused as every other meeting is.)
 */

import type { ByteString } from '../lib/bytes.ts';
import type { TxnFields, TxnOp } from './command.ts';
import { boundsOf } from './range-query.ts';
import type { Bounds } from './scan.ts';

/** How many operations a transaction may have, nested ones included. */
export const MAX_TXN_OPS = 128;

/**
 * How many operations and compares there may be on all ways through it together: what one way takes
 * excludes another, but all are checked, and each write is compared with every other.
 */
export const MAX_TXN_TREE = 2048;

export type TxnFault = 'too-many-operations' | 'duplicate-key';

/**
 * What is wrong with a transaction whose fields are well formed; null when nothing is. The boundary
 * may allow fewer operations.
 */
export function validateTxn(txn: TxnFields, maxOps: number = MAX_TXN_OPS): TxnFault | null {
  const isLong = sizeOfTxn(txn) > Math.min(maxOps, MAX_TXN_OPS);
  if (isLong || treeOfTxn(txn) > MAX_TXN_TREE) return 'too-many-operations';
  const branches = [txn.success, txn.failure].map(touchedBy);
  return branches.includes(null) ? 'duplicate-key' : null;
}

/** Whether there is no write in it, on any way through it. */
export function isReadOnly({ success, failure }: TxnFields): boolean {
  return [...success, ...failure].every((op) =>
    op.type === 'txn' ? isReadOnly(op) : op.type === 'get',
  );
}

/** The longest of the three lists, where an operation that is a transaction counts with its own. */
function sizeOfTxn({ compare, success, failure }: TxnFields): number {
  return Math.max(compare.length, sizeOfOps(success), sizeOfOps(failure));
}

function sizeOfOps(ops: readonly TxnOp[]): number {
  let size = 0;
  for (const op of ops) size += 1 + (op.type === 'txn' ? sizeOfTxn(op) : 0);
  return size;
}

/** Everything in it, whichever way it is on. */
function treeOfTxn({ compare, success, failure }: TxnFields): number {
  let size = compare.length;
  for (const op of [...success, ...failure]) size += 1 + (op.type === 'txn' ? treeOfTxn(op) : 0);
  return size;
}

/** The keys that a list of operations may put, and the ranges it may delete. */
interface Touched {
  readonly puts: ReadonlySet<ByteString>;
  readonly deletes: readonly Bounds[];
}

/** Null when two of the operations meet. */
function touchedBy(ops: readonly TxnOp[]): Touched | null {
  const puts = new Set<ByteString>();
  const deletes: Bounds[] = [];
  for (const op of ops) {
    const touched = touchedByOp(op);
    if (touched === null) return null;
    for (const key of touched.puts) {
      if (puts.has(key) || isWithin(key, deletes)) return null;
    }
    for (const bounds of touched.deletes) {
      for (const key of puts) if (isWithin(key, [bounds])) return null;
    }
    for (const key of touched.puts) puts.add(key);
    deletes.push(...touched.deletes);
  }
  return { puts, deletes };
}

function touchedByOp(op: TxnOp): Touched | null {
  switch (op.type) {
    case 'get':
      return { puts: new Set(), deletes: [] };
    case 'put':
      return { puts: new Set([op.key]), deletes: [] };
    case 'delete':
      return { puts: new Set(), deletes: [boundsOf(op)] };
    case 'txn': {
      const success = touchedBy(op.success);
      const failure = touchedBy(op.failure);
      if (success === null || failure === null) return null;
      return {
        puts: success.puts.union(failure.puts),
        deletes: [...success.deletes, ...failure.deletes],
      };
    }
  }
}

function isWithin(key: ByteString, ranges: readonly Bounds[]): boolean {
  return ranges.some(({ start, end }) => key >= start && (end === null || key < end));
}
