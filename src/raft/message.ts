import type { MemberId } from '../lib/ids.ts';
import type { Configuration } from './configuration.ts';
import type { Entry, LogIndex, Term } from './entry.ts';

/**
 * Every message names its sender, its addressee, the sender's term, and a number that is unique for
 * the sender's lifetime on requests and is repeated by the answer.
 */
interface Envelope {
  readonly from: MemberId;
  readonly to: MemberId;
  /** The sender's durable term; in a pre-vote request, the term it would campaign in. */
  readonly term: Term;
  readonly seq: number;
}

/** What a node says of the end of its log, and whether it may have lost part of it. */
export interface LogEnd {
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
}

/** "Would you vote for me?" (thesis §9.6). Changes nothing at the receiver. */
export interface PreVoteRequest extends Envelope, LogEnd {
  readonly type: 'pre-vote';
  /** Set by a node that only collects the others' log ends, for its own may have lost entries. */
  readonly survey: boolean;
}
export interface PreVoteResponse extends Envelope, LogEnd {
  readonly type: 'pre-vote-response';
  readonly granted: boolean;
}

/** RequestVote (§5.2). */
export interface VoteRequest extends Envelope, LogEnd {
  readonly type: 'vote';
  /** The leader itself asked for this election (thesis §3.10): that it lives is no obstacle. */
  readonly transfer: boolean;
}
export interface VoteResponse extends Envelope, LogEnd {
  readonly type: 'vote-response';
  readonly granted: boolean;
}

/** AppendEntries (§5.3); with no entries, a heartbeat. */
export interface AppendRequest extends Envelope {
  readonly type: 'append';
  readonly prevIndex: LogIndex;
  readonly prevTerm: Term;
  readonly entries: readonly Entry[];
  /** The leader's commit index; the receiver trusts it as far as this message verified its log. */
  readonly commitIndex: LogIndex;
  /** The newest round of read-index confirmation (thesis §6.4); the answer repeats it. */
  readonly round: number;
  /** The recovery number of the addressee that the leader has taken note of; 0 for none. */
  readonly recovery: number;
}
export interface AppendResponse extends Envelope {
  readonly type: 'append-response';
  readonly ok: boolean;
  /** ok: the durable log matches the leader's up to here. Not ok: where the leader may try next. */
  readonly index: LogIndex;
  /** Not ok: the term of this node's entry at `index`: so whole terms can be skipped (§5.3). */
  readonly conflictTerm: Term;
  readonly round: number;
  /** Non-zero while this node may have lost entries it once acknowledged: names this recovery. */
  readonly recovery: number;
}

/**
 * "A snapshot has arrived whole and verified": stepped by the receiving node's own shell on behalf
 * of the leader that sent it; the answer is an append response.
 */
export interface SnapshotArrived extends Envelope {
  readonly type: 'snapshot';
  readonly snapshotIndex: LogIndex;
  readonly snapshotTerm: Term;
  /** The membership as of the snapshot's index. */
  readonly configuration: Configuration;
  readonly recovery: number;
}

/** "Campaign now" (thesis §3.10). */
export interface TimeoutNowRequest extends Envelope {
  readonly type: 'timeout-now';
}
export interface TimeoutNowResponse extends Envelope {
  readonly type: 'timeout-now-response';
}

/** A follower asks for an index that is safe to read at (thesis §6.4). */
export interface ReadIndexRequest extends Envelope {
  readonly type: 'read-index';
  /** Unique per attempt, never reused. */
  readonly context: number;
}
export interface ReadIndexResponse extends Envelope {
  readonly type: 'read-index-response';
  readonly context: number;
  /** Null when this node cannot confirm that it leads. */
  readonly index: LogIndex | null;
}

export type RequestMessage =
  | PreVoteRequest
  | VoteRequest
  | AppendRequest
  | SnapshotArrived
  | TimeoutNowRequest
  | ReadIndexRequest;

export type ResponseMessage =
  | PreVoteResponse
  | VoteResponse
  | AppendResponse
  | TimeoutNowResponse
  | ReadIndexResponse;

/** Everything the core can be told by a peer. Each request is answered by exactly one response. */
export type Message = RequestMessage | ResponseMessage;

/** Whether the message answers another. */
export function isResponse(message: Message): message is ResponseMessage {
  return message.type.endsWith('-response');
}
