import type { LogIndex } from '../../raft/entry.ts';

/** Waits for an index to be reached: the applied one, or the durable one. */
export class Waiters {
  readonly #index: () => LogIndex;
  #waiting: { index: LogIndex; resolve: () => void; reject: (error: unknown) => void }[] = [];
  #abandoned: { readonly error: Error } | null = null;

  constructor(index: () => LogIndex) {
    this.#index = index;
  }

  /** Resolves once `index` is reached; rejects when the node stops, or has. */
  whenReached(index: LogIndex): Promise<void> {
    if (this.#index() >= index) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (this.#abandoned !== null) return reject(this.#abandoned.error);
      this.#waiting.push({ index, resolve, reject });
    });
  }

  advanced(): void {
    const reached = this.#index();
    if (!this.#waiting.some((waiter) => waiter.index <= reached)) return;
    const done = this.#waiting.filter((waiter) => waiter.index <= reached);
    this.#waiting = this.#waiting.filter((waiter) => waiter.index > reached);
    for (const waiter of done) waiter.resolve();
  }

  abandon(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#abandoned ??= { error };
    for (const waiter of waiting) waiter.reject(error);
  }
}
