/** The peer sent more than an answer may have. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
}

/**
 * The body of an answer, of at most `limit` bytes: read piece by piece, so that a peer that never
 * stops sending costs no more memory than that. The rest of a longer one is cancelled.
 *
 * @throws BodyTooLargeError
 */
export async function readCapped(response: Response, limit: number): Promise<Uint8Array> {
  const announced = response.headers.get('content-length');
  if (announced !== null) {
    // The HTTP client reads no more than the announced length.
    if (Number(announced) <= limit) return new Uint8Array(await response.arrayBuffer());
    await response.body?.cancel();
    throw new BodyTooLargeError(`an answer of ${announced} bytes; at most ${limit}`);
  }
  return response.body === null ? new Uint8Array() : readStream(response.body, limit);
}

async function readStream(stream: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array> {
  const reader = stream.getReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(pieces);
    size += value.byteLength;
    if (size > limit) {
      await reader.cancel();
      throw new BodyTooLargeError(`an answer of more than ${limit} bytes`);
    }
    pieces.push(value);
  }
}
