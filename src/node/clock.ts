/** THE CLOCK PORT: the only way the node meets time. */
export interface Clock {
  /** Milliseconds, monotonic; only differences mean anything. */
  now(): number;
  /** Milliseconds since 1970; may jump. For people and for expiry that replicates as data. */
  wallNow(): number;
  /** Calls back once after at least `ms`; the returned function cancels. */
  setTimer(ms: number, callback: () => void): () => void;
  /** Resolves after other waiting work of the event loop has had its turn. */
  yield(): Promise<void>;
}

/** The process's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  yield: () => new Promise((resolve) => setImmediate(resolve)),
};
