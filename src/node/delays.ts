import type { Clock } from './clock.ts';

/** Pauses that end at once when the node stops, so that nothing of it is left behind. */
export class Delays {
  readonly #clock: Clock;
  readonly #ends = new Set<() => void>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with true after `ms`, or with false as soon as the node stops. */
  sleep(ms: number): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#ends.delete(end);
        resolve(!this.#closed);
      };
      const cancel = this.#clock.setTimer(ms, end);
      this.#ends.add(end);
    });
  }

  close(): void {
    this.#closed = true;
    for (const end of this.#ends) end();
  }
}

/** Resolves when the work is done or `ms` have passed; rejects when the work fails before. */
export function atMost(clock: Clock, ms: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.setTimer(ms, resolve);
    work.finally(cancel).then(resolve, reject);
  });
}
