import { assert, must } from '../lib/assert.ts';
import type { Entry, LogIndex, Term } from './entry.ts';
import type { LogEnd } from './message.ts';

/**
 * THE LOG, in memory: the entries behind the newest compaction point.
 *
 *     base      the last index that is no longer here; its entry is in a snapshot
 *     durable   everything up to here would survive a power cut of this node
 *     last      the newest entry
 *
 * Invariants: indexes are contiguous from base + 1; terms never fall; base <= last; durable <= last
 * (below base only while a received snapshot is being installed). What is committed is not the
 * log's business (commitment.ts).
 */
export class RaftLog {
  #base: LogIndex;
  #baseTerm: Term;
  #entries: Entry[];
  #durable: LogIndex;

  constructor(base: LogIndex, baseTerm: Term, entries: readonly Entry[]) {
    this.#base = base;
    this.#baseTerm = baseTerm;
    this.#entries = [];
    this.#durable = base;
    this.append(entries);
    this.#durable = this.lastIndex;
  }

  /** The last index that is no longer in memory. */
  get baseIndex(): LogIndex {
    return this.#base;
  }

  get firstIndex(): LogIndex {
    return this.#base + 1;
  }

  get lastIndex(): LogIndex {
    return this.#base + this.#entries.length;
  }

  get lastTerm(): Term {
    return this.#entries.at(-1)?.term ?? this.#baseTerm;
  }

  /** The last index that is certainly on this node's disk. */
  get durableIndex(): LogIndex {
    return this.#durable;
  }

  get end(): LogEnd {
    return { lastIndex: this.lastIndex, lastTerm: this.lastTerm };
  }

  /** The term of the entry at `index`; null when it is compacted away or not there yet. */
  term(index: LogIndex): Term | null {
    if (index === this.#base) return this.#baseTerm;
    return this.#entries[index - this.#base - 1]?.term ?? null;
  }

  entry(index: LogIndex): Entry {
    return must(this.#entries[index - this.#base - 1], `log entry ${index}`);
  }

  /** Whether this log holds the entry (index, term): then both logs agree up to it (§5.3). */
  matches(index: LogIndex, term: Term): boolean {
    return this.term(index) === term;
  }

  /** Whether a log that ends like `other` is at least as up-to-date as this one (§5.4.1). */
  isUpToDate(other: LogEnd): boolean {
    return compareLogEnds(other, this.end) >= 0;
  }

  /** Entries from..to inclusive, cut before `maxBytes` of JSON is passed, but never empty. */
  slice(from: LogIndex, to: LogIndex, maxBytes: number = Number.POSITIVE_INFINITY): Entry[] {
    assert(from > this.#base, () => `slice from ${from} at or below base ${this.#base}`);
    assert(to <= this.lastIndex, () => `slice to ${to} beyond last ${this.lastIndex}`);
    const start = from - this.#base - 1;
    const end = to - this.#base;
    if (maxBytes === Number.POSITIVE_INFINITY) return this.#entries.slice(start, end);
    let bytes = 0;
    let stop = start;
    while (stop < end) {
      bytes += must(this.#entries[stop], 'entry in range').json.length;
      if (bytes > maxBytes && stop > start) break;
      stop += 1;
    }
    return this.#entries.slice(start, stop);
  }

  /** Adds entries at the end. Each must follow the one before. */
  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const { lastIndex, lastTerm } = this;
      assert(entry.index === lastIndex + 1, () => `append ${entry.index} after ${lastIndex}`);
      assert(entry.term >= lastTerm, () => `term falls from ${lastTerm} to ${entry.term}`);
      this.#entries.push(entry);
    }
  }

  /** Removes the entry at `index` and everything after it. */
  truncateFrom(index: LogIndex): void {
    assert(index > this.#base, () => `truncate ${index} at or below base ${this.#base}`);
    this.#entries.length = Math.max(0, index - this.#base - 1);
    this.#durable = Math.min(this.#durable, index - 1);
  }

  /**
   * The disk reports (index, term) durable. Ignored when that entry has been truncated meanwhile:
   * a newer one may stand at its index that is not on disk.
   */
  markDurable(index: LogIndex, term: Term): void {
    if (index > this.#durable && this.matches(index, term)) this.#durable = index;
  }

  /** Forgets everything up to `index`, which a snapshot holds. */
  compact(index: LogIndex): void {
    if (index <= this.#base) return;
    const term = must(this.term(index), `term of ${index}`);
    this.#entries.splice(0, index - this.#base);
    this.#base = index;
    this.#baseTerm = term;
    this.#durable = Math.max(this.#durable, index);
  }

  /** Replaces the whole log by a snapshot that is still to be made this node's own on disk. */
  reset(index: LogIndex, term: Term): void {
    this.#base = index;
    this.#baseTerm = term;
    this.#entries = [];
    this.#durable = 0;
  }

  /**
   * The largest index at or below `index` whose term is at most `term`: where two logs that
   * conflict above may still agree. Skips whole terms at once (§5.3, the optimisation).
   * An answer below the base means: not in memory any more.
   */
  lastIndexNotAfterTerm(index: LogIndex, term: Term): LogIndex {
    let at = Math.min(index, this.lastIndex);
    while (at >= this.#base && must(this.term(at), 'term in log') > term) at -= 1;
    return at;
  }
}

/** Orders log ends: the later last term wins, then the longer log (§5.4.1). */
export function compareLogEnds(a: LogEnd, b: LogEnd): number {
  return a.lastTerm - b.lastTerm || a.lastIndex - b.lastIndex;
}
