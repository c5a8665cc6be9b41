import type { MemberId } from '../lib/ids.ts';
import type { LogIndex } from './entry.ts';
import type { Progress } from './progress.ts';
import type { ReadQueue } from './read-index.ts';

/** Accepts a leader's log, and gives votes. A learner is a follower that is in no quorum. */
export interface FollowerRole {
  readonly name: 'follower';
  /** The leader of this term, once heard from. */
  readonly leader: MemberId | null;
}

/** Asks whether an election could be won, without disturbing anyone (thesis §9.6). */
export interface PreCandidateRole {
  readonly name: 'pre-candidate';
  readonly votes: Map<MemberId, boolean>;
  /** Answers to requests numbered below belong to an earlier attempt. */
  readonly firstSeq: number;
}

/** Has voted for itself in a new term and asks the others (§5.2). */
export interface CandidateRole {
  readonly name: 'candidate';
  /** Holds this node's own vote only once that vote is durable. */
  readonly votes: Map<MemberId, boolean>;
  readonly transfer: boolean;
}

/** Orders all writes of its term (§5.3). */
export interface LeaderRole {
  readonly name: 'leader';
  /** Every other member of the newest configuration. */
  readonly progress: Map<MemberId, Progress>;
  /** The no-op this leader began its term with. Until it is committed, nothing may be read (§8). */
  readonly noopIndex: LogIndex;
  readonly reads: ReadQueue;
  /** Leadership is being handed over: no proposals meanwhile (thesis §3.10). */
  transfer: { readonly to: MemberId; ticks: number; asked: boolean } | null;
  heartbeatElapsed: number;
  /** Ticks since the last check that a quorum still answers. */
  quorumElapsed: number;
}

/** What a node is doing in its term; only the becomeX functions of transitions.ts build one. */
export type Role = FollowerRole | PreCandidateRole | CandidateRole | LeaderRole;
