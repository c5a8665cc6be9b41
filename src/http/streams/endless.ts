import type { Exchange } from '../services.ts';

/** Seconds that a reader which did not read has for the last event. */
const LAST_EVENT_S = 120;

/**
 * Prepares an answer that has no end: nothing on the way to its reader may keep it or hold it back,
 * and its connection is not closed for being idle.
 *
 * @returns to be called when the end has come after all: bounds the time for the last event
 */
export function beginEndless({ request, set, server }: Exchange): () => void {
  set.headers['cache-control'] = 'no-store';
  set.headers['x-accel-buffering'] = 'no';
  server?.timeout(request, 0);
  return () => server?.timeout(request, LAST_EVENT_S);
}
