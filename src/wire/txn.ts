import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { KeyOnly, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, Pair, PutAnswer } from './kv.ts';

const strict = { additionalProperties: false } as const;
const count = Type.Integer({ minimum: 0 });
const flag = Type.Optional(Type.Boolean({ default: false }));

/** Bytes in a body: a text, which stands for its UTF-8, or base64. */
export const TxnBytes = Type.Union(
  [Type.String(), Type.Object({ base64: Type.String() }, strict)],
  { $id: 'TxnBytes', description: 'A text, which stands for its UTF-8, or any bytes as base64.' },
);

const LeaseText = Type.String({ pattern: '^[1-9][0-9]{0,18}$', description: 'In decimal.' });
const LeaseOrNone = Type.String({
  pattern: '^(0|[1-9][0-9]{0,18})$',
  description: 'In decimal; 0 for none.',
});

const range = {
  key: TxnBytes,
  end: Type.Optional(TxnBytes),
};

export const TxnCompare = Type.Object(
  {
    ...range,
    target: Type.Union(
      ['value', 'version', 'create', 'mod', 'lease'].map((target) => Type.Literal(target)),
      { description: 'What of the key is compared; of a key that is not there every number is 0.' },
    ),
    op: Type.Union(['=', '!=', '<', '>'].map((op) => Type.Literal(op))),
    value: Type.Union([TxnBytes, count, LeaseOrNone], {
      description: 'Bytes for `value`, a lease (or "0" for none) for `lease`, else a number.',
    }),
  },
  {
    ...strict,
    $id: 'TxnCompare',
    description: 'With `end`, all keys from `key` up to it must satisfy it.',
  },
);

const Put = Type.Object(
  {
    key: TxnBytes,
    value: Type.Optional(TxnBytes),
    lease: Type.Optional(LeaseText),
    prev: flag,
    ignoreValue: Type.Optional(Type.Boolean({ description: 'Keep the value. No `value` then.' })),
    ignoreLease: Type.Optional(Type.Boolean({ description: 'Keep the lease. No `lease` then.' })),
  },
  strict,
);

const Get = Type.Object(
  {
    ...range,
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: PAGE_LIMIT_MAX, default: PAGE_LIMIT_DEFAULT }),
    ),
    revision: Type.Optional(count),
    sort: Type.Optional(
      Type.Union(
        ['key', 'version', 'create', 'mod', 'value'].map((target) => Type.Literal(target)),
      ),
    ),
    order: Type.Optional(Type.Union([Type.Literal('asc'), Type.Literal('desc')])),
    keysOnly: flag,
    countOnly: flag,
    minModRevision: Type.Optional(count),
    maxModRevision: Type.Optional(count),
    minCreateRevision: Type.Optional(count),
    maxCreateRevision: Type.Optional(count),
  },
  strict,
);

const Delete = Type.Object({ ...range, prev: flag }, strict);

/** Of itself: a transaction in a transaction. */
function txnBody(self: TSchema): TSchema {
  const op = Type.Union(
    [
      Type.Object({ put: Put }, strict),
      Type.Object({ get: Get }, strict),
      Type.Object({ delete: Delete }, strict),
      Type.Object({ txn: self }, strict),
    ],
    { description: 'Exactly one of `put`, `get`, `delete` and `txn`.' },
  );
  return Type.Object(
    {
      compare: Type.Optional(Type.Array(TxnCompare)),
      success: Type.Optional(Type.Array(op, { description: 'When all compares hold.' })),
      failure: Type.Optional(Type.Array(op, { description: 'When one does not.' })),
    },
    strict,
  );
}

export const TxnBody = Type.Recursive(txnBody, { $id: 'Txn' });

const TxnGetAnswer = Type.Object(
  {
    revision: Type.Integer({ minimum: 0, description: 'The one after the writes before it.' }),
    count: Type.Integer({ minimum: 0, description: 'How many keys the range has in all.' }),
    kvs: Type.Array(Type.Union([Pair, KeyOnly])),
    more: Type.Boolean({ description: 'Whether the limit left pairs out.' }),
  },
  { $id: 'TxnGetAnswer' },
);
export type TxnGetAnswer = Static<typeof TxnGetAnswer>;

const TxnDeleteAnswer = Type.Object(
  {
    deleted: Type.Integer({ minimum: 0, description: 'How many keys went.' }),
    revision: Type.Integer({ minimum: 0, description: 'The one after it.' }),
    prev: Type.Optional(Type.Array(Pair, { description: 'With `prev`: the pairs that went.' })),
  },
  { $id: 'TxnDeleteAnswer' },
);
type TxnDeleteAnswer = Static<typeof TxnDeleteAnswer>;

/** What one operation gave, under the operation's name. */
export type TxnOpAnswer =
  | { readonly put: PutAnswer }
  | { readonly get: TxnGetAnswer }
  | { readonly delete: TxnDeleteAnswer }
  | { readonly txn: TxnResults };

/** What a transaction gave, nested or not. */
export interface TxnResults {
  /** Whether the compares held. */
  readonly succeeded: boolean;
  /** One for each operation of the list that was carried out, in its order. */
  readonly results: readonly TxnOpAnswer[];
}

export interface TxnAnswer extends TxnResults {
  /** The store's, after the transaction. */
  readonly revision: number;
}

const succeeded = Type.Boolean({ description: 'Whether all compares held.' });

/** Of itself, as transactions are. */
export const TxnOpAnswer = Type.Recursive(
  (self) =>
    Type.Union([
      Type.Object({ put: PutAnswer }, strict),
      Type.Object({ get: TxnGetAnswer }, strict),
      Type.Object({ delete: TxnDeleteAnswer }, strict),
      Type.Object({ txn: Type.Object({ succeeded, results: Type.Array(self) }) }, strict),
    ]),
  { $id: 'TxnOpAnswer', description: 'What an operation gave, under its name.' },
);

export const TxnAnswer = Type.Object(
  {
    succeeded,
    revision: Type.Integer({ minimum: 0, description: 'Of the store, after the transaction.' }),
    results: Type.Array(TxnOpAnswer, {
      description: 'One for each operation of `success` or `failure`, in its order.',
    }),
  },
  { $id: 'TxnAnswer' },
);

/** Schemas that others refer to by name. */
export const TXN_SCHEMAS: readonly TSchema[] = [
  TxnAnswer,
  TxnBody,
  TxnBytes,
  TxnCompare,
  TxnDeleteAnswer,
  TxnGetAnswer,
  TxnOpAnswer,
];
