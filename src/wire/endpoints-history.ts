import { Type } from '@sinclair/typebox';
import type { Endpoint, Parameter } from './endpoint.ts';
import { KEY_ERRORS, READ_ERRORS, WRITE_ERRORS } from './endpoints-kv.ts';
import {
  CompactAnswer,
  CompactBody,
  HISTORY_LIMIT_DEFAULT,
  HISTORY_LIMIT_MAX,
  HistoryAnswer,
} from './history.ts';
import {
  COMMON_PARAMETERS,
  CONSISTENCY,
  IDEMPOTENCY_KEY,
  KEY_IN_PATH,
  KEY_IN_QUERY,
  REVISION,
} from './parameters.ts';

const LIMIT: Parameter = {
  name: 'limit',
  in: 'query',
  description: 'Most versions to show.',
  schema: Type.Integer({ minimum: 1, maximum: HISTORY_LIMIT_MAX, default: HISTORY_LIMIT_DEFAULT }),
  example: 10,
};

const UP_TO: Parameter = {
  ...REVISION,
  description: 'Only what was there as of this revision. 0, or none, is the newest.',
};

const example = {
  versions: [
    { modRevision: 43, version: 0, value: '', deleted: true },
    { modRevision: 42, version: 2, value: 'blue', createRevision: 40 },
    { modRevision: 40, version: 1, value: 'red', createRevision: 40 },
  ],
  compactRevision: 0,
  more: false,
};

function historyEndpoint(path: string, suffix: string, key: Parameter): Endpoint {
  return {
    method: 'get',
    path,
    id: `getHistory${suffix}`,
    tag: 'Keys',
    summary: 'What a key has been',
    description:
      'The versions of a key that are not forgotten, newest first, its deletions among them. A ' +
      'key that never was, or of which nothing is left, has none: that is no error. At most ' +
      '`limit` of them, or 4 MiB; where there are `more`, the next are those as of the revision ' +
      'before the last one.',
    parameters: [key, LIMIT, UP_TO, CONSISTENCY, ...COMMON_PARAMETERS],
    answers: {
      200: {
        description: 'The versions.',
        content: [{ contentType: 'application/json', schema: HistoryAnswer, example }],
      },
    },
    errors: [...KEY_ERRORS, ...READ_ERRORS],
  };
}

const IN_PATH: Parameter = {
  ...KEY_IN_PATH,
  description: KEY_IN_PATH.description.replaceAll('/kv', '/history'),
};

/** What was, and its end. */
export const HISTORY_ENDPOINTS = {
  history: historyEndpoint('/history/{key}', '', IN_PATH),
  historyByQuery: historyEndpoint('/history', 'ByQuery', KEY_IN_QUERY),
  compact: {
    method: 'post',
    path: '/compact',
    id: 'compact',
    tag: 'Keys',
    summary: 'Forget history',
    description:
      'Forgets what no read at `revision` or later can see. 410 when that is forgotten already. ' +
      'The cluster does this by itself, too, unless it was told not to.',
    parameters: [IDEMPOTENCY_KEY, ...COMMON_PARAMETERS],
    body: {
      contentType: 'application/json',
      schema: CompactBody,
      example: { revision: 2 },
      required: true,
    },
    answers: {
      200: {
        description: 'It is forgotten.',
        content: [
          {
            contentType: 'application/json',
            schema: CompactAnswer,
            example: { revision: 42, compactRevision: 2 },
          },
        ],
      },
    },
    errors: [
      ...WRITE_ERRORS,
      'unsupported-media-type',
      'request-timeout',
      'future-revision',
      'compacted',
    ],
  },
} as const satisfies Record<string, Endpoint>;
