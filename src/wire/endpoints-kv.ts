import { Type } from '@sinclair/typebox';
import type { Answer, Content, Endpoint, Parameter } from './endpoint.ts';
import type { ErrorCode } from './errors.ts';
import { DeleteAnswer, Pair, PutAnswer, RangeAnswer } from './kv.ts';
import {
  AFTER,
  COMMON_PARAMETERS,
  CONSISTENCY,
  IDEMPOTENCY_KEY,
  IF_MATCH,
  IF_NONE_MATCH,
  IF_NONE_MATCH_ANY,
  KEY_IN_PATH,
  KEY_IN_QUERY,
  LEASE,
  PAGE_PARAMETERS,
  PREV,
  RANGE_PARAMETERS,
  RAW,
  REVISION,
  TTL,
  WAIT,
} from './parameters.ts';

const Bytes = Type.String({ format: 'binary' });
const pair = {
  key: 'config/color',
  value: 'blue',
  createRevision: 40,
  modRevision: 42,
  version: 2,
};

/** Of every read, as of any revision. */
export const READ_ERRORS: readonly ErrorCode[] = [
  'bad-request',
  'bad-revision',
  'future-revision',
  'compacted',
  'uri-too-long',
  'wrong-host',
  'too-many-requests',
  'read-timeout',
  'no-leader',
  'internal',
];
/** Of a read that waits for the key to change. */
const WAIT_ERRORS: readonly ErrorCode[] = ['request-timeout', 'shutting-down'];
export const KEY_ERRORS: readonly ErrorCode[] = ['bad-key', 'key-too-long'];
/** Of every request that the leader appends to the log. */
export const WRITE_ERRORS: readonly ErrorCode[] = [
  'bad-request',
  'idempotency-key-invalid',
  'idempotency-key-reused',
  'idempotency-key-expired',
  'cross-origin',
  'body-too-large',
  'uri-too-long',
  'unsupported-encoding',
  'wrong-host',
  'too-many-requests',
  'no-leader',
  'leader-changed',
  'recovering',
  'shutting-down',
  'node-stopped',
  'timeout',
  'disk-full',
  'internal',
];

const BYTES_ANSWER: readonly Content[] = [
  { contentType: 'application/octet-stream', schema: Bytes, example: 'blue' },
];
const PAIR_ANSWER: readonly Content[] = [
  { contentType: 'application/json', schema: Pair, example: pair },
  ...BYTES_ANSWER,
];

const GET_ANSWERS = {
  200: { description: 'The pair, or its value alone.', headers: ['ETag'], content: PAIR_ANSWER },
  304: {
    description: 'Unchanged since the revision given, or not changed in time.',
    headers: ['ETag'],
  },
} as const satisfies Record<number, Answer>;

function putAnswer(description: string, created: boolean): Answer {
  const example = { key: 'config/color', revision: 42, created };
  const content = [{ contentType: 'application/json', schema: PutAnswer, example }];
  return { description, headers: ['ETag'], content };
}

/** The two forms that name a key. */
interface KeyForm {
  readonly path: string;
  readonly suffix: string;
  readonly key: Parameter;
}

const BY_PATH: KeyForm = { path: '/kv/{key}', suffix: '', key: KEY_IN_PATH };
const BY_QUERY: KeyForm = { path: '/kv', suffix: 'ByQuery', key: KEY_IN_QUERY };

function putEndpoint({ path, suffix, key }: KeyForm): Endpoint {
  return {
    method: 'put',
    path,
    id: `putKey${suffix}`,
    tag: 'Keys',
    summary: 'Write a key',
    description: 'The body is the value, byte for byte, whatever its content type.',
    parameters: [
      key,
      PREV,
      LEASE,
      TTL,
      IF_MATCH,
      IF_NONE_MATCH_ANY,
      IDEMPOTENCY_KEY,
      ...COMMON_PARAMETERS,
    ],
    body: {
      contentType: 'application/octet-stream',
      schema: Bytes,
      example: 'blue',
      required: false,
    },
    answers: {
      200: putAnswer('The key was written over.', false),
      201: putAnswer('The key was created.', true),
    },
    errors: [
      ...KEY_ERRORS,
      ...WRITE_ERRORS,
      'request-timeout',
      'precondition-failed',
      'value-too-large',
      'lease-not-found',
      'too-many-leases',
      'quota-exceeded',
    ],
  };
}

function getEndpoint(method: 'get' | 'head', { path, suffix, key }: KeyForm): Endpoint {
  const bare = { description: 'The headers of the answer to GET.', headers: ['ETag'] } as const;
  return {
    method,
    path,
    id: `${method}Key${suffix}`,
    tag: 'Keys',
    summary: method === 'get' ? 'Read a key' : 'Read the headers of a key',
    description:
      'With `?raw` or `Accept: application/octet-stream` the body is the value; otherwise a ' +
      'value that is not UTF-8 comes as base64 with `"encoding":"base64"`.',
    parameters: [
      key,
      RAW,
      CONSISTENCY,
      REVISION,
      AFTER,
      WAIT,
      IF_MATCH,
      IF_NONE_MATCH,
      ...COMMON_PARAMETERS,
    ],
    answers: method === 'get' ? GET_ANSWERS : { 200: bare, 304: bare },
    errors: [...KEY_ERRORS, ...READ_ERRORS, ...WAIT_ERRORS, 'key-not-found', 'precondition-failed'],
  };
}

const DELETE_PARAMETERS = [IDEMPOTENCY_KEY, ...COMMON_PARAMETERS] as const;

const DELETE_KEY: Endpoint = {
  method: 'delete',
  path: BY_PATH.path,
  id: 'deleteKey',
  tag: 'Keys',
  summary: 'Delete a key',
  description: 'Deleting a key that is not there is no error: `deleted` is 0.',
  parameters: [KEY_IN_PATH, PREV, IF_MATCH, ...DELETE_PARAMETERS],
  answers: {
    200: {
      description: 'What went.',
      content: [
        {
          contentType: 'application/json',
          schema: DeleteAnswer,
          example: { deleted: 1, revision: 43, prev: pair },
        },
      ],
    },
  },
  errors: [...KEY_ERRORS, ...WRITE_ERRORS, 'precondition-failed'],
};

const OPTIONAL_KEY: Parameter = {
  ...KEY_IN_QUERY,
  required: false,
  description: `One key, as in \`/kv/{key}\`, instead of a range. ${KEY_IN_QUERY.description}`,
};

const GET_RANGE: Endpoint = {
  method: 'get',
  path: '/kv',
  id: 'getRange',
  tag: 'Keys',
  summary: 'Read a range of keys, or one key',
  description:
    'One of `key`, `prefix`, `start` and `end` is required. A page ends at `limit` pairs or ' +
    '4 MiB; `next` is the cursor of the one after it. With `Accept: application/x-ndjson` all of ' +
    'the range comes as a stream, one pair a line, in the order of the keys and as of one ' +
    'revision; `limit` is then of the whole. What breaks off before its end is not complete; a ' +
    'reader that takes nothing for 2 minutes is left. With `key` this is `GET /kv/{key}`.',
  parameters: [
    OPTIONAL_KEY,
    ...RANGE_PARAMETERS,
    ...PAGE_PARAMETERS,
    RAW,
    CONSISTENCY,
    REVISION,
    AFTER,
    WAIT,
    IF_MATCH,
    IF_NONE_MATCH,
    ...COMMON_PARAMETERS,
  ],
  answers: {
    200: {
      description:
        'A page of the range, or all of it, as of one revision. With `key`: the pair, or its ' +
        'value alone.',
      headers: ['ETag'],
      content: [
        {
          contentType: 'application/json',
          schema: Type.Union([RangeAnswer, Pair]),
          example: { revision: 42, count: 1, kvs: [pair], next: null },
        },
        {
          contentType: 'application/x-ndjson',
          schema: Type.String({ description: 'A Pair, or a KeyOnly, on each line.' }),
          example: `${JSON.stringify(pair)}\n`,
        },
        ...BYTES_ANSWER,
      ],
    },
    304: GET_ANSWERS[304],
  },
  errors: [...KEY_ERRORS, ...READ_ERRORS, ...WAIT_ERRORS, 'key-not-found', 'precondition-failed'],
};

const DELETE_RANGE: Endpoint = {
  method: 'delete',
  path: '/kv',
  id: 'deleteRange',
  tag: 'Keys',
  summary: 'Delete a range of keys, or one key',
  description:
    'One of `key`, `prefix`, `start` and `end` is required. All of it goes in one revision. With ' +
    '`key` this is `DELETE /kv/{key}`.',
  parameters: [OPTIONAL_KEY, ...RANGE_PARAMETERS, PREV, IF_MATCH, ...DELETE_PARAMETERS],
  answers: {
    200: {
      description: 'How many keys went.',
      content: [
        {
          contentType: 'application/json',
          schema: DeleteAnswer,
          example: { deleted: 7, revision: 43 },
        },
      ],
    },
  },
  errors: [...KEY_ERRORS, ...WRITE_ERRORS, 'precondition-failed'],
};

/** Reading and writing keys. */
export const KV_ENDPOINTS = {
  putKey: putEndpoint(BY_PATH),
  getKey: getEndpoint('get', BY_PATH),
  headKey: getEndpoint('head', BY_PATH),
  deleteKey: DELETE_KEY,
  putKeyByQuery: putEndpoint(BY_QUERY),
  headKeyByQuery: getEndpoint('head', BY_QUERY),
  getRange: GET_RANGE,
  deleteRange: DELETE_RANGE,
} as const satisfies Record<string, Endpoint>;
