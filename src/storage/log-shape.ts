import type { LogIndex, Term } from '../raft/entry.ts';

/** Where an entry goes, or why it cannot belong to this log. */
export type Placement =
  | { readonly type: 'next' }
  /** It takes the place of an entry of another term, and everything after that goes. */
  | { readonly type: 'replaces' }
  /** An entry with this index and term is already here. */
  | { readonly type: 'held' }
  | { readonly type: 'refused'; readonly why: string };

interface Run {
  readonly from: LogIndex;
  readonly term: Term;
}

/**
 * The terms of a log without its entries: enough to say whether a line may follow, before it is
 * written and again when it is read. Terms come in runs, so this stays small however long the log.
 *
 * Invariants: `base <= last`; runs ascend in `from` and in `term`; entries up to `committed` stay.
 */
export class LogShape {
  #base: LogIndex;
  #baseTerm: Term | null;
  #last: LogIndex;
  #runs: Run[] = [];
  #committed: LogIndex = 0;

  constructor(base: LogIndex, baseTerm: Term | null) {
    this.#base = base;
    this.#baseTerm = baseTerm;
    this.#last = base;
  }

  /** The index just before the first entry held. */
  get base(): LogIndex {
    return this.#base;
  }

  get last(): LogIndex {
    return this.#last;
  }

  /** The term of the entry, or undefined where the log does not know. */
  termAt(index: LogIndex): Term | undefined {
    if (index === this.#base) return this.#baseTerm ?? undefined;
    if (index > this.#last || index < this.#base) return undefined;
    return this.#runs.findLast((run) => run.from <= index)?.term;
  }

  /** Where an entry goes. Changes nothing. */
  place(index: LogIndex, term: Term): Placement {
    if (index > this.#last + 1) return refused(`entry ${index} follows ${this.#last}`);
    if (index === this.#last + 1) {
      const before = this.termAt(this.#last) ?? 0;
      if (term < before) return refused(`entry ${index} of term ${term} follows term ${before}`);
      return { type: 'next' };
    }
    if (index > this.#base && this.termAt(index) === term) return { type: 'held' };
    // A leader may bring back an entry of an older term than the one it replaces: its own log kept
    // it, and no quorum ever had the other (Figure 8 c). Only the entry before must not be newer.
    const before = this.termAt(index - 1) ?? 0;
    if (term < before) return refused(`entry ${index} of term ${term} follows term ${before}`);
    // A log whose older segments are gone may begin in the middle of what was replaced later, but
    // not in the middle of what one leader wrote.
    if (index <= this.#base && this.#runs[0]?.term === term) {
      return refused(`entry ${index} of term ${term} comes after others of its term`);
    }
    if (index <= this.#committed) {
      return refused(`entry ${index} of term ${term} contradicts snapshot ${this.#committed}`);
    }
    return { type: 'replaces' };
  }

  /** Takes an entry that `place` did not refuse. */
  accept(index: LogIndex, term: Term, placement: Placement): void {
    if (placement.type === 'held' || placement.type === 'refused') return;
    if (placement.type === 'replaces') this.#truncate(index);
    if (this.#runs.at(-1)?.term !== term) this.#runs.push({ from: index, term });
    this.#last = index;
  }

  /** A snapshot holds everything up to here: it can never be replaced. */
  commit(index: LogIndex): void {
    this.#committed = Math.max(this.#committed, index);
  }

  /** The log is replaced by a snapshot. */
  reset(index: LogIndex, term: Term): void {
    this.#base = index;
    this.#baseTerm = term;
    this.#last = index;
    this.#runs = [];
    this.commit(index);
  }

  /** Entries up to `index` are held no longer. */
  forget(index: LogIndex): void {
    if (index <= this.#base) return;
    this.#baseTerm = this.termAt(index) ?? null;
    this.#runs = this.#runs.filter((_, at) => (this.#runs[at + 1]?.from ?? Infinity) > index + 1);
    if (index >= this.#last) this.#runs = [];
    this.#base = index;
    this.#last = Math.max(this.#last, index);
  }

  #truncate(index: LogIndex): void {
    this.#runs = this.#runs.filter((run) => run.from < index);
    if (index <= this.#base) {
      this.#runs = [];
      this.#base = index - 1;
      this.#baseTerm = null;
    }
    this.#last = index - 1;
  }
}

function refused(why: string): Placement {
  return { type: 'refused', why };
}
