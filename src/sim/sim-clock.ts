/**
 * CLOCKS OF SIMULATED MACHINES
 *
 * A machine's monotonic clock runs at a rate of its own, and its wall clock may jump. That of a
 * machine that is halted stands still. Timers belong to a life of a process: they end with it.
 */
import type { Clock } from '../node/clock.ts';
import type { Lifeline } from './lifeline.ts';
import type { Scheduler } from './scheduler.ts';

/** 14 November 2023: an ordinary moment. */
const EPOCH_MS = 1_700_000_000_000;
/** Below this a timer is not early, but a victim of rounding, ms. */
const ROUNDING_MS = 1e-6;

/** Goes on while processes come and go. */
export class MachineClock {
  readonly #scheduler: Scheduler;
  #rate = 1;
  #isFrozen = false;
  #since: number;
  #base = 0;
  /** How far the wall clock is off, ms. */
  wallOffset = 0;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    this.#since = scheduler.now;
  }

  /** Of a clock that stands still: what it will be when it goes on. */
  get rate(): number {
    return this.#rate;
  }

  /** Monotonic ms, as this machine sees it. */
  now(): number {
    return this.#base + (this.#isFrozen ? 0 : (this.#scheduler.now - this.#since) * this.#rate);
  }

  wallNow(): number {
    return EPOCH_MS + this.now() + this.wallOffset;
  }

  /** From now on a second of the world is `rate` seconds here. */
  setRate(rate: number): void {
    this.#rebase();
    this.#rate = rate;
  }

  /** No time passes here, until `thaw`. */
  freeze(): void {
    this.#rebase();
    this.#isFrozen = true;
  }

  thaw(): void {
    this.#rebase();
    this.#isFrozen = false;
  }

  #rebase(): void {
    this.#base = this.now();
    this.#since = this.#scheduler.now;
  }
}

/** The clock port of one life. */
export class SimClock implements Clock {
  readonly #machine: MachineClock;
  readonly #scheduler: Scheduler;
  readonly #lifeline: Lifeline;
  readonly #costMs: number;
  #event = 0;
  #spent = 0;
  #latest = 0;

  /** @param costMs how long the code between two looks at the clock takes: a slow processor. */
  constructor(machine: MachineClock, scheduler: Scheduler, lifeline: Lifeline, costMs: number) {
    this.#machine = machine;
    this.#scheduler = scheduler;
    this.#lifeline = lifeline;
    this.#costMs = costMs;
  }

  now(): number {
    if (this.#event !== this.#scheduler.events) {
      this.#event = this.#scheduler.events;
      this.#spent = 0;
    }
    this.#spent += this.#costMs;
    this.#latest = Math.max(this.#latest, this.#machine.now() + this.#spent);
    return this.#latest;
  }

  wallNow(): number {
    return this.#machine.wallNow();
  }

  setTimer(ms: number, callback: () => void): () => void {
    const due = this.#machine.now() + Math.max(0, ms);
    let cancel = (): void => undefined;
    let isCancelled = false;
    const plan = (): void => {
      const rest = (due - this.#machine.now()) / this.#machine.rate;
      cancel = this.#scheduler.after(rest, () => this.#lifeline.enter(fire));
    };
    const fire = (): void => {
      if (isCancelled) return;
      // The clock may have become slower since.
      if (due - this.#machine.now() > ROUNDING_MS) plan();
      else callback();
    };
    plan();
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  yield(): Promise<void> {
    return new Promise((resolve) => {
      this.#scheduler.after(0, () => this.#lifeline.enter(resolve));
    });
  }
}
