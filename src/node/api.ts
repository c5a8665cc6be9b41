import type { KvCommand, KvResult, LeaseId } from '../kv/command.ts';
import type { KvChange } from '../kv/event.ts';
import type { StateView } from '../kv/state-machine.ts';
import type { ByteString } from '../lib/bytes.ts';
import type { ClusterId, MemberId } from '../lib/ids.ts';
import type { Configuration, Member } from '../raft/configuration.ts';
import type { LogIndex, Term } from '../raft/entry.ts';
import type { TraceEvent } from '../raft/trace.ts';
import type { Correlation } from '../wire/correlation.ts';
import type { Problem } from '../wire/problem.ts';
import type { Watch, WatchSpec } from './watch/watch.ts';

/** A command before the leader stamps it with its time and form. */
export type KvProposal = DistributiveOmit<KvCommand, 'v' | 'at' | 'by' | 'requestId'>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** What goes with every request. */
export interface RequestContext {
  /** By `Clock.now()`; the node answers before, with what it knows by then. */
  readonly deadline: number;
  /** The write's `Idempotency-Key`, for exactly-once; null when the client gave none. */
  readonly requestId: string | null;
  /** Fires when the client has gone away. */
  readonly signal: AbortSignal | null;
  /** By which the request is found in logs; goes with it to the leader. */
  readonly correlation?: Correlation | undefined;
}

/** The applied state, at the moment it is asked. Synchronous: read it whole, without an `await`. */
export type StoreView = StateView;

/** Keys with start <= key < end; null: no bound. One key alone ends at itself and a NUL byte. */
export interface WatchedRange {
  readonly start: ByteString;
  readonly end: ByteString | null;
}

/** Hears of changes right after they were applied here. It must not throw, wait, or write. */
export interface ChangeListener {
  /** One revision, whole, that touches the range: with all its events, those outside it too. */
  changed(change: KvChange): void;
  /** A snapshot took the store's place: changes up to its revision were not told. */
  jumped(): void;
}

export type NodeRole = 'leader' | 'follower' | 'candidate' | 'pre-candidate' | 'learner';

export interface NodeStatus {
  readonly id: MemberId;
  readonly name: string;
  readonly url: string;
  readonly role: NodeRole;
  readonly term: Term;
  readonly leader: MemberId | null;
  readonly commitIndex: LogIndex;
  readonly appliedIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly durableIndex: LogIndex;
  readonly snapshotIndex: LogIndex;
  readonly revision: number;
  /** Seconds. */
  readonly uptime: number;
  readonly recovering: boolean;
}

export interface MemberStatus extends Member {
  /** Heard from within the last election timeout, as this node (or the leader) knows. */
  readonly reachable: boolean;
}

export interface ClusterStatus {
  readonly clusterId: ClusterId;
  readonly leader: MemberId | null;
  readonly term: Term;
  readonly members: readonly MemberStatus[];
}

export interface ConsensusState {
  readonly id: MemberId;
  readonly role: NodeRole;
  readonly term: Term;
  readonly vote: MemberId | null;
  readonly leader: MemberId | null;
  readonly commitIndex: LogIndex;
  readonly appliedIndex: LogIndex;
  readonly durableIndex: LogIndex;
  readonly firstIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly snapshot: { readonly index: LogIndex; readonly term: Term } | null;
  readonly configuration: Configuration;
  /** The newest entries, oldest first. `size` in bytes of JSON. */
  readonly log: readonly {
    readonly index: LogIndex;
    readonly term: Term;
    readonly kind: string;
    readonly size: number;
  }[];
  /** On a leader: what it knows of each other member. */
  readonly progress: readonly {
    readonly id: MemberId;
    readonly state: 'probe' | 'replicate' | 'snapshot';
    readonly matchIndex: LogIndex;
    readonly nextIndex: LogIndex;
    readonly inflight: number;
    readonly recentlyActive: boolean;
  }[];
  /** In ms. `electionElapsed` counts from the last word of a leader. */
  readonly timers: {
    readonly tick: number;
    readonly heartbeat: number;
    readonly election: number;
    readonly electionElapsed: number;
    readonly electionTimeout: number;
  };
}

/**
 * One line of `/events`: a decision of the core, or something that happened to the store or node.
 */
export interface NodeEvent {
  /** Counts from 1 for the life of the process. */
  readonly id: number;
  /** Wall clock, ms. */
  readonly at: number;
  readonly family: 'raft' | 'kv' | 'node';
  /** `message` events are one per peer message and only produced while somebody listens. */
  readonly level: 'state' | 'message';
  readonly event: TraceEvent | { readonly type: string; readonly [field: string]: unknown };
}

/** Stops what was begun. */
export type Unsubscribe = () => void;

/**
 * What the REST interface may ask of a node. Every method that can fail in an expected way throws
 * ApiError (wire/errors.ts); followers forward by themselves what only the leader can do.
 */
export interface NodeApi {
  readonly clusterId: ClusterId;
  readonly memberId: MemberId;
  readonly store: StoreView;
  /** Monotonic ms, for deadlines. */
  now(): number;
  term(): Term;

  /** Resolves when the command has been applied on this node or the leader. */
  propose(proposal: KvProposal, context: RequestContext): Promise<KvResult>;
  /** Resolves when `store` is at least as new as everything acknowledged before the call. */
  readBarrier(context: RequestContext): Promise<void>;

  /** Tells of every change of keys in the range from now on. */
  onChange(range: WatchedRange, listener: ChangeListener): Unsubscribe;
  /**
   * Opens a watch once this node knows all that was acknowledged before the call, so that every
   * node tells the same. It must be started or closed. Throws `compacted` when where it is to begin
   * is forgotten.
   */
  watch(spec: WatchSpec, context: RequestContext): Promise<Watch>;

  /** A new lease's id: drawn, or, for a request with a name, always the same for that name. */
  drawLeaseId(requestId: string | null): LeaseId;
  /**
   * Renews a lease; resolves, once a quorum has confirmed the leader that did it, with the time to
   * live in seconds, or with null when there is no such lease.
   */
  keepAlive(id: LeaseId, context: RequestContext): Promise<number | null>;
  /** Ms that are left of a lease at least, by its leader; null when there is no such lease. */
  remainingOf(id: LeaseId, context: RequestContext): Promise<number | null>;

  status(): NodeStatus;
  cluster(context: RequestContext): Promise<ClusterStatus>;
  consensusState(): ConsensusState;
  /** Whether the node can serve: reasons by check name; empty means ready. */
  readiness(): Readonly<Record<string, string | null>>;
  /** What an operator should know of a node that serves all the same, by name. */
  remarks(): Readonly<Record<string, string>>;

  /** Adds a learner that is promoted by itself. Idempotent by id. Answers the new configuration. */
  addMember(member: MemberInput, context: RequestContext): Promise<AddedMember>;
  /** Removes a member for ever; 409 `would-lose-quorum` when too few others answer. */
  removeMember(id: MemberId, context: RequestContext): Promise<Configuration>;
  /** Says where a member is now; 409 `conflict` when the URL is another member's. */
  updateMember(id: MemberId, url: string, context: RequestContext): Promise<Configuration>;
  /** Makes a learner a voter; 409 `not-caught-up` when it lags behind. */
  promoteMember(id: MemberId, context: RequestContext): Promise<Configuration>;
  /** Resolves with the new leader; null picks the most up-to-date voter. */
  transferLeadership(to: MemberId | null, context: RequestContext): Promise<MemberId>;
  /** Begins an election; 409 `conflict` when this node leads, or may not campaign. */
  campaign(): void;
  /** Gives up leading or campaigning; 409 `conflict` when this node is a follower already. */
  stepDown(): void;

  /** The snapshot file format of the whole store as of now, in pieces. */
  backup(context: RequestContext): Promise<ReadableStream<Uint8Array>>;
  /**
   * Tells of events of the level from now on (`message`: of all). `since` first tells again what is
   * remembered of those after that id; null for none.
   */
  subscribe(
    level: 'state' | 'message',
    since: number | null,
    listener: (event: NodeEvent) => void,
  ): Unsubscribe;
  /** Prometheus text. */
  metrics(): Promise<string>;
  /** Counts an answer that refused a request, if it did so for a limit. */
  refused(refusal: Problem): void;

  readonly faults: FaultControl | null;
}

export interface MemberInput {
  /** Null: the leader draws one. A joining node names itself. */
  readonly id: MemberId | null;
  readonly name: string | null;
  readonly url: string;
}

export interface AddedMember {
  readonly member: Member;
  readonly configuration: Configuration;
}

/** One injected fault of the network between this node and a peer. */
export interface Fault {
  readonly peer: MemberId;
  /** `out`: from this node to the peer. `in`: from the peer to this node. */
  readonly direction: 'in' | 'out';
  readonly cut: boolean;
  /** 0 to 1. */
  readonly dropRate: number;
  readonly delayMs: number;
  /** It ends by itself after this many seconds. */
  readonly ttlSeconds: number;
}

export interface FaultControl {
  list(): readonly Fault[];
  set(faults: readonly Fault[]): void;
  clear(): void;
}
