import type { Clock } from '../../../src/node/clock.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Lets all that waits for nothing but its turn have it. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Time that passes when a test says so. */
export class ManualClock implements Clock {
  #now = 1000;
  #timers: Timer[] = [];
  #order = 0;

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return 1_700_000_000_000 + this.#now;
  }

  setTimer(ms: number, callback: () => void): () => void {
    this.#order += 1;
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  yield(): Promise<void> {
    return new Promise((resolve) => {
      this.setTimer(0, resolve);
    });
  }

  /** Timers that have not fired. */
  get timers(): number {
    return this.#timers.length;
  }

  /** Lets this much time pass, timer by timer. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await turn();
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#now = Math.max(this.#now, timer.at);
      this.#timers = this.#timers.filter((other) => other !== timer);
      timer.callback();
      await turn();
    }
    this.#now = Math.max(this.#now, end);
  }

  /** All of this time passes at once: the process was stopped meanwhile. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** Lets time pass until there is something to return. @throws when it takes too long. */
  async until<T>(what: string, look: () => T | null | undefined | false, maxMs = 5000): Promise<T> {
    const end = this.#now + maxMs;
    for (;;) {
      await turn();
      const found = look();
      if (found !== null && found !== undefined && found !== false) return found;
      if (this.#now >= end) throw new Error(`not within ${maxMs} ms: ${what}`);
      await this.advance(1);
    }
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > end) continue;
      const isSooner = next === undefined || timer.at < next.at;
      if (isSooner || (timer.at === next?.at && timer.order < next.order)) next = timer;
    }
    return next;
  }
}
