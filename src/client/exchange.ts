/** One request to one node. */

import type { Problem } from '../wire/problem.ts';
import { AbcdError, errorOfProblem } from './errors.ts';
import type { Settings } from './options.ts';

/** A request, before it is known which node it goes to. */
export interface ClientRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** With the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Sending it twice is the same as sending it once. True of every GET, and of what says so. */
  readonly repeatable?: boolean;
  /** Not sent again once an attempt may have had an effect. */
  readonly atMostOnce?: boolean;
  /** How long a node may wait before it answers, beyond the time an answer takes; ms. */
  readonly waitMs?: number;
}

/** What came of an attempt. */
export type Outcome<T> = { readonly type: 'done'; readonly value: T } | Refused | Broken;

/** No answer, or half of one. */
export interface Broken {
  readonly type: 'broken';
  readonly why: string;
  /** Whether the node may have got the request. */
  readonly sent: boolean;
  /** Whether it was time that ran out. */
  readonly late: boolean;
}

/** The node said no. `again`: whether the same request may fare better, and where. */
export interface Refused {
  readonly type: 'refused';
  readonly error: AbcdError;
  readonly again: 'never' | 'elsewhere' | 'later';
  /** For how long the node asks to be left alone. */
  readonly restMs: number;
}

/** Turns a success into a value. It is read within the time of the attempt. */
export type Reader<T> = (response: Response, url: string) => Promise<T>;

export interface ExchangeOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Time for the answer. */
  readonly budgetMs: number;
  readonly signal: AbortSignal;
  /** Hands out what ends the attempt as if the connection had broken. */
  readonly onStart?: (giveUp: () => void) => void;
}

/** Sends a request and reads its answer. A signal that fires breaks it. */
export async function exchange<T>(
  settings: Settings,
  url: string,
  request: ClientRequest,
  options: ExchangeOptions,
  read: Reader<T>,
): Promise<Outcome<T>> {
  const { headers, budgetMs, signal, onStart } = options;
  const aborter = new AbortController();
  let end: (why: string, late?: boolean) => void = () => undefined;
  // A fetch that does not heed its signal must not hold up the caller.
  const ended = new Promise<Outcome<T>>((resolve) => {
    end = (why, late = false) => {
      resolve({ type: 'broken', why, sent: true, late });
      aborter.abort();
    };
  });
  const stop = () => end('given up');
  signal.addEventListener('abort', stop, { once: true });
  onStart?.(() => end('the node does not answer'));
  const budget = Math.max(1, Math.round(budgetMs));
  const cancel = settings.clock.setTimer(budget, () => end(`no answer in ${budget} ms`, true));
  try {
    const init = initOf(request, headers, aborter);
    const work = carryOut(settings, url, request.path, init, read);
    return await Promise.race([ended, work]);
  } finally {
    cancel();
    signal.removeEventListener('abort', stop);
  }
}

async function carryOut<T>(
  { fetch }: Settings,
  url: string,
  path: string,
  init: RequestInit,
  read: Reader<T>,
): Promise<Outcome<T>> {
  try {
    const response = await fetch(url + path, init);
    if (!response.ok && response.status !== 304) return await refusalOf(response);
    return { type: 'done', value: await read(response, url) };
  } catch (error) {
    if (error instanceof AbcdError) {
      return { type: 'refused', error, again: 'never', restMs: 0 };
    }
    const unsent = UNSENT.get(codeOf(error) ?? '');
    const why = unsent ?? (error instanceof Error ? error.message : String(error));
    return { type: 'broken', why, sent: unsent === undefined, late: false };
  }
}

function initOf(
  { method, body }: ClientRequest,
  headers: Readonly<Record<string, string>>,
  { signal }: AbortController,
): RequestInit {
  const init: RequestInit = { method, headers, signal, redirect: 'error', cache: 'no-store' };
  // Nobody gives memory that is shared between threads; the types cannot know.
  if (body !== undefined) init.body = body as string | Uint8Array<ArrayBuffer>;
  return init;
}

/** No connection came about, so that the node certainly got nothing. Browsers do not tell. */
const UNSENT: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nobody listens there'],
  ['ENOTFOUND', 'there is no such host'],
  ['EAI_AGAIN', 'the name of the host cannot be looked up'],
  ['EHOSTUNREACH', 'there is no way to the host'],
  ['ENETUNREACH', 'there is no way to the network'],
  ['UND_ERR_CONNECT_TIMEOUT', 'the host does not answer'],
]);

/** What a failed fetch calls its reason: Bun says it itself, Node in the cause. */
function codeOf(error: unknown): string | null {
  for (const one of [error, error instanceof Error ? error.cause : null]) {
    if (typeof one !== 'object' || one === null) continue;
    const code: unknown = Reflect.get(one, 'code');
    if (typeof code === 'string') return code;
  }
  return null;
}

async function refusalOf(response: Response): Promise<Refused> {
  const { status } = response;
  const problem = problemOf(await response.text());
  const error =
    problem === null
      ? new AbcdError('bad-answer', `status ${status}, and nothing that a node of abcd says`, {
          status,
          applied: 'unknown',
        })
      : errorOfProblem(problem);
  return { type: 'refused', error, again: againOf(error), restMs: restOf(response.headers) };
}

const ELSEWHERE = new Set([408, 500, 502, 503, 504]);

function againOf({ code, status }: AbcdError): Refused['again'] {
  if (ELSEWHERE.has(status)) return 'elsewhere';
  return status === 429 && code !== 'too-many-leases' ? 'later' : 'never';
}

/** `Retry-After` in ms; a date, which no node sends, does not count. */
function restOf(headers: Headers): number {
  const seconds = Number(headers.get('retry-after') ?? '0');
  return seconds > 0 ? Math.min(seconds, 60) * 1000 : 0;
}

function problemOf(text: string): Problem | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return isProblem(value) ? value : null;
}

function isProblem(value: unknown): value is Problem {
  if (typeof value !== 'object' || value === null) return false;
  const { code, detail, status, applied }: Partial<Record<keyof Problem, unknown>> = value;
  return (
    typeof code === 'string' &&
    typeof detail === 'string' &&
    typeof status === 'number' &&
    (applied === 'no' || applied === 'unknown')
  );
}
