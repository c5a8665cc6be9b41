import { ApiError } from '../../wire/errors.ts';
import type { Clock } from '../clock.ts';

const PAUSE_MS = 50;
const PAUSE_MAX_MS = 1000;
/** The longest that a timer of the platform can be set to, ms. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** Until when to go on trying. */
export interface Patience {
  readonly now: () => number;
  readonly timers: Pick<Clock, 'setTimer'>;
  /** By `now`. */
  readonly until: number;
  /** Whether nobody cares any more. */
  readonly isOver: () => boolean;
}

/**
 * Tries until it works, or fails in a way that does not pass. What is tried must have one effect
 * however often it is done.
 *
 * @throws what the last attempt threw
 */
export async function persist<T>(patience: Patience, attempt: () => Promise<T>): Promise<T> {
  const { now, timers, until, isOver } = patience;
  for (let pauseMs = PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MAX_MS)) {
    try {
      return await attempt();
    } catch (error) {
      if (!passes(error) || isOver() || now() + pauseMs >= until) throw error;
    }
    await pause(timers, pauseMs);
  }
}

/** Whether a failure has to do with the moment: an election, too much to do, a lost connection. */
function passes(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  if (error.code === 'shutting-down' || error.code === 'node-stopped') return false;
  return error.status === 429 || error.status === 503 || error.status === 504;
}

/** As `Clock.setTimer`, of any length; a timer that is too long for the platform ends sooner. */
export function setTimer(
  timers: Pick<Clock, 'setTimer'>,
  ms: number,
  callback: () => void,
): () => void {
  return timers.setTimer(Math.min(ms, TIMER_MAX_MS), callback);
}

function pause(timers: Pick<Clock, 'setTimer'>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    timers.setTimer(ms, resolve);
  });
}
