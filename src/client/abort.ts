/** Listening to signals: many at one, and one at many. */

const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when the signal fires; not if it has fired already. However many listen to a signal,
 * it gets one listener: at more than ten Node warns of a leak.
 *
 * @returns stops listening
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const heard = listeners.get(signal) ?? listenTo(signal);
  // Its own function, so that the same callback may be given twice.
  const call = () => callback();
  heard.add(call);
  return () => heard.delete(call);
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const heard = new Set<() => void>();
  listeners.set(signal, heard);
  const tell = () => {
    for (const call of heard) {
      heard.delete(call);
      call();
    }
  };
  signal.addEventListener('abort', tell, { once: true });
  return heard;
}

/** One signal out of several; `AbortSignal.any` is newer than Node 18. */
export function link(signals: readonly (AbortSignal | undefined)[]): {
  readonly signal: AbortSignal;
  readonly unlink: () => void;
} {
  const aborter = new AbortController();
  const given = signals.filter((signal) => signal !== undefined);
  const stops = given.map((signal) => {
    if (signal.aborted) aborter.abort(signal.reason);
    return onAbort(signal, () => aborter.abort(signal.reason));
  });
  return {
    signal: aborter.signal,
    unlink: () => {
      for (const stop of stops) stop();
    },
  };
}
