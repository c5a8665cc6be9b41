import type { Endpoint } from './endpoint.ts';
import { WRITE_ERRORS } from './endpoints-kv.ts';
import { COMMON_PARAMETERS, IDEMPOTENCY_KEY } from './parameters.ts';
import { TxnAnswer, TxnBody } from './txn.ts';

const DESCRIPTION =
  'If all of `compare` hold, the operations of `success` are carried out, else those of ' +
  '`failure`: in their order, all of them or none, in one revision. Reads see the writes before ' +
  'them. All ' +
  'compares, those of nested transactions too, are decided by the state before the transaction. ' +
  'There may be 128 operations in all, those of nested transactions included; a key may be put ' +
  'once, and not deleted too. The pairs in the answer have at most 4 MiB together: what would ' +
  'have more is refused, and has no effect. With `end` an operation is about all keys from `key` ' +
  'up to it, and about all from `key` on where `end` is the byte NUL. A key or value that is not ' +
  'UTF-8 is `{"base64":"…"}`.';

export const TXN_ENDPOINTS = {
  txn: {
    method: 'post',
    path: '/txn',
    id: 'txn',
    tag: 'Transactions',
    summary: 'Carry out a transaction',
    description: DESCRIPTION,
    parameters: [IDEMPOTENCY_KEY, ...COMMON_PARAMETERS],
    body: {
      contentType: 'application/json',
      schema: TxnBody,
      example: {
        compare: [{ key: 'config/color', target: 'version', op: '=', value: 1 }],
        success: [
          { put: { key: 'config/color', value: 'green' } },
          { get: { key: 'config/size' } },
        ],
        failure: [{ get: { key: 'config/color' } }],
      },
      required: true,
    },
    answers: {
      200: {
        description: 'What the operations gave.',
        content: [
          {
            contentType: 'application/json',
            schema: TxnAnswer,
            example: {
              succeeded: true,
              revision: 43,
              results: [
                { put: { key: 'config/color', revision: 43, created: false } },
                { get: { revision: 43, count: 0, kvs: [], more: false } },
              ],
            },
          },
        ],
      },
    },
    errors: [
      ...WRITE_ERRORS,
      'unsupported-media-type',
      'request-timeout',
      'quota-exceeded',
      'bad-key',
      'key-too-long',
      'value-too-large',
      'too-many-operations',
      'duplicate-key',
      'bad-revision',
      'future-revision',
      'compacted',
      'answer-too-large',
      'too-many-keys',
      'key-not-found',
      'lease-not-found',
      'read-timeout',
    ],
  },
} as const satisfies Record<string, Endpoint>;
