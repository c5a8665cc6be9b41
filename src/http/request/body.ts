import { ApiError } from '../../wire/errors.ts';

/** A body over the limit, with what is left of it: the answer goes out while it is still coming. */
export class OversizedBody extends ApiError {
  readonly rest: ReadableStreamDefaultReader<Uint8Array> | null;

  constructor(limit: number, rest: ReadableStreamDefaultReader<Uint8Array> | null) {
    super('body-too-large', `The body has more than ${limit} bytes`, { limit });
    this.rest = rest;
  }
}

/**
 * A body has this long to arrive. Bun closes a connection on which little moves without a word, and
 * looks at it every 4 seconds only: of the 10 it is told, 8 may be all there are.
 */
export const BODY_TIMEOUT_MS = 7000;

/**
 * The body of a request, whole. A stated length over the limit is refused before a byte is read; a
 * body without a length is counted as it comes.
 *
 * @throws ApiError `unsupported-encoding`, `request-timeout`, and OversizedBody
 */
export async function readBody(
  request: Request,
  limit: number,
  timeoutMs: number = BODY_TIMEOUT_MS,
): Promise<Uint8Array> {
  const encoding = request.headers.get('content-encoding');
  if (encoding !== null && encoding.toLowerCase() !== 'identity') {
    throw new ApiError('unsupported-encoding', 'The body must come as it is, without encoding');
  }
  const stated = Number(request.headers.get('content-length') ?? Number.NaN);
  if (stated > limit) throw new OversizedBody(limit, request.body?.getReader() ?? null);
  if (stated >= 0) return new Uint8Array(await inTime(request.arrayBuffer(), timeoutMs));
  if (request.body === null) return new Uint8Array(0);
  return await inTime(readCounted(request.body, limit), timeoutMs);
}

async function inTime<T>(body: Promise<T>, timeoutMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const detail = `The body did not arrive within ${timeoutMs / 1000} s`;
    late.reject(new ApiError('request-timeout', detail));
  }, timeoutMs);
  try {
    return await Promise.race([body, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function readCounted(body: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks, size);
    size += value.length;
    if (size > limit) throw new OversizedBody(limit, reader);
    chunks.push(value);
  }
}

/**
 * Reads on, so that the client can finish writing and see the answer; a connection closed under a
 * client that writes loses the answer. Ends after so many bytes or so long.
 */
export async function drain(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  bytes: number,
  ms: number,
): Promise<void> {
  const timer = setTimeout(() => void reader.cancel().catch(() => undefined), ms);
  try {
    for (let size = 0; size < bytes; ) {
      const { done, value } = await reader.read();
      if (done) return;
      size += value.length;
    }
    await reader.cancel();
  } catch {
    // The client is gone, which ends the drain as well.
  } finally {
    clearTimeout(timer);
  }
}
