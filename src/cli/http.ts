/** The little of HTTP that the command line needs of other nodes. */

import type { Clock } from '../node/clock.ts';

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

export type CallerClock = Pick<Clock, 'now' | 'setTimer'>;

/** What asks other nodes: the network and time, as ports. */
export interface Caller {
  readonly fetch: Fetch;
  readonly clock: CallerClock;
}

/** An answer, or why there is none. `refused`: nobody listens there. */
export type Answer =
  | { readonly type: 'answered'; readonly status: number; readonly body: unknown }
  | { readonly type: 'refused' }
  | { readonly type: 'silent'; readonly why: string };

/** Sends a request and reads the JSON answer; never throws. Redirects are not followed. */
export async function call(
  caller: Caller,
  url: string,
  timeoutMs: number,
  init: RequestInit = {},
): Promise<Answer> {
  const aborter = new AbortController();
  const cancel = caller.clock.setTimer(timeoutMs, () => aborter.abort());
  try {
    const response = await caller.fetch(url, {
      ...init,
      signal: aborter.signal,
      redirect: 'error',
    });
    const body: unknown = await response.json();
    return { type: 'answered', status: response.status, body };
  } catch (error) {
    if (aborter.signal.aborted) return { type: 'silent', why: `no answer in ${timeoutMs} ms` };
    if (codeOf(error) === 'ECONNREFUSED') return { type: 'refused' };
    return { type: 'silent', why: error instanceof Error ? error.message : String(error) };
  } finally {
    cancel();
  }
}

/** A request with a JSON body. */
export function sending(method: 'POST' | 'PUT', body: unknown) {
  const headers = { 'content-type': 'application/json' };
  return { method, headers, body: JSON.stringify(body) };
}

/** Resolves after the time, or as soon as the signal fires. */
export function pause(clock: CallerClock, ms: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.setTimer(ms, resolve);
  const stop = () => {
    cancel();
    resolve();
  };
  if (signal?.aborted === true) stop();
  signal?.addEventListener('abort', stop, { once: true });
  return promise.finally(() => signal?.removeEventListener('abort', stop));
}

/** A field of a JSON object; undefined for anything else. */
export function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name);
}

/** A field that must be a text, or null. */
export function textField(value: unknown, name: string): string | null {
  const found = field(value, name);
  return typeof found === 'string' ? found : null;
}

/** The items of a field that must be a list; empty for anything else. */
export function listField(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}

function codeOf(error: unknown): string | null {
  return textField(error, 'code') ?? textField(field(error, 'cause'), 'code');
}
