import type { MemberId } from '../lib/ids.ts';
import type { ConfigurationChange } from './configuration.ts';
import type { LogIndex, Term } from './entry.ts';

/** A machine-readable "why": a stable code and the numbers that decided. */
export interface Reason {
  readonly code: string;
  readonly [detail: string]: string | number | boolean | null;
}

/** What the node is doing in its term. A learner is a follower outside every quorum. */
export type RoleName = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

/** One decision of the core, with its reason: the same for log, `/events`, simulator, dashboard. */
export type TraceEvent =
  | {
      readonly type: 'role';
      readonly term: Term;
      readonly from: RoleName;
      readonly to: RoleName;
      readonly leader: MemberId | null;
      readonly reason: Reason;
    }
  | {
      readonly type: 'vote';
      readonly term: Term;
      readonly preVote: boolean;
      readonly candidate: MemberId;
      readonly granted: boolean;
      readonly reason: Reason;
    }
  | {
      readonly type: 'append';
      readonly term: Term;
      readonly firstIndex: LogIndex;
      readonly lastIndex: LogIndex;
      readonly reason: Reason;
    }
  | {
      readonly type: 'conflict';
      readonly term: Term;
      readonly peer: MemberId;
      readonly index: LogIndex;
      readonly reason: Reason;
    }
  | { readonly type: 'commit'; readonly term: Term; readonly from: LogIndex; readonly to: LogIndex }
  | {
      readonly type: 'configuration';
      readonly term: Term;
      readonly index: LogIndex;
      readonly change: ConfigurationChange | null;
      readonly reason: Reason;
    }
  | {
      readonly type: 'read';
      readonly term: Term;
      readonly context: number;
      readonly index: LogIndex | null;
      readonly reason: Reason;
    }
  | {
      readonly type: 'transfer';
      readonly term: Term;
      readonly to: MemberId;
      readonly reason: Reason;
    }
  | {
      readonly type: 'snapshot';
      readonly term: Term;
      readonly index: LogIndex;
      readonly peer: MemberId | null;
      readonly reason: Reason;
    }
  | { readonly type: 'recovery'; readonly term: Term; readonly reason: Reason };
