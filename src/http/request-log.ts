import type { Logger } from '../lib/logger.ts';
import { PATH_SEARCH_START } from './request/key.ts';

export type Answer = Response | Promise<Response>;

/**
 * One line for each request of a client, at the level `debug`; above it, one `if`. What peers say
 * is in the events, at the level `trace`.
 */
export class RequestLog {
  readonly #logger: Logger;
  readonly #now: () => number;

  /** `now` in ms. */
  constructor(logger: Logger, now: () => number) {
    this.#logger = logger;
    this.#now = now;
  }

  /** Lets the request be answered. The time is that until the headers of the answer. */
  around(request: Request, answer: (request: Request) => Answer): Answer {
    if (!this.#logger.enabled('debug')) return answer(request);
    const path = pathOf(request.url);
    if (path.startsWith('/raft/')) return answer(request);
    const begun = this.#now();
    const log = (response: Response): Response => {
      const ms = Math.round(this.#now() - begun);
      const { status, headers } = response;
      const names = {
        requestId: headers.get('x-request-id'),
        traceparent: headers.get('traceparent'),
      };
      const fields = { method: request.method, path, status, ms, ...names };
      this.#logger.log('debug', 'node', 'request', fields);
      return response;
    };
    const answered = answer(request);
    return answered instanceof Promise ? answered.then(log) : log(answered);
  }
}

/** The path, and the names of what the query says; its values may be keys, or large. */
function pathOf(url: string): string {
  const start = url.startsWith('/') ? 0 : url.indexOf('/', PATH_SEARCH_START);
  const [path = '', query] = (start === -1 ? '/' : url.slice(start)).split('?', 2);
  if (query === undefined || query === '') return path;
  return `${path}?${query.replace(/=[^&]*/g, '')}`;
}
