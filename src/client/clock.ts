import { onAbort } from './abort.ts';
import { abortedError } from './errors.ts';

/** Time, as a port: tests have a clock that they move themselves. */
export interface ClientClock {
  /** Milliseconds, monotonic; only differences mean anything. */
  now(): number;
  /** Calls back once after at least `ms`; the returned function cancels. */
  setTimer(ms: number, callback: () => void): () => void;
}

/** Timers of browsers and servers take no more ms than fit in 31 bits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The clock of the machine. */
export const systemClock: ClientClock = {
  now: () => performance.now(),
  setTimer: (ms, callback) => {
    const end = performance.now() + ms;
    let timer: ReturnType<typeof setTimeout>;
    const arm = () => {
      // Time passes between two looks at the clock, and Node warns of a negative one.
      const left = Math.max(0, end - performance.now());
      timer = setTimeout(
        left > LONGEST_TIMER_MS ? arm : callback,
        Math.min(left, LONGEST_TIMER_MS),
      );
    };
    arm();
    return () => clearTimeout(timer);
  },
};

/** Resolves after the time. @throws AbcdError `aborted` as soon as the signal fires */
export function pause(clock: ClientClock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(abortedError(signal.reason, 'no'));
    const stopListening = onAbort(signal, () => {
      cancel();
      reject(abortedError(signal.reason, 'no'));
    });
    const cancel = clock.setTimer(ms, () => {
      stopListening();
      resolve();
    });
  });
}
