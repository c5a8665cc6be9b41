import type { NodeApi } from '../node/api.ts';
import type { Correlations } from './correlations.ts';

/** Response headers by name in lower case. */
export type HeaderRecord = Record<string, string | number>;

/** The headers that every answer carries. */
export class CommonHeaders {
  readonly #node: NodeApi;
  readonly #correlations: Correlations;

  constructor(node: NodeApi, correlations: Correlations) {
    this.#node = node;
    this.#correlations = correlations;
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
    headers['x-request-id'] = this.#correlations.idOf(request);
    const traceparent = this.#correlations.traceparentOf(request);
    if (traceparent !== null) headers['traceparent'] = traceparent;
  }
}
