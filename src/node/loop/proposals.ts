import type { Entry, LogIndex, Term } from '../../raft/entry.ts';
import { ApiError } from '../../wire/errors.ts';

/** A proposal that waits for the fate of its entry. */
interface Waiting<T> {
  readonly term: Term;
  readonly bytes: number;
  readonly growth: number;
  readonly deadline: number;
  readonly resolve: (result: T) => void;
  readonly reject: (error: unknown) => void;
  /** Nobody waits any more, but the entry is still in the log. */
  hasEnded: boolean;
  /** A proposal of an older term at the same index, whose fate is open too. */
  readonly older: Waiting<T> | null;
}

/**
 * PROPOSALS that wait for their index to be applied. An entry is named by (index, term): if another
 * term's entry is applied at the index, this proposal certainly never will be; if nothing is known
 * by the deadline, the outcome is unknown, and said to be.
 *
 * An entry that nobody waits for any more still counts until it is applied, for it is in the log: a
 * leader that cannot commit must not take more and more.
 */
export class Proposals<T> {
  readonly #atIndex = new Map<LogIndex, Waiting<T>>();
  #count = 0;
  #ended = 0;
  #bytes = 0;
  #growth = 0;
  /** No deadline is before this. */
  #nextDeadline = Number.POSITIVE_INFINITY;
  #abandoned: { readonly error: ApiError } | null = null;

  /** Proposals in the log whose fate is open. */
  get count(): number {
    return this.#count;
  }

  /** Those of them that somebody waits for. */
  get awaited(): number {
    return this.#count - this.#ended;
  }

  /** JSON bytes of the commands whose fate is open. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What they may add to the store. */
  get growth(): number {
    return this.#growth;
  }

  /** Resolves with the result of applying the entry, which may add `growth` bytes to the store. */
  add(entry: Entry, deadline: number, growth = 0): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#abandoned !== null) return reject(this.#abandoned.error);
      const { index, term, json } = entry;
      // A node that led, lost its tail and leads again gives an index out anew. What it had put
      // there before may be in other logs, and win yet: only what is applied there decides.
      const older = this.#atIndex.get(index) ?? null;
      const bytes = json.length;
      const waiting = { term, bytes, growth, deadline, resolve, reject, hasEnded: false, older };
      this.#atIndex.set(index, waiting);
      this.#count += 1;
      this.#bytes += bytes;
      this.#growth += growth;
      this.#nextDeadline = Math.min(this.#nextDeadline, deadline);
    });
  }

  /** The entry at its index has been applied, with this result. */
  applied(entry: Entry, result: T): void {
    let waiting = this.#take(entry.index);
    for (; waiting !== null; waiting = waiting.older) {
      if (waiting.hasEnded) continue;
      if (waiting.term === entry.term) waiting.resolve(result);
      else waiting.reject(lost(entry.index));
    }
  }

  /** A snapshot went past these indexes: what was there cannot be told any more. */
  skipped(upTo: LogIndex): void {
    for (const index of this.#atIndex.keys()) {
      if (index <= upTo) this.#drop(index, unknown('a snapshot went past the entry'));
    }
  }

  /** Ends what has waited long enough. */
  expire(now: number): void {
    if (now < this.#nextDeadline) return;
    this.#nextDeadline = Number.POSITIVE_INFINITY;
    for (const newest of this.#atIndex.values()) {
      for (let waiting: Waiting<T> | null = newest; waiting !== null; waiting = waiting.older) {
        if (waiting.hasEnded) continue;
        if (waiting.deadline <= now) {
          waiting.hasEnded = true;
          this.#ended += 1;
          waiting.reject(unknown('not committed in time'));
        } else {
          this.#nextDeadline = Math.min(this.#nextDeadline, waiting.deadline);
        }
      }
    }
  }

  /** This node does not lead: what nobody waits for is no business of it any more. */
  forgetEnded(): void {
    if (this.#ended === 0) return;
    for (const [index, newest] of this.#atIndex) {
      let waiting: Waiting<T> | null = newest;
      while (waiting?.hasEnded === true) waiting = waiting.older;
      if (waiting === null) this.#take(index);
    }
  }

  /** The node stops: nobody will hear an outcome from it, now or later. */
  abandon(error: ApiError): void {
    this.#abandoned ??= { error };
    for (const index of this.#atIndex.keys()) this.#drop(index, error);
  }

  #drop(index: LogIndex, error: ApiError): void {
    let waiting = this.#take(index);
    for (; waiting !== null; waiting = waiting.older) {
      if (!waiting.hasEnded) waiting.reject(error);
    }
  }

  #take(index: LogIndex): Waiting<T> | null {
    const newest = this.#atIndex.get(index) ?? null;
    this.#atIndex.delete(index);
    for (let waiting = newest; waiting !== null; waiting = waiting.older) {
      this.#count -= 1;
      this.#bytes -= waiting.bytes;
      this.#growth -= waiting.growth;
      if (waiting.hasEnded) this.#ended -= 1;
    }
    return newest;
  }
}

function lost(index: LogIndex): ApiError {
  return new ApiError('leader-changed', `another entry was committed at index ${index}`);
}

function unknown(why: string): ApiError {
  return new ApiError('timeout', `The write may or may not have happened: ${why}.`);
}
