import type { LogIndex } from '../raft/entry.ts';

/** Waits for the applied index. */
export class Waiters {
  readonly #appliedIndex: () => LogIndex;
  #waiting: { index: LogIndex; resolve: () => void; reject: (error: unknown) => void }[] = [];

  constructor(appliedIndex: () => LogIndex) {
    this.#appliedIndex = appliedIndex;
  }

  /** Resolves once everything up to `index` is applied; rejects when the node stops. */
  whenApplied(index: LogIndex): Promise<void> {
    if (this.#appliedIndex() >= index) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ index, resolve, reject });
    });
  }

  advanced(): void {
    const applied = this.#appliedIndex();
    if (!this.#waiting.some((waiter) => waiter.index <= applied)) return;
    const done = this.#waiting.filter((waiter) => waiter.index <= applied);
    this.#waiting = this.#waiting.filter((waiter) => waiter.index > applied);
    for (const waiter of done) waiter.resolve();
  }

  abandon(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) waiter.reject(error);
  }
}
