import { type Static, Type } from '@sinclair/typebox';

export const IdText = Type.String({
  pattern: '^[1-9][0-9]{0,18}$',
  description: 'A 63-bit id in decimal. Text, because a JSON number would be rounded.',
});

export const MEMBER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const NullableId = Type.Union([IdText, Type.Null()]);
const Url = Type.String({ maxLength: 2048, description: 'http or https, host and port alone.' });

export const ClusterMember = Type.Object(
  {
    id: IdText,
    name: Type.String(),
    url: Type.String({ description: 'Where clients reach it.' }),
    role: Type.Union([Type.Literal('voter'), Type.Literal('learner')]),
    reachable: Type.Boolean({ description: 'Heard from within the last election timeout.' }),
  },
  { $id: 'ClusterMember' },
);
export type ClusterMember = Static<typeof ClusterMember>;

export const ClusterAnswer = Type.Object(
  {
    clusterId: IdText,
    leader: NullableId,
    term: Type.Integer({ minimum: 0 }),
    members: Type.Array(ClusterMember),
  },
  { $id: 'Cluster' },
);
export type ClusterAnswer = Static<typeof ClusterAnswer>;

/** A member as the configuration has it. */
export const MemberRecord = Type.Object(
  {
    id: IdText,
    name: Type.String(),
    peerUrls: Type.Array(Type.String()),
    clientUrls: Type.Array(Type.String()),
    learner: Type.Boolean(),
    autoPromote: Type.Boolean({ description: 'The leader promotes it once it has caught up.' }),
    active: Type.Boolean({ description: 'It has answered a leader once.' }),
  },
  { $id: 'Member' },
);
export type MemberRecord = Static<typeof MemberRecord>;

export const ConfigurationRecord = Type.Object(
  {
    members: Type.Array(MemberRecord),
    removed: Type.Array(IdText, { description: 'Ids that were members once.' }),
    clusterVersion: Type.Integer({ minimum: 1 }),
  },
  { $id: 'Configuration' },
);
export type ConfigurationRecord = Static<typeof ConfigurationRecord>;

export const AddMemberBody = Type.Object(
  {
    url: Url,
    name: Type.Optional(
      Type.String({
        pattern: MEMBER_NAME.source,
        description: 'The leader makes one up when there is none.',
      }),
    ),
    id: Type.Optional(
      Type.String({
        pattern: '^[1-9][0-9]{0,18}$',
        description: 'A joining node names itself, so that asking twice adds one member.',
      }),
    ),
  },
  { $id: 'AddMember', additionalProperties: false },
);

export const AddMemberAnswer = Type.Object(
  { clusterId: IdText, member: MemberRecord, configuration: ConfigurationRecord },
  { $id: 'AddedMember' },
);
export type AddMemberAnswer = Static<typeof AddMemberAnswer>;

export const UpdateMemberBody = Type.Object(
  { url: Url },
  { $id: 'UpdateMember', additionalProperties: false },
);

export const TransferBody = Type.Object(
  {
    to: Type.Optional(
      Type.Union([Type.String({ pattern: '^[1-9][0-9]{0,18}$' }), Type.Null()], {
        description: 'The voter that shall lead; the most up-to-date one when it is left out.',
      }),
    ),
  },
  { $id: 'TransferLeadership', additionalProperties: false },
);

export const TransferAnswer = Type.Object({ leader: IdText }, { $id: 'Leader' });
export type TransferAnswer = Static<typeof TransferAnswer>;

const index = Type.Integer({ minimum: 0 });

export const ConsensusStateAnswer = Type.Object(
  {
    id: IdText,
    role: Type.String(),
    term: index,
    vote: NullableId,
    leader: NullableId,
    commitIndex: index,
    appliedIndex: index,
    durableIndex: index,
    firstIndex: index,
    lastIndex: index,
    snapshot: Type.Union([Type.Object({ index, term: index }), Type.Null()]),
    configuration: ConfigurationRecord,
    log: Type.Array(
      Type.Object({ index, term: index, kind: Type.String(), size: Type.Integer() }),
      { description: 'The newest entries, oldest first; size in bytes of JSON.' },
    ),
    progress: Type.Array(
      Type.Object({
        id: IdText,
        state: Type.Union([
          Type.Literal('probe'),
          Type.Literal('replicate'),
          Type.Literal('snapshot'),
        ]),
        matchIndex: index,
        nextIndex: index,
        inflight: Type.Integer(),
        recentlyActive: Type.Boolean(),
      }),
      { description: 'What a leader knows of each other member.' },
    ),
    timers: Type.Object(
      {
        tick: Type.Number(),
        heartbeat: Type.Number(),
        election: Type.Number(),
        electionElapsed: Type.Number(),
        electionTimeout: Type.Number(),
      },
      { description: 'In ms.' },
    ),
  },
  { $id: 'ConsensusState' },
);
export type ConsensusStateAnswer = Static<typeof ConsensusStateAnswer>;
