import { json } from './answer.ts';
import type { Caller } from './caller.ts';
import type { CallOptions } from './options.ts';

/** A request with a JSON body and a JSON answer. */
export function postJson<T>(
  caller: Caller,
  path: string,
  body: object,
  options: CallOptions,
): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const request = { method: 'POST', path, headers, body: JSON.stringify(body) } as const;
  return caller.call(request, options, json<T>);
}
