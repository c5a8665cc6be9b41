import type { GetResult, TxnFields, TxnOp, TxnOpResult, TxnResult } from '../../kv/command.ts';
import { assert, must } from '../../lib/assert.ts';
import type { TxnAnswer, TxnGetAnswer, TxnOpAnswer } from '../../wire/txn.ts';
import { keyFieldsOf, keyOnlyOf, pairOf } from '../answer/pair.ts';

/** What a transaction did, as its client is told: the answer to each operation under its name. */
export function txnAnswerOf(txn: TxnFields, result: TxnResult): TxnAnswer {
  const { succeeded, revision } = result;
  return { succeeded, revision, results: resultsOf(txn, result) };
}

function resultsOf(txn: TxnFields, { succeeded, results }: TxnResult): TxnOpAnswer[] {
  const ops = succeeded ? txn.success : txn.failure;
  return results.map((result, i) => answerOf(must(ops[i], `operation ${i}`), result));
}

function answerOf(op: TxnOp, result: TxnOpResult): TxnOpAnswer {
  switch (op.type) {
    case 'put': {
      assert(result.type === 'put', `a put gave ${result.type}`);
      const { revision, created, prev } = result;
      return {
        put: {
          ...keyFieldsOf(op.key),
          revision,
          created,
          ...((op.lease ?? null) === null ? {} : { lease: String(op.lease) }),
          ...(op.prev === true ? { prev: prev === null ? null : pairOf(prev) } : {}),
        },
      };
    }
    case 'get':
      assert(result.type === 'get', `a read gave ${result.type}`);
      return { get: pageOf(result, op.keysOnly === true) };
    case 'delete': {
      assert(result.type === 'delete', `a deletion gave ${result.type}`);
      const { deleted, revision, prev } = result;
      const gone = op.prev === true ? { prev: prev.map(pairOf) } : {};
      return { delete: { deleted, revision, ...gone } };
    }
    case 'txn':
      assert(result.type === 'txn', `a transaction gave ${result.type}`);
      return { txn: { succeeded: result.succeeded, results: resultsOf(op, result) } };
  }
}

function pageOf({ revision, count, kvs, more }: GetResult, keysOnly: boolean): TxnGetAnswer {
  return { revision, count, kvs: kvs.map(keysOnly ? keyOnlyOf : pairOf), more };
}
