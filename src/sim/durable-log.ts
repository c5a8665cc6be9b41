/**
 * WHAT A NODE'S STORAGE HAS PROMISED: the log and the hard state that it has reported as durable,
 * and the one change that is under way. After any crash the node must come back with exactly the
 * first, or with the second as well.
 */
import type { HardState, LogIndex, Term } from '../raft/entry.ts';
import type { LogEnd } from '../raft/message.ts';
import type { SnapshotMeta } from '../raft/ready.ts';
import type { Batch, Restored } from '../storage/storage.ts';

export type Change =
  | { readonly type: 'append'; readonly batch: Batch }
  | { readonly type: 'install'; readonly snapshot: SnapshotMeta }
  /** A log that was torn has been settled. */
  | { readonly type: 'settle' };

export class DurableLog {
  #hard: HardState = { term: 0, vote: null };
  /** By index; only those behind the base mean anything. */
  #terms: Term[] = [0];
  /** The log stands on an installed snapshot, or on nothing. */
  #base: LogIndex = 0;
  #snapshotIndex: LogIndex = 0;
  /** A start found it torn, or it was made so, and it has not been settled since. */
  #torn = false;
  #pending: Change | null = null;

  get hard(): HardState {
    return this.#hard;
  }

  get lastIndex(): LogIndex {
    return this.#terms.length - 1;
  }

  get end(): LogEnd {
    return { lastIndex: this.lastIndex, lastTerm: this.#terms[this.lastIndex] ?? 0 };
  }

  /** The newest snapshot that is durable. */
  get snapshotIndex(): LogIndex {
    return this.#snapshotIndex;
  }

  get hasPending(): boolean {
    return this.#pending !== null;
  }

  /** Whether the entry would survive a crash now, by itself or in a snapshot. */
  holds(index: LogIndex, term: Term): boolean {
    return index <= this.#base || this.#terms[index] === term;
  }

  /** What is durable now, without what is under way. */
  copy(): DurableLog {
    const copy = new DurableLog();
    copy.#hard = this.#hard;
    copy.#terms = [...this.#terms];
    copy.#base = this.#base;
    copy.#snapshotIndex = this.#snapshotIndex;
    copy.#torn = this.#torn;
    return copy;
  }

  begin(change: Change): void {
    this.#pending = change;
  }

  /** Whether a start may take the log for settled. */
  get maySettle(): boolean {
    return !this.#torn || this.#pending?.type === 'settle';
  }

  /** The node that has just been made must find out first whether it was there before. */
  createdTorn(): void {
    this.#torn = true;
  }

  /** What was begun is durable. */
  completed(): void {
    if (this.#pending === null) return;
    this.#apply(this.#pending);
    this.#pending = null;
  }

  snapshotSaved(index: LogIndex): void {
    this.#snapshotIndex = Math.max(this.#snapshotIndex, index);
  }

  /** Why this is not what must be there after a crash; null when it is. */
  objection(restored: Restored): string | null {
    const without = this.#difference(restored);
    if (without === null || this.#pending === null) return without;
    const withPending = this.#after(this.#pending).#difference(restored);
    if (withPending === null) return null;
    if (restored.tail === 'torn' && this.#pending.type === 'append') {
      // Of a torn batch the term and the vote may have been kept.
      const batch = { state: this.#pending.batch.state, entries: [] };
      const withState = this.#after({ type: 'append', batch }).#difference(restored);
      if (withState === null) return null;
    }
    return `${without}; with the change under way: ${withPending}`;
  }

  /** Whether something that was durable is missing there, whatever became of what was under way. */
  isAheadOf(restored: Restored): boolean {
    // What was under way may have cut entries off the end, and have reached the disk.
    const then = this.#pending === null ? this : this.#after(this.#pending);
    return this.#hasMoreThan(restored) && then.#hasMoreThan(restored);
  }

  #hasMoreThan({ state, snapshot, entries }: Restored): boolean {
    const last = (snapshot?.index ?? 0) + entries.length;
    const { term, vote } = this.#hard;
    const forgot = state.term === term && vote !== null && state.vote !== vote;
    return last < this.lastIndex || state.term < term || forgot;
  }

  /** From now on this counts, whatever it was before. */
  replaceBy(restored: Restored): void {
    const base = restored.snapshot?.index ?? 0;
    this.#terms.length = Math.min(this.#terms.length, base + 1);
    this.#terms[base] = restored.snapshot?.term ?? 0;
    for (const { index, term } of restored.entries) this.#terms[index] = term;
    this.#base = base;
    this.#snapshotIndex = base;
    this.#hard = restored.state;
    this.#torn = restored.tail === 'torn';
    this.#pending = null;
  }

  #apply(change: Change): void {
    if (change.type === 'settle') {
      this.#torn = false;
      return;
    }
    if (change.type === 'append') {
      this.#hard = change.batch.state ?? this.#hard;
      const [first] = change.batch.entries;
      if (first !== undefined) this.#terms.length = first.index;
      for (const { index, term } of change.batch.entries) this.#terms[index] = term;
      return;
    }
    const { index, term } = change.snapshot;
    if (this.#terms[index] !== term) this.#terms.length = index + 1;
    this.#terms[index] = term;
    this.#base = index;
    this.#snapshotIndex = index;
  }

  #difference({ state, snapshot, entries }: Restored): string | null {
    const base = snapshot?.index ?? 0;
    const last = base + entries.length;
    if (last !== this.lastIndex) return `log ends at ${last}, not at ${this.lastIndex}`;
    if (base < this.#snapshotIndex) return `snapshot ${base}, not ${this.#snapshotIndex}`;
    for (const { index, term } of entries) {
      const due = this.#terms[index];
      if (index > this.#base && term !== due) return `entry ${index} of term ${term}, not ${due}`;
    }
    const { term, vote } = this.#hard;
    // A snapshot of a later term may have been installed before that term was written.
    if (state.term > term && state.vote === null) {
      return snapshot !== null && snapshot.term <= state.term ? null : `term ${state.term}`;
    }
    if (state.term === term && state.vote === vote) return null;
    return `term ${state.term} with vote ${state.vote}, not term ${term} with vote ${vote}`;
  }

  #after(change: Change): DurableLog {
    const copy = this.copy();
    copy.#apply(change);
    return copy;
  }
}
