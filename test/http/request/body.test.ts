import { expect, test } from 'bun:test';
import { BODY_TIMEOUT_MS, readBody } from '../../../src/http/request/body.ts';
import { IDLE_TIMEOUT_S } from '../../../src/http/server.ts';

/** A body that begins and never ends. */
function stalled(): Request {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(10)),
  });
  return new Request('http://x/', { method: 'PUT', body });
}

test('a body that does not arrive in time is 408, and certainly had no effect', async () => {
  const error: unknown = await readBody(stalled(), 100, 20).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'request-timeout', status: 408, applied: 'no' });
});

test('a body in time is read whole', async () => {
  const request = new Request('http://x/', { method: 'PUT', body: 'value' });
  expect(await readBody(request, 100, 1000)).toEqual(new TextEncoder().encode('value'));
});

test('a body that comes too slowly is answered before Bun closes the connection', () => {
  // Bun counts in sweeps of 4 seconds, and the first may come at once.
  const leastMs = (Math.ceil(IDLE_TIMEOUT_S / 4) - 1) * 4000;
  expect(BODY_TIMEOUT_MS).toBeLessThan(leastMs - 500);
});
