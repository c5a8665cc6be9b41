import type { Entry, LogIndex, Term } from '../raft/entry.ts';
import { ApiError } from '../wire/errors.ts';

/** A proposal that waits for the fate of its entry. */
interface Waiting<T> {
  readonly term: Term;
  readonly bytes: number;
  readonly deadline: number;
  readonly resolve: (result: T) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * PROPOSALS that wait for their index to be applied. An entry is named by (index, term): if another
 * term's entry is applied at the index, this proposal certainly never will be; if nothing is known
 * by the deadline, the outcome is unknown, and said to be.
 */
export class Proposals<T> {
  readonly #waiting = new Map<LogIndex, Waiting<T>>();
  #bytes = 0;

  get count(): number {
    return this.#waiting.size;
  }

  /** JSON bytes of the commands that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves with the result of applying the entry. */
  add(entry: Entry, deadline: number): Promise<T> {
    // A node that led, lost its tail and leads again gives an index out anew. Until that entry is
    // committed, the old one may still be on another node that leads next.
    this.#drop(entry.index, unknown('leadership was lost meanwhile'));
    return new Promise((resolve, reject) => {
      const { term } = entry;
      const bytes = entry.json.length;
      this.#bytes += bytes;
      this.#waiting.set(entry.index, { term, bytes, deadline, resolve, reject });
    });
  }

  /** The entry at its index has been applied, with this result. */
  applied(entry: Entry, result: T): void {
    const waiting = this.#waiting.get(entry.index);
    if (waiting === undefined) return;
    if (waiting.term !== entry.term) {
      this.#drop(entry.index, lost(entry.index));
      return;
    }
    this.#forget(entry.index, waiting);
    waiting.resolve(result);
  }

  /** A snapshot went past these indexes: what was there cannot be told any more. */
  skipped(upTo: LogIndex): void {
    for (const index of this.#waiting.keys()) {
      if (index <= upTo) this.#drop(index, unknown('a snapshot went past the entry'));
    }
  }

  /** Ends what has waited long enough. */
  expire(now: number): void {
    for (const [index, waiting] of this.#waiting) {
      if (waiting.deadline <= now) this.#drop(index, unknown('not committed in time'));
    }
  }

  /** The node stops: nobody will hear the outcome from it. */
  abandon(error: unknown): void {
    for (const index of this.#waiting.keys()) this.#drop(index, error);
  }

  #drop(index: LogIndex, error: unknown): void {
    const waiting = this.#waiting.get(index);
    if (waiting === undefined) return;
    this.#forget(index, waiting);
    waiting.reject(error);
  }

  #forget(index: LogIndex, waiting: Waiting<T>): void {
    this.#waiting.delete(index);
    this.#bytes -= waiting.bytes;
  }
}

function lost(index: LogIndex): ApiError {
  return new ApiError('leader-changed', `another entry was committed at index ${index}`);
}

function unknown(why: string): ApiError {
  return new ApiError('timeout', `The write may or may not have happened: ${why}.`);
}
