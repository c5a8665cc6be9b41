import { assert } from '../lib/assert.ts';
import type { LogIndex } from './entry.ts';

/**
 * PROGRESS: what a leader knows of one other member's log.
 *
 *     probe ──ok──▶ replicate          one message at a time until the logs are known to agree
 *       ▲  ◀─reject/lost─┘   │
 *       └──sent─── snapshot ◀┘         entries it needs are compacted away: send the snapshot
 *
 * Invariants: matchIndex < nextIndex; matchIndex is durable at the member; at most `window` bulky
 * appends are unanswered.
 */
export class Progress {
  /** The member's durable log agrees with the leader's up to here. Only answers raise it. */
  matchIndex: LogIndex = 0;
  /** The next entry to send. */
  nextIndex: LogIndex;
  state: 'probe' | 'replicate' | 'snapshot' = 'probe';
  /** Unanswered appends: their number, and ticks since they were sent. */
  readonly inflight = new Map<number, { ticks: number }>();
  /** Ticks to wait before the next attempt, after one that could not be delivered. */
  backoffTicks = 0;
  /** Answered something since the last check-quorum. */
  recentlyActive = false;
  /** Ticks without a break in which it was near the leader's end and answered (promotion.ts). */
  healthyTicks = 0;
  /** Ticks since its last answer. */
  silentTicks = 0;
  /** Answered at least once in this term. */
  everActive = false;
  /** The commit index in the newest message to it, as far as that message verified its log. */
  sentCommit: LogIndex = 0;
  /** The newest read-index round it answered (read-index.ts). */
  ackedRound = 0;
  /** The index that a snapshot under way stands for. */
  pendingSnapshot: LogIndex = 0;
  /** The recovery of the member that the leader has taken note of (recovery.ts); 0 for none. */
  recovery = 0;
  /** Answers to requests numbered below are from before that recovery, and worthless. */
  minSeq = 0;
  /** The first of the probes at `nextIndex`; null before it. */
  #firstProbe: number | null = null;

  constructor(nextIndex: LogIndex) {
    this.nextIndex = nextIndex;
  }

  /** Begins to probe behind what is known to match; a probe under way is repeated as it was. */
  becomeProbe(): void {
    this.inflight.clear();
    if (this.state === 'probe') return;
    this.state = 'probe';
    this.#firstProbe = null;
    this.nextIndex = Math.max(this.matchIndex, this.pendingSnapshot) + 1;
    this.pendingSnapshot = 0;
  }

  becomeReplicate(): void {
    this.state = 'replicate';
    this.inflight.clear();
    this.pendingSnapshot = 0;
    this.nextIndex = this.matchIndex + 1;
  }

  becomeSnapshot(index: LogIndex): void {
    this.state = 'snapshot';
    this.inflight.clear();
    this.pendingSnapshot = index;
  }

  /** Whether another append with entries may leave. */
  mayAppend(window: number): boolean {
    if (this.state === 'snapshot' || this.backoffTicks > 0) return false;
    return this.inflight.size < (this.state === 'probe' ? 1 : window);
  }

  /** An append up to `lastIndex` left; replicating optimistically goes on behind it. */
  sent(seq: number, lastIndex: LogIndex): void {
    this.inflight.set(seq, { ticks: 0 });
    if (this.state === 'probe') this.#firstProbe ??= seq;
    if (this.state === 'replicate') this.nextIndex = Math.max(this.nextIndex, lastIndex + 1);
  }

  /**
   * Whether the answer to this request tells where to go on. Every probe at `nextIndex` does, also
   * one that was taken for lost: else a member slower than that would never be understood.
   */
  awaits(seq: number): boolean {
    if (this.inflight.has(seq)) return true;
    return this.state === 'probe' && this.#firstProbe !== null && seq >= this.#firstProbe;
  }

  /** The member confirmed its log up to `index`. Returns whether that was news. */
  advance(index: LogIndex): boolean {
    const news = index > this.matchIndex;
    this.matchIndex = Math.max(this.matchIndex, index);
    this.nextIndex = Math.max(this.nextIndex, this.matchIndex + 1);
    if (this.state === 'snapshot' && this.matchIndex >= this.pendingSnapshot) this.becomeProbe();
    if (this.state === 'probe' && index >= this.nextIndex - 1) this.becomeReplicate();
    assert(this.matchIndex < this.nextIndex, () => `match ${index} >= next ${this.nextIndex}`);
    return news;
  }

  /** The member's log ends or differs before `nextIndex`: try again behind `index`. */
  regress(index: LogIndex): void {
    this.becomeProbe();
    this.#firstProbe = null;
    this.nextIndex = Math.max(this.matchIndex, index) + 1;
  }

  /** The member answered. */
  heard(): void {
    this.recentlyActive = true;
    this.everActive = true;
    this.silentTicks = 0;
    this.backoffTicks = 0;
  }

  /** The member may have lost what it confirmed: nothing it said before counts. */
  forget(recovery: number, nextSeq: number): void {
    this.recovery = recovery;
    this.minSeq = nextSeq;
    this.matchIndex = 0;
    this.ackedRound = 0;
    this.pendingSnapshot = 0;
  }

  /** Counts time; returns whether an unanswered append must be taken for lost. */
  tick(lostAfterTicks: number): boolean {
    this.silentTicks += 1;
    if (this.backoffTicks > 0) this.backoffTicks -= 1;
    let lost = false;
    for (const sent of this.inflight.values()) {
      sent.ticks += 1;
      if (sent.ticks >= lostAfterTicks) lost = true;
    }
    return lost;
  }
}
