import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'bun:test';

/** A server that answers `/waits` only when it is told to. */
function create() {
  const waits = Promise.withResolvers<undefined>();
  const arrived = Promise.withResolvers<undefined>();
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 1,
    fetch: async (request) => {
      await request.arrayBuffer();
      arrived.resolve(undefined);
      await waits.promise;
      return new Response('late');
    },
  });
  return { server, arrived: arrived.promise, answer: () => waits.resolve(undefined) };
}

// Time-outs are looked after every four seconds, so this takes as long.
test('idleTimeout ends a body that stops, but no request that waits for its handler', async () => {
  const { server, arrived, answer } = create();
  const waiting = fetch(`${server.url}waits`, { method: 'POST', body: 'x' });
  await arrived;
  const stalled = connect(Number(server.port), '127.0.0.1');
  stalled.on('error', () => undefined);
  stalled.resume();
  stalled.write('POST /stalls HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nhalf');
  await once(stalled, 'close');
  // The time-out has struck, and the older request is still there to be answered.
  answer();
  expect(await (await waiting).text()).toBe('late');
  await server.stop(true);
}, 15_000);
