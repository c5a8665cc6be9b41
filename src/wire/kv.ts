import { type Static, type TSchema, Type } from '@sinclair/typebox';

/** How many pairs a page has when the request does not say, and at most. */
export const PAGE_LIMIT_DEFAULT = 1000;
export const PAGE_LIMIT_MAX = 10_000;

const revision = (description: string): TSchema & { static: number } =>
  Type.Integer({ minimum: 0, description });

const keyFields = {
  key: Type.String({ description: 'The key, as text or base64.' }),
  keyEncoding: Type.Optional(Type.Literal('base64', { description: 'The key is not UTF-8.' })),
};

const lease = Type.Optional(
  Type.String({ description: 'The id of the lease that the key is attached to, if any.' }),
);

/** A key with its value and history numbers. */
export const Pair = Type.Object(
  {
    ...keyFields,
    value: Type.String({ description: 'The value, as text or base64.' }),
    encoding: Type.Optional(Type.Literal('base64', { description: 'The value is not UTF-8.' })),
    createRevision: revision('The revision that created the key.'),
    modRevision: revision('The revision that last wrote the key; also its ETag.'),
    version: revision('1 for the write that created the key, one more for each later write.'),
    lease,
  },
  { $id: 'Pair' },
);
export type Pair = Static<typeof Pair>;

/** A pair without its value. */
export const KeyOnly = Type.Object(
  {
    ...keyFields,
    createRevision: revision('The revision that created the key.'),
    modRevision: revision('The revision that last wrote the key.'),
    version: revision('How many times the key was written since it was created.'),
    lease,
  },
  { $id: 'KeyOnly' },
);
export type KeyOnly = Static<typeof KeyOnly>;

const PrevPair = Type.Optional(
  Type.Union([Pair, Type.Null()], {
    description: 'With `?prev`: the pair before the write, null when there was none.',
  }),
);

export const PutAnswer = Type.Object(
  {
    ...keyFields,
    revision: revision('The revision of this write.'),
    created: Type.Boolean({ description: 'Whether the key was absent before.' }),
    lease: Type.Optional(
      Type.String({ description: 'The lease that the key is attached to from now on, if any.' }),
    ),
    prev: PrevPair,
  },
  { $id: 'PutAnswer' },
);
export type PutAnswer = Static<typeof PutAnswer>;

export const DeleteAnswer = Type.Object(
  {
    deleted: Type.Integer({ minimum: 0, description: 'How many keys went.' }),
    revision: revision('The revision of the store after it.'),
    prev: PrevPair,
  },
  { $id: 'DeleteAnswer' },
);
export type DeleteAnswer = Static<typeof DeleteAnswer>;

export const RangeAnswer = Type.Object(
  {
    revision: revision('The revision that the whole page, and every later one, shows.'),
    count: Type.Integer({
      minimum: 0,
      description: 'How many keys the range has in all, before limit and filters.',
    }),
    kvs: Type.Array(Type.Union([Pair, KeyOnly])),
    next: Type.Union([Type.String(), Type.Null()], {
      description: 'The cursor of the next page; null after the last one.',
    }),
  },
  { $id: 'RangeAnswer' },
);
export type RangeAnswer = Static<typeof RangeAnswer>;
