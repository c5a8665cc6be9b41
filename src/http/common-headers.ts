import type { NodeApi } from '../node/api.ts';

const REQUEST_ID = /^[A-Za-z0-9_-]{1,64}$/;
const TRACE_PARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Response headers by name in lower case. */
export type HeaderRecord = Record<string, string | number>;

/** The headers that every answer carries. */
export class CommonHeaders {
  readonly #node: NodeApi;
  readonly #prefix = crypto.randomUUID().slice(0, 8);
  #count = 0;

  constructor(node: NodeApi) {
    this.#node = node;
  }

  /** Those that never change. Nothing is cached without asking, nothing is taken for a page. */
  constant(): Record<string, string> {
    return {
      'abcd-cluster': this.#node.clusterId,
      'abcd-member': this.#node.memberId,
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
    };
  }

  /** Adds those of this moment. A handler that knows the revision of its answer has set it. */
  stamp(headers: HeaderRecord, request: Request): void {
    headers['abcd-revision'] ??= String(this.#node.store.revision);
    headers['abcd-term'] = String(this.#node.term());
    headers['x-request-id'] = this.#requestIdOf(request.headers);
    const trace = request.headers.get('traceparent');
    if (trace !== null && TRACE_PARENT.test(trace)) headers['traceparent'] = trace;
  }

  /** The id the request came with; a new one when it had none, or none that is safe to repeat. */
  #requestIdOf(headers: Headers): string {
    const given = headers.get('x-request-id');
    if (given !== null && REQUEST_ID.test(given)) return given;
    this.#count += 1;
    return `${this.#prefix}-${this.#count}`;
  }
}
