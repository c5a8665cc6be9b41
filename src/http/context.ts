import { parseDuration } from '../lib/quantities.ts';
import type { NodeApi, RequestContext } from '../node/api.ts';
import { ApiError } from '../wire/errors.ts';
import type { Correlations } from './correlations.ts';

const TIMEOUT_DEFAULT_MS = 5000;
const TIMEOUT_MAX_MS = 60_000;
const IDEMPOTENCY_KEY = /^[A-Za-z0-9_-]{1,64}$/;
const CLIENT_AND_NUMBER = /^[A-Za-z0-9_-]{1,64}\.(0|[1-9][0-9]{0,15})$/;

/** The part of Bun's server that lets one request last longer than the others. */
export interface IdleTimer {
  timeout(request: Request, seconds: number): void;
}

/** Builds what goes with each request. */
export class RequestContexts {
  readonly #node: Pick<NodeApi, 'now'>;
  readonly #correlations: Correlations;

  constructor(node: Pick<NodeApi, 'now'>, correlations: Correlations) {
    this.#node = node;
    this.#correlations = correlations;
  }

  /** @throws ApiError `bad-request` for a malformed `Abcd-Timeout` */
  read(request: Request, server: IdleTimer | null): RequestContext {
    return this.#build(request, server, null);
  }

  /** @throws ApiError `bad-request`, `idempotency-key-invalid` */
  write(request: Request, server: IdleTimer | null): RequestContext {
    return this.#build(request, server, idempotencyKeyOf(request.headers));
  }

  #build(request: Request, server: IdleTimer | null, requestId: string | null): RequestContext {
    const timeoutMs = timeoutOf(request.headers);
    // Bun closes a connection on which nothing moves, even while it waits for our answer.
    if (timeoutMs > TIMEOUT_DEFAULT_MS) server?.timeout(request, Math.ceil(timeoutMs / 1000) + 5);
    const correlations = this.#correlations;
    return {
      deadline: this.#node.now() + timeoutMs,
      requestId,
      // Most requests are answered without a look at these, and making them costs.
      get signal() {
        return request.signal;
      },
      get correlation() {
        return correlations.of(request);
      },
    };
  }
}

/** Milliseconds that the request may take. @throws ApiError `bad-request` */
export function timeoutOf(headers: Headers): number {
  const header = headers.get('abcd-timeout');
  if (header === null) return TIMEOUT_DEFAULT_MS;
  const ms = parseDuration(header);
  if (ms !== null && ms > 0 && ms <= TIMEOUT_MAX_MS) return ms;
  throw new ApiError('bad-request', 'Abcd-Timeout must be like 500ms or 2s, and at most 60s');
}

/** The name of a write, null when it has none. @throws ApiError `idempotency-key-invalid` */
function idempotencyKeyOf(headers: Headers): string | null {
  const key = headers.get('idempotency-key');
  if (key === null || IDEMPOTENCY_KEY.test(key)) return key;
  const number = CLIENT_AND_NUMBER.exec(key)?.[1];
  if (number !== undefined && Number.isSafeInteger(Number(number))) return key;
  throw new ApiError(
    'idempotency-key-invalid',
    'Idempotency-Key must be 1 to 64 of A-Za-z0-9_-, which a dot and a number may follow',
  );
}
