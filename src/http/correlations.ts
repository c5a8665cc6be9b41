import { type Correlation, REQUEST_ID, TRACE_PARENT } from '../wire/correlation.ts';

/**
 * Names requests (`X-Request-Id`), so that answer, log and leader speak of the same one. What makes
 * a write be done once, the `requestId` of a context, is its `Idempotency-Key`.
 */
export class Correlations {
  readonly #prefix = crypto.randomUUID().slice(0, 8);
  /** Names that were made up and told to somebody before the answer. */
  readonly #told = new WeakMap<Request, string>();
  #count = 0;

  /** The id the request came with; a new one when it had none, or none that is safe to repeat. */
  idOf(request: Request): string {
    const given = request.headers.get('x-request-id');
    if (given !== null && REQUEST_ID.test(given)) return given;
    return this.#told.get(request) ?? this.#next();
  }

  /** The `traceparent` the request came with; null when it had none that is one. */
  traceparentOf(request: Request): string | null {
    const trace = request.headers.get('traceparent');
    return trace !== null && TRACE_PARENT.test(trace) ? trace : null;
  }

  /** The names of a request that is still to be answered, under the same id. */
  of(request: Request): Correlation {
    const requestId = this.idOf(request);
    this.#told.set(request, requestId);
    return { requestId, traceparent: this.traceparentOf(request) };
  }

  #next(): string {
    this.#count += 1;
    return `${this.#prefix}-${this.#count}`;
  }
}
