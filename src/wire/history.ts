import { type Static, Type } from '@sinclair/typebox';

/** How many versions a history shows when the request does not say, and at most. */
export const HISTORY_LIMIT_DEFAULT = 100;
export const HISTORY_LIMIT_MAX = 1000;

const count = Type.Integer({ minimum: 0 });

/** One version of a key, or its deletion. */
export const KeyVersion = Type.Object(
  {
    modRevision: Type.Integer({
      minimum: 0,
      description: 'The revision that wrote or deleted it.',
    }),
    version: Type.Integer({
      minimum: 0,
      description: '1 for the write that created the key, one more for each later one; 0: deleted.',
    }),
    value: Type.String({ description: 'The value, as text or base64; empty for a deletion.' }),
    encoding: Type.Optional(Type.Literal('base64', { description: 'The value is not UTF-8.' })),
    createRevision: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Not of a deletion: what created the key.' }),
    ),
    lease: Type.Optional(Type.String({ description: 'The lease that the key was attached to.' })),
    deleted: Type.Optional(Type.Literal(true, { description: 'The key was deleted here.' })),
  },
  { $id: 'KeyVersion' },
);
export type KeyVersion = Static<typeof KeyVersion>;

export const HistoryAnswer = Type.Object(
  {
    versions: Type.Array(KeyVersion, { description: 'Newest first.' }),
    compactRevision: Type.Integer({
      minimum: 0,
      description: 'What no read from this revision on can see is forgotten; 0 when nothing is.',
    }),
    more: Type.Boolean({
      description: 'Whether there are older versions, as of the revision before the last one here.',
    }),
  },
  { $id: 'History' },
);
export type HistoryAnswer = Static<typeof HistoryAnswer>;

export const CompactBody = Type.Object(
  {
    revision: Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'The oldest revision that can be read at from now on.',
    }),
  },
  { $id: 'CompactBody', additionalProperties: false },
);

export const CompactAnswer = Type.Object(
  { revision: count, compactRevision: count },
  { $id: 'Compact', description: 'The newest revision, and the oldest that is left.' },
);
export type CompactAnswer = Static<typeof CompactAnswer>;
