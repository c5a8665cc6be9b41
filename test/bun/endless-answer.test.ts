import { expect, test } from 'bun:test';
import { BodyTooLargeError, readCapped } from '../../src/transport/capped-body.ts';

/** Sends for as long as anybody listens. */
function endlessServer(headers: Record<string, string> = {}) {
  const ended = Promise.withResolvers<undefined>();
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)),
          cancel: () => ended.resolve(undefined),
        }),
        { headers },
      ),
  });
  return { url: server.url, ended: ended.promise, [Symbol.asyncDispose]: () => server.stop(true) };
}

async function outcome(url: URL, limit: number): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', decompress: false });
  return readCapped(response, limit).catch((error: unknown) => error);
}

test('an answer without an end is cut at the limit, and its sender is told', async () => {
  await using server = endlessServer();
  expect(await outcome(server.url, 1_000_000)).toBeInstanceOf(BodyTooLargeError);
  await server.ended;
});

test('an announced length is believed only up to the limit', async () => {
  await using server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => new Response(new Uint8Array(1001)),
  });
  expect(await outcome(server.url, 1000)).toBeInstanceOf(BodyTooLargeError);
  expect(await outcome(server.url, 1001)).toEqual(new Uint8Array(1001));
});

test('decompress: false hands a compressed answer over as it is', async () => {
  const packed = Bun.gzipSync(new Uint8Array(1_000_000));
  await using server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => new Response(packed, { headers: { 'content-encoding': 'gzip' } }),
  });
  expect(await outcome(server.url, packed.length)).toEqual(packed);
});
