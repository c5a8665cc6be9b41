import { Type } from '@sinclair/typebox';
import type { Endpoint, Parameter } from './endpoint.ts';
import { COMMON_PARAMETERS, KEY_IN_QUERY, PREV, RANGE_PARAMETERS } from './parameters.ts';
import { WatchLine } from './watch.ts';

const PARAMETERS: readonly Parameter[] = [
  { ...KEY_IN_QUERY, required: false, description: `One key. ${KEY_IN_QUERY.description}` },
  ...RANGE_PARAMETERS,
  {
    name: 'revision',
    in: 'query',
    description:
      'The first revision to tell of. One that does not exist yet is waited for. Without it, or ' +
      'with 0, the watch begins with the next one.',
    schema: Type.Integer({ minimum: 0 }),
    example: 42,
  },
  {
    name: 'Last-Event-ID',
    in: 'header',
    description: 'Begin after this revision. It wins over `revision`.',
    schema: Type.String(),
    example: '41',
  },
  { ...PREV, description: 'Show the pair that was there before, too.' },
  {
    name: 'filter',
    in: 'query',
    description: 'Tell of puts only, or of deletes only.',
    schema: Type.Union([Type.Literal('put'), Type.Literal('delete')]),
    example: 'put',
  },
  {
    name: 'progress',
    in: 'query',
    description:
      'Say this often how far the watch is complete: `1s` to `1h`. Not while this node knows no ' +
      'leader.',
    schema: Type.String(),
    example: '5s',
  },
  ...COMMON_PARAMETERS,
];

const change = {
  revision: 42,
  events: [{ type: 'put', key: 'a', value: '1', createRevision: 42, modRevision: 42, version: 1 }],
};

/** Changes as they happen. */
export const WATCH_ENDPOINTS = {
  watch: {
    method: 'get',
    path: '/watch',
    id: 'watch',
    tag: 'Watch',
    summary: 'Changes of a key or of a range of keys, as they happen or from any revision on',
    description:
      'One of `key`, `prefix`, `start` and `end` is required. The answer has no end: server-sent ' +
      'events, with `Accept: application/x-ndjson` one JSON object a line, and after an upgrade ' +
      'to a WebSocket the same objects as text messages. Each `change` has all that one revision ' +
      'changed of what is watched; they come in order, each once, and none is left out. ' +
      '`canceled` is the last event, and says where to go on: a reader that is more than 1 MiB ' +
      'behind is `slow` (a single event may be larger), what a lagging watch was to tell next ' +
      'may be `compacted`, and a node that stops says `shutdown`. An idle stream of events has a ' +
      'comment now and then, one of lines a space. Close codes of the WebSocket: 4410 ' +
      '(compacted), 1013 (slow), 1001 (shutdown).',
    parameters: PARAMETERS,
    answers: {
      200: {
        description: 'The stream. `Abcd-Revision` is the newest revision when it began.',
        content: [
          {
            contentType: 'text/event-stream',
            schema: Type.String(),
            example: `id: 42\nevent: change\ndata: ${JSON.stringify(change)}\n\n`,
          },
          {
            contentType: 'application/x-ndjson',
            schema: WatchLine,
            example: { event: 'change', ...change },
          },
        ],
      },
    },
    errors: [
      'bad-request',
      'bad-key',
      'key-too-long',
      'bad-revision',
      'cross-origin',
      'request-timeout',
      'compacted',
      'uri-too-long',
      'wrong-host',
      'too-many-requests',
      'read-timeout',
      'no-leader',
      'shutting-down',
      'node-stopped',
      'internal',
    ],
  },
} as const satisfies Record<string, Endpoint>;
