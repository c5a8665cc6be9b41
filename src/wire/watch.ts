import { type Static, Type } from '@sinclair/typebox';
import { IdText } from './cluster.ts';
import { Pair } from './kv.ts';

const revision = (description: string) => Type.Integer({ minimum: 0, description });

const prev = Type.Optional(
  Type.Union([Pair, Type.Null()], {
    description: 'With `?prev`: the pair before, null when there was none or it is forgotten.',
  }),
);

export const PutEvent = Type.Object(
  {
    type: Type.Literal('put'),
    ...Pair.properties,
    lease: Type.Optional(IdText),
    prev,
  },
  { $id: 'PutEvent', description: 'A key was written. It was created if `version` is 1.' },
);

export const DeleteEvent = Type.Object(
  {
    type: Type.Literal('delete'),
    key: Pair.properties.key,
    keyEncoding: Pair.properties.keyEncoding,
    modRevision: revision('The revision that deleted the key.'),
    prev,
  },
  { $id: 'DeleteEvent', description: 'A key was deleted, or its lease ended.' },
);

/** One change of one key. */
export type WatchEvent = Static<typeof PutEvent> | Static<typeof DeleteEvent>;

/** What a revision changed. */
const change = {
  revision: revision('The revision.'),
  events: Type.Array(Type.Union([PutEvent, DeleteEvent]), {
    description: 'All that it changed of what is watched, in order.',
  }),
};

const reached = {
  revision: revision('Everything of this watch up to this revision has been sent.'),
};

const CancelReason = Type.Union([
  Type.Literal('slow'),
  Type.Literal('compacted'),
  Type.Literal('shutdown'),
]);

const canceled = {
  reason: CancelReason,
  revision: Type.Optional(
    revision('With `slow` and `shutdown`: a watch from here on misses and repeats nothing.'),
  ),
  compactRevision: Type.Optional(
    revision('With `compacted`: the oldest revision that a watch can begin at.'),
  ),
};

/** A line of NDJSON, or a message of a WebSocket. */
export const WatchLine = Type.Union(
  [
    Type.Object({ event: Type.Literal('change'), ...change }),
    Type.Object({ event: Type.Literal('progress'), ...reached }),
    Type.Object({ event: Type.Literal('canceled'), ...canceled }),
  ],
  { $id: 'WatchLine' },
);
export type WatchLine = Static<typeof WatchLine>;
