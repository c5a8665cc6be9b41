/**
 * One life of a simulated process. Whatever the world does to the process goes through here: it
 * happens while the process runs, waits while it is stopped (SIGSTOP), and is lost once it is dead.
 */
import type { Scheduler } from './scheduler.ts';

export class Lifeline {
  readonly #scheduler: Scheduler;
  readonly #entered: () => void;
  #state: 'running' | 'stopped' | 'dead' = 'running';
  #held: (() => void)[] = [];

  /** @param entered called whenever something reaches the process. */
  constructor(scheduler: Scheduler, entered: () => void) {
    this.#scheduler = scheduler;
    this.#entered = entered;
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  get isStopped(): boolean {
    return this.#state === 'stopped';
  }

  /** Lets something happen to the process. */
  enter(work: () => void): void {
    if (this.#state === 'dead') return;
    if (this.#state === 'stopped') {
      this.#held.push(work);
      return;
    }
    this.#entered();
    work();
  }

  stop(): void {
    if (this.#state === 'running') this.#state = 'stopped';
  }

  /** What arrived meanwhile is delivered at once, in any order. */
  resume(): void {
    if (this.#state !== 'stopped') return;
    this.#state = 'running';
    const held = this.#held;
    this.#held = [];
    for (const work of held) this.#scheduler.after(0, () => this.enter(work));
  }

  end(): void {
    this.#state = 'dead';
    this.#held = [];
  }
}
