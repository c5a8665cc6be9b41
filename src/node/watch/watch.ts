import type { KvEvent } from '../../kv/event.ts';
import type { WatchedRange } from '../api.ts';

/** What somebody wants to be told. */
export interface WatchSpec {
  readonly range: WatchedRange;
  /** The first revision to tell of; one that is yet to come is waited for. Null: from now on. */
  readonly from: number | null;
  /** Only events of this kind; null for both. */
  readonly only: KvEvent['type'] | null;
  /** Whether events are to show the pair before. */
  readonly prev: boolean;
  /** How often to say how far the watch is complete, ms; null for never. */
  readonly progressMs: number | null;
}

/**
 * What one revision changed of what is watched: all its events of that, in order, at least one.
 * Watches of the same thing are given the same object, so that what is made of it is made once.
 */
export interface WatchChange {
  readonly revision: number;
  readonly events: readonly KvEvent[];
  /** Whether the pairs before are to be shown. */
  readonly prev: boolean;
}

/** Why a watch ended that nobody closed. */
export type WatchEnd =
  /** What comes next is forgotten; nothing below `compactRevision` can be told. */
  | { readonly reason: 'compacted'; readonly compactRevision: number }
  /** The node stops. Another watch from `revision` on misses nothing and repeats nothing. */
  | { readonly reason: 'shutdown'; readonly revision: number };

/** Who is told. Nothing here may throw, or wait. */
export interface WatchSink {
  /** Whether the past must wait, until `Watch.resume`. The present never waits. */
  readonly isFull: boolean;
  /** The next revision that has something to tell, always ascending. */
  change(change: WatchChange): void;
  /** Everything up to this revision has been told. False to be asked again at the next tick. */
  progress(revision: number): boolean;
  /** The last word. */
  canceled(end: WatchEnd): void;
}

/** A watch on one node. It goes on over changes of leader, and over snapshots. */
export interface Watch {
  /** The first revision that it tells of, if that has something to tell. */
  readonly from: number;
  /** Everything up to this revision has been told; `from` - 1 at first. */
  readonly told: number;
  /** Begins to tell; once. */
  start(sink: WatchSink): void;
  /** The sink has room again for the past. */
  resume(): void;
  /** Nothing is told any more. `slow`: because the reader was. */
  close(why?: 'slow'): void;
}
