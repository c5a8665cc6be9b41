import { Type } from '@sinclair/typebox';
import { IdText } from './cluster.ts';
import type { Parameter } from './endpoint.ts';
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from './kv.ts';

const text = Type.String();
const flag = Type.Boolean();

/** Headers that every request may carry. */
export const COMMON_PARAMETERS: readonly Parameter[] = [
  {
    name: 'Abcd-Timeout',
    in: 'header',
    description: 'How long the request may take: `500ms`, `2s`; 5s by default, 60s at most.',
    schema: text,
    example: '2s',
  },
  {
    name: 'X-Request-Id',
    in: 'header',
    description: 'An id for logs, 1 to 64 of `A-Za-z0-9_-`. It comes back with the answer.',
    schema: text,
    example: 'order-4711',
  },
];

/** For every request that changes something. */
export const IDEMPOTENCY_KEY: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Names the request: sent again under the same name it has one effect and gets the first ' +
    'answer. `<client>.<n>`, or 1 to 64 of `A-Za-z0-9_-`.',
  schema: text,
  example: 'client7.42',
};

export const KEY_IN_PATH: Parameter = {
  name: 'key',
  in: 'path',
  description:
    'Everything after `/kv/`, percent-decoded once to bytes. Slashes belong to the key; dot ' +
    'segments do not survive most HTTP clients: use `/kv?key=` for them.',
  schema: text,
  example: 'config/color',
};

export const KEY_IN_QUERY: Parameter = {
  name: 'key',
  in: 'query',
  required: true,
  description: 'The key, percent-encoded. A space is `%20`, a plus sign `%2B`.',
  schema: text,
  example: 'config/color',
};

export const CONSISTENCY: Parameter = {
  name: 'consistency',
  in: 'query',
  description: "`serializable` reads this node's own state, which may be old.",
  schema: Type.Union([Type.Literal('linearizable'), Type.Literal('serializable')]),
  example: 'linearizable',
};

export const RAW: Parameter = {
  name: 'raw',
  in: 'query',
  description: "The answer's body is the value, as `application/octet-stream`.",
  schema: flag,
  example: false,
};

export const PREV: Parameter = {
  name: 'prev',
  in: 'query',
  description: 'Answer the pair that was there before, too.',
  schema: flag,
  example: true,
};

export const LEASE: Parameter = {
  name: 'lease',
  in: 'query',
  description: 'The lease to attach the key to: it goes when the lease ends.',
  schema: IdText,
  example: '1234',
};

export const TTL: Parameter = {
  name: 'ttl',
  in: 'query',
  description:
    'Attach the key to a new lease of its own that lives so long: `30s`, `1.5h`; from 1s, whole ' +
    'seconds, rounded up. Not together with `lease`.',
  schema: text,
  example: '30s',
};

export const REVISION: Parameter = {
  name: 'revision',
  in: 'query',
  description:
    'Read as of this revision: 0, or none, is the newest. 400 `future-revision` beyond the ' +
    'newest, 410 `compacted` for what is forgotten.',
  schema: Type.Integer({ minimum: 0 }),
  example: 42,
};

export const AFTER: Parameter = {
  name: 'after',
  in: 'query',
  description:
    'Answer when the key is written after this revision, or deleted (404); at once if it was.',
  schema: Type.Integer({ minimum: 0 }),
  example: 41,
};

export const WAIT: Parameter = {
  name: 'wait',
  in: 'query',
  description: 'With `after`: how long to wait before a 304, at most `5m`.',
  schema: Type.String({ default: '30s' }),
  example: '30s',
};

export const IF_MATCH: Parameter = {
  name: 'If-Match',
  in: 'header',
  description: "Only if this is the key's modRevision, in quotes.",
  schema: text,
  example: '"42"',
};

export const IF_NONE_MATCH_ANY: Parameter = {
  name: 'If-None-Match',
  in: 'header',
  description: '`*`: only if the key does not exist.',
  schema: text,
  example: '*',
};

export const IF_NONE_MATCH: Parameter = {
  name: 'If-None-Match',
  in: 'header',
  description: '304 if one of these is the modRevision.',
  schema: text,
  example: '"42"',
};

/** What names a range of keys. */
export const RANGE_PARAMETERS: readonly Parameter[] = [
  {
    name: 'prefix',
    in: 'query',
    description: 'All keys that begin with it. Not together with `start` and `end`.',
    schema: text,
    example: 'config/',
  },
  {
    name: 'start',
    in: 'query',
    description: 'The first key of the range.',
    schema: text,
    example: 'a',
  },
  {
    name: 'end',
    in: 'query',
    description: 'The first key after the range.',
    schema: text,
    example: 'b',
  },
];

export const PAGE_PARAMETERS: readonly Parameter[] = [
  {
    name: 'limit',
    in: 'query',
    description: 'Most pairs on the page.',
    schema: Type.Integer({ minimum: 1, maximum: PAGE_LIMIT_MAX, default: PAGE_LIMIT_DEFAULT }),
    example: 100,
  },
  {
    name: 'cursor',
    in: 'query',
    description:
      'The `next` of the page before, with the other parameters as they were, but for `limit` ' +
      'and `keysOnly`. The page is as of the revision of the first one.',
    schema: text,
    example: 'MjAxMjM0NTY3ODlhYmNkZWY0Mi43LmIvMg',
  },
  {
    name: 'order',
    in: 'query',
    description: 'Upwards or downwards.',
    schema: Type.Union([Type.Literal('asc'), Type.Literal('desc')]),
    example: 'asc',
  },
  {
    name: 'sort',
    in: 'query',
    description:
      'By what; those that are equal come in the order of their keys, downwards too with ' +
      '`order=desc`. By `key` is by its bytes, and cheap: each page in any other order looks at ' +
      'the whole range.',
    schema: Type.Union([
      Type.Literal('key'),
      Type.Literal('version'),
      Type.Literal('create'),
      Type.Literal('mod'),
      Type.Literal('value'),
    ]),
    example: 'key',
  },
  {
    name: 'keysOnly',
    in: 'query',
    description: 'Leave the values out.',
    schema: flag,
    example: false,
  },
  {
    name: 'countOnly',
    in: 'query',
    description: 'Count only, no pairs.',
    schema: flag,
    example: false,
  },
  filter('minModRevision', 'Only pairs last written at this revision or later.'),
  filter('maxModRevision', 'Only pairs last written at this revision or before; 0 is no bound.'),
  filter('minCreateRevision', 'Only pairs created at this revision or later.'),
  filter('maxCreateRevision', 'Only pairs created at this revision or before; 0 is no bound.'),
];

function filter(name: string, description: string): Parameter {
  return { name, in: 'query', description, schema: Type.Integer({ minimum: 0 }), example: 42 };
}

export const MEMBER_ID: Parameter = {
  name: 'id',
  in: 'path',
  description: 'The id of the member.',
  schema: IdText,
  example: '8391245717622341632',
};

export const VERBOSE: Parameter = {
  name: 'verbose',
  in: 'query',
  description: 'List all checks.',
  schema: flag,
  example: true,
};
