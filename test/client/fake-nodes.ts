import { AbcdClient } from '../../src/client/client.ts';
import type { ClientOptions } from '../../src/client/options.ts';
import { ManualClock, nextTurn } from '../transport/manual-clock.ts';

/** A request as a node gets it. */
export interface Got {
  readonly url: string;
  readonly node: string;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
  /** When, by the clock. */
  readonly at: number;
}

/**
 * What a node does with a request: answers; refuses the connection; gets the request and breaks
 * the connection; or never answers.
 */
export type Answer = Response | 'refuse' | 'reset' | 'silence';
export type NodeBehaviour = (got: Got) => Answer | Promise<Answer>;

/** Nodes at made-up addresses, and a clock that goes on by itself whenever everybody waits. */
export class FakeNodes {
  readonly clock = new ManualClock();
  readonly requests: Got[] = [];
  readonly behaviours: Map<string, NodeBehaviour>;

  /** @param behaviours by base URL */
  constructor(behaviours: Readonly<Record<string, NodeBehaviour>>) {
    this.behaviours = new Map(Object.entries(behaviours));
  }

  client(options: Partial<ClientOptions> = {}): AbcdClient {
    const endpoints = [...this.behaviours.keys()];
    return new AbcdClient({ endpoints, fetch: this.#fetch, clock: this.clock, ...options });
  }

  /** Which node got each request. */
  get asked(): string[] {
    return this.requests.map(({ node }) => node);
  }

  /** Lets time pass in small steps until the work is done. */
  async run<T>(work: Promise<T>, stepMs = 10): Promise<T> {
    let done = false;
    const finished = work.finally(() => {
      done = true;
    });
    finished.catch(() => undefined);
    while (!done) {
      await nextTurn();
      if (!done) this.clock.advance(stepMs);
    }
    return await finished;
  }

  /** Lets so much time pass. */
  async pass(ms: number, stepMs = 10): Promise<void> {
    for (const end = this.clock.now() + ms; this.clock.now() < end; ) {
      await nextTurn();
      this.clock.advance(Math.min(stepMs, end - this.clock.now()));
    }
    await nextTurn();
  }

  readonly #fetch = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const { origin, pathname, search } = new URL(url);
    const method = init.method ?? 'GET';
    const headers = new Headers(init.headers);
    const body = await new Response(init.body ?? null).text();
    const path = pathname + search;
    const got = { url, node: origin, method, path, headers, body, at: this.clock.now() };
    this.requests.push(got);
    const answer = await (this.behaviours.get(origin)?.(got) ?? 'refuse');
    if (answer === 'refuse') throw failure('ECONNREFUSED');
    if (answer === 'reset') throw failure('ECONNRESET');
    if (answer === 'silence') return await aborted(init.signal ?? null);
    return answer;
  };
}

/** A success. */
export function ok(body: unknown, status = 200): Response {
  return Response.json(body, { status });
}

/** A refusal, as nodes write them. */
export function problem(
  status: number,
  code: string,
  fields: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Response {
  const applied = status === 504 || status === 500 ? 'unknown' : 'no';
  const standard = { type: `urn:abcd:error:${code}`, title: code, status, detail: code, code };
  return new Response(JSON.stringify({ ...standard, applied, ...fields }), {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  });
}

function failure(code: string): Error {
  return Object.assign(new TypeError(code), { code });
}

function aborted(signal: AbortSignal | null): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('the request was aborted')));
  });
}
