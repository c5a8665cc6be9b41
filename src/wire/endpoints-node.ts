import { type TSchema, Type } from '@sinclair/typebox';
import type { Answer, Endpoint } from './endpoint.ts';
import { WRITE_ERRORS } from './endpoints-kv.ts';
import type { ErrorCode } from './errors.ts';
import {
  FaultsBody,
  HashAnswer,
  HealthAnswer,
  StatusAnswer,
  SteerAnswer,
  VersionAnswer,
} from './node.ts';
import { COMMON_PARAMETERS, IDEMPOTENCY_KEY, REVISION, VERBOSE } from './parameters.ts';

const ID = '8391245717622341632';
const OTHER_ID = '5577006791947779410';
const READ_ERRORS: readonly ErrorCode[] = ['bad-request', 'wrong-host', 'internal'];

/** Of requests with an `Idempotency-Key` that are no command of the log. */
const ONCE_ERRORS: readonly ErrorCode[] = [...WRITE_ERRORS, 'read-timeout'];
const ONCE_HERE =
  'With an `Idempotency-Key`, which the cluster remembers, it needs a leader that this node can ' +
  'reach, before and after; without one it does not.';

function answer(contentType: string, description: string, schema: TSchema, example: unknown) {
  return { description, content: [{ contentType, schema, example }] } satisfies Answer;
}

function json(description: string, schema: TSchema, example: unknown): Answer {
  return answer('application/json', description, schema, example);
}

function steer(id: string, path: string, summary: string, example: unknown): Endpoint {
  return {
    method: 'post',
    path,
    id,
    tag: 'Node',
    summary,
    description: ONCE_HERE,
    parameters: [IDEMPOTENCY_KEY, ...COMMON_PARAMETERS],
    answers: { 200: json('Done, within what Raft allows.', SteerAnswer, example) },
    errors: [...ONCE_ERRORS, 'conflict'],
  };
}

function health(method: 'get' | 'head', path: string, ready: boolean): Endpoint {
  const what = ready ? 'can serve clients' : 'is alive';
  const example = { status: 'ok', checks: [{ name: 'leader', ok: true }] };
  return {
    method,
    path,
    id: `${method}${ready ? 'Ready' : 'Live'}`,
    tag: 'Operations',
    summary: `Whether this node ${what}`,
    parameters: [VERBOSE],
    answers: {
      200:
        method === 'head'
          ? { description: `This node ${what}.` }
          : json(`This node ${what}.`, HealthAnswer, example),
    },
    errors: ready ? [...READ_ERRORS, 'not-ready'] : READ_ERRORS,
  };
}

const faults = {
  faults: [
    { peer: OTHER_ID, direction: 'out', cut: false, dropRate: 0.1, delayMs: 50, ttlSeconds: 30 },
  ],
};
function faultEndpoint(method: 'get' | 'put' | 'delete', summary: string): Endpoint {
  const ofBody: readonly ErrorCode[] =
    method === 'put' ? ['member-not-found', 'request-timeout'] : [];
  const errors: readonly ErrorCode[] =
    method === 'get' ? READ_ERRORS : [...ONCE_ERRORS, 'unsupported-media-type'];
  return {
    method,
    path: '/faults',
    id: `${method}Faults`,
    tag: 'Operations',
    summary,
    description:
      'Only where the node was started with `--enable-faults`; 404 otherwise.' +
      (method === 'get' ? '' : ` ${ONCE_HERE}`),
    parameters: method === 'get' ? COMMON_PARAMETERS : [IDEMPOTENCY_KEY, ...COMMON_PARAMETERS],
    ...(method === 'put'
      ? {
          body: {
            contentType: 'application/json',
            schema: FaultsBody,
            example: faults,
            required: true,
          },
        }
      : {}),
    answers: {
      200: json('The faults now.', FaultsBody, method === 'delete' ? { faults: [] } : faults),
    },
    errors: [...errors, 'no-such-route', ...ofBody],
  };
}

/** One node: its role, its health, what it can tell. */
export const NODE_ENDPOINTS = {
  status: {
    method: 'get',
    path: '/status',
    id: 'getStatus',
    tag: 'Node',
    summary: 'Role, term and indexes of this node',
    parameters: COMMON_PARAMETERS,
    answers: {
      200: json('The state of this node.', StatusAnswer, {
        id: ID,
        name: 'n1',
        url: 'http://10.0.0.1:8080',
        role: 'leader',
        term: 7,
        leader: ID,
        commitIndex: 118,
        appliedIndex: 118,
        lastIndex: 118,
        durableIndex: 118,
        snapshotIndex: 0,
        revision: 42,
        uptime: 86.4,
        recovering: false,
        version: '0.1.0',
      }),
    },
    errors: READ_ERRORS,
  },
  campaign: steer('campaign', '/node/campaign', 'Start an election on this node', {
    role: 'pre-candidate',
    term: 7,
  }),
  stepDown: steer('stepDown', '/node/step-down', 'Give leadership up on this node', {
    role: 'follower',
    term: 7,
  }),
  hash: {
    method: 'get',
    path: '/hash',
    id: 'getHash',
    tag: 'Operations',
    summary: 'The hash of the whole store',
    description:
      'Without `revision`: of all that is replicated, as this node has it; nodes that have ' +
      'applied the same log have the same. With it: of the keys, values, revisions and leases as ' +
      'of that revision (0: the newest), the same on every node, which waits until it knows it.',
    parameters: [REVISION, ...COMMON_PARAMETERS],
    answers: {
      200: json('The hash.', HashAnswer, {
        revision: 42,
        appliedIndex: 118,
        hash: '9ae0daaf1d0f3c22',
      }),
    },
    errors: [
      ...READ_ERRORS,
      'bad-revision',
      'future-revision',
      'compacted',
      'read-timeout',
      'too-many-requests',
      'no-leader',
    ],
  },
  backup: {
    method: 'get',
    path: '/backup',
    id: 'getBackup',
    tag: 'Operations',
    summary: 'A snapshot file of the whole store',
    parameters: COMMON_PARAMETERS,
    answers: {
      200: answer(
        'application/octet-stream',
        'The file, as of one revision.',
        Type.String({ format: 'binary' }),
        '{"kind":"header"}',
      ),
    },
    errors: [...READ_ERRORS, 'read-timeout', 'no-leader', 'disk-full', 'node-stopped'],
  },
  getFaults: faultEndpoint('get', 'The injected faults of the network'),
  putFaults: faultEndpoint('put', 'Replace the injected faults'),
  deleteFaults: faultEndpoint('delete', 'End all injected faults'),
  livez: health('get', '/livez', false),
  livezHead: health('head', '/livez', false),
  readyz: health('get', '/readyz', true),
  readyzHead: health('head', '/readyz', true),
  metrics: {
    method: 'get',
    path: '/metrics',
    id: 'getMetrics',
    tag: 'Operations',
    summary: 'Metrics for Prometheus',
    answers: {
      200: answer('text/plain', 'The text format.', Type.String(), 'abcd_raft_term 7\n'),
    },
    errors: READ_ERRORS,
  },
  version: {
    method: 'get',
    path: '/version',
    id: 'getVersion',
    tag: 'Operations',
    summary: 'Versions of the program',
    answers: { 200: json('The versions.', VersionAnswer, { version: '0.1.0', bun: '1.4.5' }) },
    errors: READ_ERRORS,
  },
  events: {
    method: 'get',
    path: '/events',
    id: 'getEvents',
    tag: 'Operations',
    summary: 'The Raft and KV events of this node, as they happen',
    description:
      'Server-sent events. A listener that is more than 1 MiB behind gets `canceled` with the ' +
      'reason `slow`; a node that stops sends the reason `shutdown`.',
    parameters: [
      {
        name: 'level',
        in: 'query',
        description: '`message` adds one event for each message between peers.',
        schema: Type.Union([Type.Literal('state'), Type.Literal('message')]),
        example: 'state',
      },
      {
        name: 'since',
        in: 'query',
        description: 'Begin after this event, if it is still held. `Last-Event-ID` says the same.',
        schema: Type.Integer({ minimum: 0 }),
        example: 17,
      },
    ],
    answers: {
      200: answer(
        'text/event-stream',
        'One event for each decision.',
        Type.String(),
        'id: 18\nevent: raft\ndata: {"id":18,"at":1700000000000,"family":"raft","level":"state",' +
          '"event":{"type":"commit","term":7,"from":117,"to":118}}\n\n',
      ),
    },
    errors: READ_ERRORS,
  },
} as const satisfies Record<string, Endpoint>;

/** What nodes say to each other; for holders of the cluster secret. */
export const PEER_ENDPOINTS = {
  raft: {
    method: 'post',
    path: '/raft/{rpc}',
    id: 'peerMessage',
    tag: 'Peers',
    summary: 'A message between members',
    description: 'Only members speak this; it changes between versions.',
    parameters: [
      {
        name: 'rpc',
        in: 'path',
        description: 'Which message.',
        schema: Type.String(),
        example: 'append',
      },
    ],
    body: {
      contentType: 'application/json',
      schema: Type.Object({}),
      example: {},
      required: true,
    },
    answers: { 200: json('The answer to the message.', Type.Object({}), {}) },
    errors: [
      'bad-request',
      'unauthorized',
      'forbidden',
      'member-removed',
      'no-such-route',
      'cluster-mismatch',
      'member-mismatch',
      'wire-version-mismatch',
      'body-too-large',
      'internal',
    ],
  },
} as const satisfies Record<string, Endpoint>;
