import type { TransportClock } from './transport-clock.ts';

/**
 * A bound on how many requests of one sort are under way to one peer, with a bounded line of those
 * that wait for their turn. Nothing in a transport may grow with the time that a peer is silent.
 */
export class Lane {
  readonly #clock: TransportClock;
  readonly #widthMax: number;
  readonly #waitingMax: number;
  /** In the order of arrival; each is told whether it is its turn. */
  readonly #waiting = new Set<(turn: boolean) => void>();
  #underWay = 0;

  constructor(clock: TransportClock, widthMax: number, waitingMax: number) {
    this.#clock = clock;
    this.#widthMax = widthMax;
    this.#waitingMax = waitingMax;
  }

  /** Whether there is room now; if so, `leave` must be called once. */
  tryEnter(): boolean {
    if (this.#underWay >= this.#widthMax) return false;
    this.#underWay += 1;
    return true;
  }

  /** Waits for room; false when the time is over, the line is full, or the lane was closed. */
  enter(timeoutMs: number): Promise<boolean> {
    if (this.tryEnter()) return Promise.resolve(true);
    if (this.#waiting.size >= this.#waitingMax) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (turn: boolean) => {
        cancelTimer();
        this.#waiting.delete(settle);
        resolve(turn);
      };
      const cancelTimer = this.#clock.setTimer(timeoutMs, () => settle(false));
      this.#waiting.add(settle);
    });
  }

  /** One that entered is done: the next in line takes its place. */
  leave(): void {
    const next = this.#waiting.values().next();
    if (next.done === true) this.#underWay -= 1;
    else next.value(true);
  }

  /** Sends away all that wait. */
  close(): void {
    for (const settle of this.#waiting) settle(false);
  }
}
