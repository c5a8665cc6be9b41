import { type Static, Type } from '@sinclair/typebox';
import { IdText } from './cluster.ts';

const index = Type.Integer({ minimum: 0 });

export const StatusAnswer = Type.Object(
  {
    id: IdText,
    name: Type.String(),
    url: Type.String(),
    role: Type.Union([
      Type.Literal('leader'),
      Type.Literal('follower'),
      Type.Literal('candidate'),
      Type.Literal('pre-candidate'),
      Type.Literal('learner'),
    ]),
    term: index,
    leader: Type.Union([IdText, Type.Null()]),
    commitIndex: index,
    appliedIndex: index,
    lastIndex: index,
    durableIndex: index,
    snapshotIndex: index,
    revision: index,
    uptime: Type.Number({ description: 'Seconds.' }),
    recovering: Type.Boolean({ description: 'The node waits for its log to be confirmed.' }),
    version: Type.String(),
  },
  { $id: 'Status' },
);
export type StatusAnswer = Static<typeof StatusAnswer>;

export const SteerAnswer = Type.Object(
  { role: Type.String(), term: index },
  { $id: 'Steer', description: 'The role and term right after the call.' },
);
export type SteerAnswer = Static<typeof SteerAnswer>;

export const HashAnswer = Type.Object(
  {
    revision: Type.Integer({ minimum: 0, description: 'The revision that was hashed.' }),
    appliedIndex: index,
    hash: Type.String({ description: 'Sixteen hexadecimal digits.' }),
  },
  { $id: 'Hash' },
);
export type HashAnswer = Static<typeof HashAnswer>;

export const VersionAnswer = Type.Object(
  { version: Type.String(), bun: Type.String() },
  { $id: 'Version' },
);
export type VersionAnswer = Static<typeof VersionAnswer>;

export const HealthCheck = Type.Object(
  {
    name: Type.String(),
    ok: Type.Boolean(),
    reason: Type.Optional(
      Type.String({
        description: 'Why it does not hold; or, where it does, what to know all the same.',
      }),
    ),
  },
  { $id: 'HealthCheck' },
);
export type HealthCheck = Static<typeof HealthCheck>;

export const HealthAnswer = Type.Object(
  {
    status: Type.Literal('ok'),
    checks: Type.Optional(Type.Array(HealthCheck, { description: 'With `?verbose`.' })),
  },
  { $id: 'Health' },
);
export type HealthAnswer = Static<typeof HealthAnswer>;

export const FaultRecord = Type.Object(
  {
    peer: IdText,
    direction: Type.Union([Type.Literal('in'), Type.Literal('out')], {
      description: '"out": from this node to the peer; "in": from the peer to this node.',
    }),
    cut: Type.Boolean({ description: 'Nothing gets through.' }),
    dropRate: Type.Number({ minimum: 0, maximum: 1 }),
    delayMs: Type.Number({ minimum: 0, maximum: 60_000 }),
    ttlSeconds: Type.Number({
      exclusiveMinimum: 0,
      maximum: 86_400,
      description: 'It ends by itself after this long.',
    }),
  },
  { $id: 'Fault', additionalProperties: false },
);

export const FaultsBody = Type.Object(
  { faults: Type.Array(FaultRecord, { maxItems: 1000 }) },
  { $id: 'Faults', additionalProperties: false },
);
export type FaultsBody = Static<typeof FaultsBody>;
