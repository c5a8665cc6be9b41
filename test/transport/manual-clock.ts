import type { TransportClock } from '../../src/transport/transport-clock.ts';

/** Lets whatever waits for the event loop have its turn. */
export const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** A clock that stands still until it is told to go on. */
export class ManualClock implements TransportClock {
  #now = 0;
  #nextId = 1;
  readonly #timers = new Map<number, { at: number; callback: () => void }>();

  now(): number {
    return this.#now;
  }

  setTimer(ms: number, callback: () => void): () => void {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#timers.set(id, { at: this.#now + ms, callback });
    return () => {
      this.#timers.delete(id);
    };
  }

  /** Timers that have not run. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Resolves once at least so many timers run. */
  async timers(count: number): Promise<void> {
    while (this.#timers.size < count) await nextTurn();
  }

  /** Runs everything that is due within `ms`, in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end);
      due.sort(([idA, a], [idB, b]) => a.at - b.at || idA - idB);
      const first = due[0];
      if (first === undefined) break;
      const [id, { at, callback }] = first;
      this.#timers.delete(id);
      this.#now = at;
      callback();
    }
    this.#now = end;
  }
}
