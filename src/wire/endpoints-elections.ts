import { Type } from '@sinclair/typebox';
import {
  CampaignBody,
  ElectionAnswer,
  ObserveLine,
  ProclaimAnswer,
  ProclaimBody,
  ResignBody,
} from './elections.ts';
import type { Content, Endpoint, Parameter } from './endpoint.ts';
import {
  ACQUIRE_ERRORS,
  json,
  QUEUE_LIMIT,
  QUEUE_READ_ERRORS,
  QUEUE_WRITE_ERRORS,
} from './endpoints-locks.ts';
import { HeldAnswer, ReleaseAnswer } from './locks.ts';
import { COMMON_PARAMETERS, IDEMPOTENCY_KEY } from './parameters.ts';

const LEASE = '4037200794235010051';
const NAME = 'primary';
const held = {
  name: NAME,
  key: `${NAME}/380704bb7b4d7c03`,
  lease: LEASE,
  fencingToken: 42,
};
const leader = {
  key: held.key,
  value: 'http://10.0.0.7:9000',
  lease: LEASE,
  fencingToken: 42,
  modRevision: 42,
};

const ELECTION_NAME: Parameter = {
  name: 'name',
  in: 'path',
  description:
    'Percent-decoded once to bytes. Slashes belong to the name; write the last one as `%2F` if ' +
    'the name ends in `/campaign`, `/proclaim`, `/resign` or `/observe`. A lock of the same name ' +
    'has the same queue.',
  schema: Type.String(),
  example: NAME,
};
const WRITE_PARAMETERS = [ELECTION_NAME, IDEMPOTENCY_KEY, ...COMMON_PARAMETERS] as const;

function body(schema: Content['schema'], example: unknown): Content & { required: true } {
  return { contentType: 'application/json', schema, example, required: true };
}

/** A lock whose holder has something to say. */
export const ELECTION_ENDPOINTS = {
  campaign: {
    method: 'post',
    path: '/elections/{name}/campaign',
    id: 'campaignInElection',
    tag: 'Elections',
    summary: 'Wait to lead',
    description:
      'As `POST /locks/{name}`, which says what becomes of the lease. `value` is what others are ' +
      'told while this candidate leads.',
    parameters: WRITE_PARAMETERS,
    body: body(CampaignBody, { value: leader.value, lease: LEASE, wait: '30s' }),
    answers: { 200: json('This candidate leads.', HeldAnswer, held) },
    errors: [...ACQUIRE_ERRORS, 'value-too-large'],
  },
  proclaim: {
    method: 'post',
    path: '/elections/{name}/proclaim',
    id: 'proclaimInElection',
    tag: 'Elections',
    summary: 'Say something else while leading',
    parameters: WRITE_PARAMETERS,
    body: body(ProclaimBody, { lease: LEASE, value: 'http://10.0.0.7:9001' }),
    answers: { 200: json('It is said.', ProclaimAnswer, { ...held, revision: 43 }) },
    errors: [...QUEUE_WRITE_ERRORS, 'not-leading', 'value-too-large', 'quota-exceeded'],
  },
  resign: {
    method: 'post',
    path: '/elections/{name}/resign',
    id: 'resignFromElection',
    tag: 'Elections',
    summary: 'Make way for the next candidate',
    description: 'The lease stays, and ends by itself unless it is kept alive.',
    parameters: WRITE_PARAMETERS,
    body: body(ResignBody, { lease: LEASE }),
    answers: { 200: json('The key is gone.', ReleaseAnswer, { deleted: 1, revision: 44 }) },
    errors: [...QUEUE_WRITE_ERRORS, 'not-leading'],
  },
  read: {
    method: 'get',
    path: '/elections/{name}',
    id: 'getElection',
    tag: 'Elections',
    summary: 'Who leads, and who waits to',
    parameters: [ELECTION_NAME, QUEUE_LIMIT, ...COMMON_PARAMETERS],
    answers: {
      200: json('The leader and the queue.', ElectionAnswer, {
        name: NAME,
        leader,
        queue: [],
        waiting: 0,
        revision: 43,
      }),
    },
    errors: [...QUEUE_READ_ERRORS, 'method-not-allowed'],
  },
  observe: {
    method: 'get',
    path: '/elections/{name}/observe',
    id: 'observeElection',
    tag: 'Elections',
    summary: 'Who leads, and every change of it as it happens',
    description:
      'The first event says who leads now; then there is one for every change of the leader or ' +
      'of what it says. Server-sent events, or with `Accept: application/x-ndjson` one JSON ' +
      'object a line. A reader that is more than 1 MiB behind gets `canceled` with the reason ' +
      '`slow`; one whose node stops, `shutdown`. Whoever comes back is told who leads by then. ' +
      'After a node was so far behind that it was sent a snapshot, it tells the outcome alone.',
    parameters: [ELECTION_NAME, ...COMMON_PARAMETERS],
    answers: {
      200: {
        description: 'The stream.',
        content: [
          {
            contentType: 'text/event-stream',
            schema: Type.String(),
            example: `id: 42\nevent: leader\ndata: ${JSON.stringify({ revision: 42, leader })}\n\n`,
          },
          {
            contentType: 'application/x-ndjson',
            schema: ObserveLine,
            example: { event: 'leader', revision: 42, leader },
          },
        ],
      },
    },
    errors: QUEUE_READ_ERRORS,
  },
} as const satisfies Record<string, Endpoint>;
