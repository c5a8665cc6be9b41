import type { MemberId } from '../../lib/ids.ts';
import type { RequestContext } from '../api.ts';
import type { Clock } from '../clock.ts';

interface Waiting {
  readonly giveUpAt: number;
  readonly signal: AbortSignal | null;
  readonly resolve: (leader: MemberId | null) => void;
}

/** Whether clients are still there is looked at once in so many ticks. */
const SIGNAL_TICKS = 10;

/** Calls that wait until a leader is known, all of them on the node's one tick. */
export class LeaderWait {
  readonly #clock: Clock;
  readonly #leader: () => MemberId | null;
  #waiting: Waiting[] = [];
  #ticks = 0;
  #closed = false;

  constructor(clock: Clock, leader: () => MemberId | null) {
    this.#clock = clock;
    this.#leader = leader;
  }

  /** Null when no leader becomes known until then, the client goes away, or the node stops. */
  wait(giveUpAt: number, { signal }: Pick<RequestContext, 'signal'>): Promise<MemberId | null> {
    if (this.#closed) return Promise.resolve(null);
    const leader = this.#leader();
    if (leader !== null) return Promise.resolve(leader);
    return new Promise((resolve) => {
      this.#waiting.push({ giveUpAt, signal, resolve });
    });
  }

  tick(): void {
    if (this.#waiting.length === 0) return;
    this.#ticks += 1;
    const leader = this.#leader();
    const now = this.#clock.now();
    const looksAtSignals = this.#ticks % SIGNAL_TICKS === 0;
    const waiting = this.#waiting;
    this.#waiting = waiting.filter((call) => {
      const isOver = now >= call.giveUpAt || (looksAtSignals && call.signal?.aborted === true);
      return leader === null && !isOver;
    });
    if (this.#waiting.length === waiting.length) return;
    const stays = new Set(this.#waiting);
    for (const call of waiting) if (!stays.has(call)) call.resolve(leader);
  }

  close(): void {
    this.#closed = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const call of waiting) call.resolve(null);
  }
}
