/**
 * PROBES ask whether a transaction is well formed, and carry nothing out: it becomes the branch
 * that is not taken. So the rules of two systems can be compared where one would go on and the
 * other would not, and they stay in step.
 */

import type { ByteString } from '../../../src/lib/bytes.ts';
import type { Compare, DataOperation, Txn } from './operation.ts';

const NEVER: Compare<number> = {
  key: 'a' as ByteString,
  target: 'version',
  op: '>',
  value: Number.MAX_SAFE_INTEGER,
};

/** Transactions that change nothing; all are in order if, and only if, the operation is. */
export function probesOf(operation: DataOperation<number>): readonly Txn<number>[] {
  const txn: Txn<number> =
    operation.type === 'txn'
      ? operation
      : { type: 'txn', compare: [], success: [operation], failure: [] };
  const { success, failure } = txn;
  const compare = neverHolding(txn.compare);
  return [
    { type: 'txn', compare, success, failure: failure.every(isPlainGet) ? failure : [] },
    { type: 'txn', compare, success: failure, failure: success.every(isPlainGet) ? success : [] },
  ];
}

/** In the place of another compare, where there is one without a fault: the number counts. */
function neverHolding(compares: readonly Compare<number>[]): readonly Compare<number>[] {
  const index = compares.findIndex(({ key }) => key !== '');
  return index === -1 ? [...compares, NEVER] : compares.with(index, NEVER);
}

/** Whether it may be carried out, for it changes nothing and cannot fail. */
function isPlainGet(op: DataOperation<number>): boolean {
  return op.type === 'get' && op.key !== '' && op.revision === undefined;
}
