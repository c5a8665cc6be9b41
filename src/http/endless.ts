import type { Exchange } from './services.ts';

/**
 * Prepares an answer that has no end: nothing on the way to its reader may keep it or hold it back,
 * and its connection is not closed for being idle.
 */
export function beginEndless({ request, set, server }: Exchange): void {
  set.headers['cache-control'] = 'no-store';
  set.headers['x-accel-buffering'] = 'no';
  server?.timeout(request, 0);
}
