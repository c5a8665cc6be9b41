import type { Clock } from '../clock.ts';

/**
 * However long the event loop was held or the process stopped, at most this much time is told to
 * the core at once: messages that arrived meanwhile must get their turn before a time-out does.
 */
const TICKS_AT_ONCE_MAX = 4;

/** Turns the clock into the core's ticks. */
export class Ticker {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #onTick: () => void;
  #last: number;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, tickMs: number, onTick: () => void) {
    this.#clock = clock;
    this.#tickMs = tickMs;
    this.#onTick = onTick;
    this.#last = clock.now();
  }

  start(): void {
    this.#last = this.#clock.now();
    this.#schedule();
  }

  stop(): void {
    this.#cancel();
  }

  #schedule(): void {
    this.#cancel = this.#clock.setTimer(this.#tickMs, () => {
      this.#schedule();
      this.#run();
    });
  }

  #run(): void {
    const due = Math.floor((this.#clock.now() - this.#last) / this.#tickMs);
    const ticks = Math.min(due, TICKS_AT_ONCE_MAX);
    // Time that cannot be told at once is dropped: the core's time may only run late.
    this.#last += due * this.#tickMs;
    for (let i = 0; i < ticks; i += 1) this.#onTick();
  }
}
