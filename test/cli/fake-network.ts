import type { Caller, Fetch } from '../../src/cli/http.ts';
import { ManualClock } from '../transport/manual-clock.ts';

/** What one address does with a request: an answer, `refused`, or nothing at all. */
export type Behaviour = (
  path: string,
  init: RequestInit,
) => FakeAnswer | Response | 'refused' | 'silent';

export interface FakeAnswer {
  readonly status?: number;
  readonly body: unknown;
}

/** Addresses by origin, and a clock that runs on by itself whenever everybody waits. */
export class FakeNetwork implements Caller {
  readonly clock = new ManualClock();
  readonly requests: { readonly url: string; readonly init: RequestInit }[] = [];
  readonly #hosts: ReadonlyMap<string, Behaviour>;

  constructor(hosts: Readonly<Record<string, Behaviour>>) {
    this.#hosts = new Map(Object.entries(hosts));
  }

  readonly fetch: Fetch = (url, init = {}) => {
    this.requests.push({ url, init });
    const { origin, pathname, search } = new URL(url);
    const answer = this.#hosts.get(origin)?.(pathname + search, init) ?? 'refused';
    if (answer === 'refused') {
      return Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    }
    if (answer !== 'silent') {
      if (answer instanceof Response) return Promise.resolve(answer);
      return Promise.resolve(Response.json(answer.body, { status: answer.status ?? 200 }));
    }
    return new Promise((_, reject) => {
      init.signal?.addEventListener('abort', () => reject(new Error('aborted')));
    });
  };

  /** Lets time pass in small steps until the work is done. */
  async run<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const finished = work.finally(() => {
      done = true;
    });
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve));
      this.clock.advance(50);
    }
    return finished;
  }
}
