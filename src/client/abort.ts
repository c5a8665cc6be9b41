/** One signal out of several; `AbortSignal.any` is newer than Node 18. */
export function link(signals: readonly (AbortSignal | undefined)[]): {
  readonly signal: AbortSignal;
  readonly unlink: () => void;
} {
  const aborter = new AbortController();
  const given = signals.filter((signal) => signal !== undefined);
  const stop = (event: Event) => {
    const { target } = event;
    if (target instanceof AbortSignal) aborter.abort(target.reason);
  };
  for (const signal of given) {
    if (signal.aborted) aborter.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  }
  return {
    signal: aborter.signal,
    unlink: () => {
      for (const signal of given) signal.removeEventListener('abort', stop);
    },
  };
}
