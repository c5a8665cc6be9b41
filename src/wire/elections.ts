import { type Static, Type } from '@sinclair/typebox';
import { IdText } from './cluster.ts';
import { HeldAnswer, nameFields, QueuedClient, queueFields, queueStateFields } from './locks.ts';
import { TxnBytes } from './txn.ts';

export const CampaignBody = Type.Object(
  { value: TxnBytes, ...queueFields },
  { $id: 'Campaign', additionalProperties: false },
);
export type CampaignBody = Static<typeof CampaignBody>;

export const ProclaimBody = Type.Object(
  { lease: IdText, value: TxnBytes },
  { $id: 'Proclaim', additionalProperties: false },
);
export type ProclaimBody = Static<typeof ProclaimBody>;

export const ResignBody = Type.Object(
  { lease: IdText },
  { $id: 'Resign', additionalProperties: false },
);
export type ResignBody = Static<typeof ResignBody>;

export const ProclaimAnswer = Type.Object(
  {
    ...HeldAnswer.properties,
    revision: Type.Integer({ minimum: 0, description: 'The revision of this word.' }),
  },
  { $id: 'Proclaimed' },
);
export type ProclaimAnswer = Static<typeof ProclaimAnswer>;

/** Whoever leads, with what it says. */
export const ElectionLeader = Type.Object(
  {
    key: Type.String({ description: 'The key of the leader, as text or base64.' }),
    keyEncoding: Type.Optional(Type.Literal('base64', { description: 'The key is not UTF-8.' })),
    value: Type.String({ description: 'What it says, as text or base64.' }),
    encoding: Type.Optional(Type.Literal('base64', { description: 'The value is not UTF-8.' })),
    lease: IdText,
    fencingToken: Type.Integer({
      minimum: 1,
      description: 'The revision that created the key. It grows from leader to leader.',
    }),
    modRevision: Type.Integer({ minimum: 1, description: 'The revision of what it says.' }),
  },
  { $id: 'ElectionLeader' },
);
export type ElectionLeader = Static<typeof ElectionLeader>;

const leader = Type.Union([ElectionLeader, Type.Null()], { description: 'Null: nobody leads.' });

export const ElectionAnswer = Type.Object(
  {
    ...nameFields,
    leader,
    queue: Type.Array(QueuedClient, { description: 'Who waits, in the order of their turns.' }),
    ...queueStateFields,
  },
  { $id: 'Election' },
);
export type ElectionAnswer = Static<typeof ElectionAnswer>;

/** Who leads as of a revision. */
export interface LeaderNews {
  readonly revision: number;
  readonly leader: ElectionLeader | null;
}

/** A line of the stream: `leader`, or `canceled` as the last one. */
export const ObserveLine = Type.Object(
  {
    event: Type.Union([Type.Literal('leader'), Type.Literal('canceled')]),
    revision: Type.Optional(Type.Integer({ minimum: 0 })),
    leader: Type.Optional(leader),
    reason: Type.Optional(Type.Union([Type.Literal('slow'), Type.Literal('shutdown')])),
  },
  { $id: 'ObserveLine' },
);
export type ObserveLine = Static<typeof ObserveLine>;
