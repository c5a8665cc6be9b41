/**
 * THE FORM OF PEER MESSAGES
 *
 * One compiled check for each thing that arrives on `/raft/*`. Objects are exact: an unknown field
 * is refused, because a new field comes with a new protocol version (raft-version.ts).
 */
import {
  FormatRegistry,
  type Static,
  type TProperties,
  type TSchema,
  Type,
} from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { isId, type MemberId } from '../lib/ids.ts';
import { parseOrigin } from '../lib/peer-url.ts';
import { MEMBER_NAME } from './cluster.ts';
import { REQUEST_ID, TRACE_PARENT } from './correlation.ts';

/** Terms and indexes end here: room for 2^20 increments before a number would lose precision. */
export const MAX_TERM = 2 ** 53 - 2 ** 20;

const MEMBER_ID_FORMAT = 'abcd-member-id';
FormatRegistry.Set(MEMBER_ID_FORMAT, isId);
const ORIGIN_FORMAT = 'abcd-origin';
FormatRegistry.Set(ORIGIN_FORMAT, (text) => parseOrigin(text) === text);

const exact = <T extends TProperties>(properties: T) =>
  Type.Object(properties, { additionalProperties: false });

const Id = Type.Unsafe<MemberId>(Type.String({ format: MEMBER_ID_FORMAT, maxLength: 19 }));
const Term = Type.Integer({ minimum: 0, maximum: MAX_TERM });
const Index = Term;
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Flag = Type.Boolean();
const Url = Type.String({ minLength: 1, maxLength: 2048 });
const Urls = Type.Array(Url, { maxItems: 16 });

const envelope = { from: Id, to: Id, term: Term, seq: Count };
const logEnd = { lastIndex: Index, lastTerm: Term };

const Member = exact({
  id: Id,
  name: Type.String({ maxLength: 1024 }),
  peerUrls: Urls,
  clientUrls: Urls,
  learner: Flag,
  autoPromote: Flag,
  active: Flag,
});

const Configuration = exact({
  members: Type.Array(Member, { maxItems: 1024 }),
  removed: Type.Array(Id, { maxItems: 2 ** 20 }),
  clusterVersion: Type.Integer({ minimum: 1, maximum: MAX_TERM }),
});

const ConfigurationChange = Type.Union([
  exact({ type: Type.Literal('found') }),
  exact({ type: Type.Literal('add-learner'), member: Member }),
  exact({ type: Type.Literal('activate'), ids: Type.Array(Id, { maxItems: 1024 }) }),
  exact({ type: Type.Literal('promote'), id: Id }),
  exact({ type: Type.Literal('remove'), id: Id }),
  exact({ type: Type.Literal('update'), id: Id, peerUrls: Urls, clientUrls: Urls }),
]);

/** What every command has; the rest of it belongs to the state machine. */
const Command = Type.Object({
  v: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  kind: Type.String({ minLength: 1, maxLength: 64 }),
  requestId: Type.Union([Type.String({ maxLength: 1024 }), Type.Null()]),
  at: Type.Number({ minimum: 0 }),
  by: Type.Union([Type.String({ maxLength: 1024 }), Type.Null()]),
});

/** Version 1 of the one command whose inside the core reads. */
const ConfigurationCommand = Type.Object({
  kind: Type.Literal('configuration'),
  change: ConfigurationChange,
  configuration: Configuration,
});

const PreVoteRequest = exact({
  type: Type.Literal('pre-vote'),
  ...envelope,
  ...logEnd,
  survey: Flag,
});
const VoteRequest = exact({
  type: Type.Literal('vote'),
  ...envelope,
  ...logEnd,
  transfer: Flag,
});
/** The first line of an append: the message, with the number of entries that follow. */
const AppendHead = exact({
  type: Type.Literal('append'),
  ...envelope,
  prevIndex: Index,
  prevTerm: Term,
  count: Count,
  commitIndex: Index,
  round: Count,
  recovery: Count,
});
const TimeoutNowRequest = exact({ type: Type.Literal('timeout-now'), ...envelope });
const ReadIndexRequest = exact({
  type: Type.Literal('read-index'),
  ...envelope,
  context: Count,
});

const PreVoteResponse = exact({
  type: Type.Literal('pre-vote-response'),
  ...envelope,
  ...logEnd,
  granted: Flag,
});
const VoteResponse = exact({
  type: Type.Literal('vote-response'),
  ...envelope,
  ...logEnd,
  granted: Flag,
});
const AppendResponse = exact({
  type: Type.Literal('append-response'),
  ...envelope,
  ok: Flag,
  index: Index,
  conflictTerm: Term,
  round: Count,
  recovery: Count,
});
const TimeoutNowResponse = exact({ type: Type.Literal('timeout-now-response'), ...envelope });
const ReadIndexResponse = exact({
  type: Type.Literal('read-index-response'),
  ...envelope,
  context: Count,
  index: Type.Union([Index, Type.Null()]),
});

/** The first line of a piece of a snapshot; `length` raw bytes follow. */
const SnapshotHead = exact({
  term: Term,
  recovery: Count,
  snapshot: exact({
    index: Index,
    term: Term,
    configuration: Configuration,
    bytes: Count,
    hash: Type.RegExp(/^[0-9a-f]{64}$/),
  }),
  offset: Count,
  length: Count,
  crc: Type.RegExp(/^[0-9a-f]{8}$/),
});
const SnapshotAnswer = exact({ term: Term, nextOffset: Count, done: Flag });

const Correlation = exact({
  requestId: Type.RegExp(REQUEST_ID),
  traceparent: Type.Union([Type.RegExp(TRACE_PARENT), Type.Null()]),
});
const Forward = exact({
  operation: Type.String({ minLength: 1, maxLength: 64 }),
  requestId: Type.String({ maxLength: 1024 }),
  body: Type.Unknown(),
  correlation: Type.Optional(Correlation),
  timeoutMs: Type.Number({ exclusiveMinimum: 0, maximum: 86_400_000 }),
});
const ForwardAnswer = exact({ ok: Flag, body: Type.Unknown() });

const Origin = Type.String({ format: ORIGIN_FORMAT, maxLength: 2048 });
const NullableId = Type.Union([Id, Type.Null()]);
const MemberName = Type.Union([Type.RegExp(MEMBER_NAME), Type.Null()]);
/** Not exact: another form of hash may say more, and is answered that this node has none of it. */
const HashPoint = { form: Count, index: Index };
const Fence = { ...HashPoint, hash: Type.String(), majorityHash: Type.String() };

/** A compiled check that narrows what passes it. */
export interface Check<T> {
  Check(value: unknown): value is T;
}

const compile = <T extends TSchema>(schema: T): Check<Static<T>> => TypeCompiler.Compile(schema);

/** Checks of requests by type; an append is checked by its first line. */
export const REQUEST_CHECKS = {
  'pre-vote': compile(PreVoteRequest),
  vote: compile(VoteRequest),
  append: compile(AppendHead),
  'timeout-now': compile(TimeoutNowRequest),
  'read-index': compile(ReadIndexRequest),
} as const;

/** Checks of responses by type. */
export const RESPONSE_CHECKS = {
  'pre-vote-response': compile(PreVoteResponse),
  'vote-response': compile(VoteResponse),
  'append-response': compile(AppendResponse),
  'timeout-now-response': compile(TimeoutNowResponse),
  'read-index-response': compile(ReadIndexResponse),
} as const;

export const COMMAND_CHECK = compile(Command);
export const CONFIGURATION_COMMAND_CHECK = compile(ConfigurationCommand);
export const SNAPSHOT_HEAD_CHECK = compile(SnapshotHead);
export const SNAPSHOT_ANSWER_CHECK = compile(SnapshotAnswer);
export const FORWARD_CHECK = compile(Forward);
export const FORWARD_ANSWER_CHECK = compile(ForwardAnswer);

/** Arguments of forwarded operations; commands are checked by the rules of the state machine. */
export const ARGUMENT_CHECKS = {
  id: compile(Id),
  nullableId: compile(NullableId),
  addMember: compile(exact({ id: NullableId, name: MemberName, url: Origin })),
  updateMember: compile(exact({ id: Id, url: Origin })),
  stateHash: compile(Type.Object(HashPoint)),
  fence: compile(Type.Object(Fence)),
} as const;
