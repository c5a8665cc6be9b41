import type { MemberId } from '../lib/ids.ts';
import type { Configuration } from './configuration.ts';
import type { Entry, HardState, LogIndex, Term } from './entry.ts';
import type { Message } from './message.ts';
import type { TraceEvent } from './trace.ts';

/** What a snapshot stands for: the state after applying everything up to `index`. */
export interface SnapshotMeta {
  readonly index: LogIndex;
  readonly term: Term;
  readonly configuration: Configuration;
}

/** A follower lacks entries the leader no longer holds: send it the newest snapshot. */
export interface SnapshotOrder {
  readonly to: MemberId;
  readonly term: Term;
  /** The addressee's recovery number that the leader has noted; goes into SnapshotArrived. */
  readonly recovery: number;
}

/** The answer to `readIndex(context)`: null when leadership could not be confirmed. */
export interface ReadState {
  readonly context: number;
  readonly index: LogIndex | null;
}

/**
 * Everything the core wants of the world since it was last asked. The driver must:
 *
 * 1. send `messages` at once;
 * 2. make `snapshot`, `state`, `entries` and `recovered` durable, in this order, before the next
 *    Ready's;
 * 3. then send `messagesAfterPersist` and call `persisted()` with this Ready's `mark`;
 * 4. apply `committed` in order, at any time after the entries were handed over.
 *
 * Successive Readys may be merged into one durable batch; their order must be kept.
 */
export interface Ready {
  /** Install this received snapshot: it replaces the log and the state machine. */
  readonly snapshot: SnapshotMeta | null;
  /** Set when term or vote changed. */
  readonly state: HardState | null;
  /** This node's log has been settled after a damaged end: put it on record. */
  readonly recovered: boolean;
  /** New entries; the first may replace an older entry of its index and everything after it. */
  readonly entries: readonly Entry[];
  readonly messages: readonly Message[];
  readonly messagesAfterPersist: readonly Message[];
  readonly committed: readonly Entry[];
  readonly snapshotOrders: readonly SnapshotOrder[];
  readonly readStates: readonly ReadState[];
  readonly trace: readonly TraceEvent[];
  /** Names what becomes durable with this Ready; null when nothing waits for the disk. */
  readonly mark: PersistMark | null;
}

/** How far the log and the hard state are durable once a Ready has been persisted. */
export interface PersistMark {
  readonly sequence: number;
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
}
