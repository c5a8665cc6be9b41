/** What a transport needs of time; the node's Clock is one. */
export interface TransportClock {
  /** Milliseconds, monotonic; only differences mean anything. */
  now(): number;
  /** Calls back once after at least `ms`; the returned function cancels. */
  setTimer(ms: number, callback: () => void): () => void;
}

/** Resolves after at least `ms`. */
export function pause(clock: TransportClock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(ms, resolve);
  });
}
