import { type TSchema, Type } from '@sinclair/typebox';
import { IdText } from './cluster.ts';
import type { Answer, Endpoint, Parameter } from './endpoint.ts';
import { WRITE_ERRORS } from './endpoints-kv.ts';
import type { ErrorCode } from './errors.ts';
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from './kv.ts';
import { HeldAnswer, LockBody, LockStateAnswer, ReleaseAnswer } from './locks.ts';
import { COMMON_PARAMETERS, IDEMPOTENCY_KEY } from './parameters.ts';

const LEASE = '4037200794235010051';
const NAME = 'jobs/nightly';
const KEY = `${NAME}/380704bb7b4d7c03`;

const LOCK_NAME: Parameter = {
  name: 'name',
  in: 'path',
  description:
    'Everything after `/locks/`, percent-decoded once to bytes. Slashes belong to the name. Its ' +
    'keys are 17 bytes longer, and have the limit that all keys have.',
  schema: Type.String(),
  example: NAME,
};

const LEASE_IN_QUERY: Parameter = {
  name: 'lease',
  in: 'query',
  required: true,
  description: 'The lease whose place in the queue is given up.',
  schema: IdText,
  example: LEASE,
};

export const QUEUE_LIMIT: Parameter = {
  name: 'limit',
  in: 'query',
  description: 'Most of those who wait that are shown.',
  schema: Type.Integer({ minimum: 1, maximum: PAGE_LIMIT_MAX, default: PAGE_LIMIT_DEFAULT }),
  example: 100,
};

export function json(description: string, schema: TSchema, example: unknown): Answer {
  return { description, content: [{ contentType: 'application/json', schema, example }] };
}

const NAME_ERRORS: readonly ErrorCode[] = ['bad-key', 'key-too-long'];
/** Of every request that reads a queue. */
export const QUEUE_READ_ERRORS: readonly ErrorCode[] = [
  ...NAME_ERRORS,
  'bad-request',
  'uri-too-long',
  'wrong-host',
  'request-timeout',
  'too-many-requests',
  'read-timeout',
  'no-leader',
  'shutting-down',
  'node-stopped',
  'internal',
];
/** Of every request with a body about a queue. */
export const QUEUE_WRITE_ERRORS: readonly ErrorCode[] = [
  ...WRITE_ERRORS,
  ...NAME_ERRORS,
  'unsupported-media-type',
  'request-timeout',
  'read-timeout',
  'lease-not-found',
];
/** Of every request that waits in a queue. */
export const ACQUIRE_ERRORS: readonly ErrorCode[] = [
  ...QUEUE_WRITE_ERRORS,
  'locked',
  'lease-lost',
  'too-many-leases',
  'quota-exceeded',
];

/** One holder at a time. */
export const LOCK_ENDPOINTS = {
  acquire: {
    method: 'post',
    path: '/locks/{name}',
    id: 'acquireLock',
    tag: 'Locks',
    summary: 'Acquire a lock',
    description:
      'Waits until everyone who came before has left; the answer comes when the lock is held. ' +
      'A request stands in the queue as the key `<name>/<lease in hex>`, attached to its lease: ' +
      'with `lease` one of the client, which keeps it alive itself; else one of its own with ' +
      '`ttl`, which the node renews during the wait, and once more when the lock is held: from ' +
      'then on it is kept alive with `POST /leases/{lease}/keepalive`. When the wait is over, ' +
      'and when the connection is closed, the request leaves the queue. Requests with the same ' +
      'lease are one in the queue. If an answer is lost after the lock was acquired, the lock ' +
      'is held until its lease ends.\n\n' +
      'A lock alone does not keep two from acting at once: whoever was paused for longer than ' +
      'its lease may not know yet that it lost the lock. Guard what matters with the ' +
      '`fencingToken`, for example by a transaction that compares the `create` revision of the ' +
      'key with it.',
    parameters: [LOCK_NAME, IDEMPOTENCY_KEY, ...COMMON_PARAMETERS],
    body: {
      contentType: 'application/json',
      schema: LockBody,
      example: { ttl: 30, wait: '30s', owner: 'worker-7' },
      required: false,
    },
    answers: {
      200: json('The lock is held.', HeldAnswer, {
        name: NAME,
        key: KEY,
        lease: LEASE,
        fencingToken: 42,
      }),
    },
    errors: ACQUIRE_ERRORS,
  },
  read: {
    method: 'get',
    path: '/locks/{name}',
    id: 'getLock',
    tag: 'Locks',
    summary: 'Who holds a lock, and who waits for it',
    parameters: [LOCK_NAME, QUEUE_LIMIT, ...COMMON_PARAMETERS],
    answers: {
      200: json('The holder and the queue.', LockStateAnswer, {
        name: NAME,
        holder: { key: KEY, lease: LEASE, fencingToken: 42, owner: 'worker-7' },
        queue: [],
        waiting: 0,
        revision: 43,
      }),
    },
    errors: QUEUE_READ_ERRORS,
  },
  release: {
    method: 'delete',
    path: '/locks/{name}',
    id: 'releaseLock',
    tag: 'Locks',
    summary: 'Release a lock, or leave its queue',
    description:
      'The lease stays, and ends by itself unless it is kept alive. `DELETE /leases/{lease}` ' +
      'gives up the lock and the lease at once.',
    parameters: [
      { ...LOCK_NAME, example: 'jobs/weekly' },
      LEASE_IN_QUERY,
      IDEMPOTENCY_KEY,
      ...COMMON_PARAMETERS,
    ],
    answers: {
      200: json('The key is gone.', ReleaseAnswer, { deleted: 1, revision: 44 }),
    },
    errors: [...WRITE_ERRORS, ...NAME_ERRORS, 'lock-not-held'],
  },
} as const satisfies Record<string, Endpoint>;
