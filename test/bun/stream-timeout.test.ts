import { connect } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'bun:test';

const PIECE = new Uint8Array(64 * 1024);

// Time-outs are looked after every four seconds, so this takes as long.
test('a time-out that is set late ends a stream whose reader stands still', async () => {
  const ended = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<Request>();
  await using server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request, own) => {
      own.timeout(request, 0);
      asked.resolve(request);
      return new Response(
        new ReadableStream(
          {
            pull: (controller) => controller.enqueue(PIECE),
            cancel: () => ended.resolve(),
          },
          { highWaterMark: 0 },
        ),
      );
    },
  });
  const socket = connect(Number(server.port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.pause();
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  server.timeout(await asked.promise, 1);
  await ended.promise;
  const closed = once(socket, 'close');
  socket.on('data', () => undefined);
  socket.resume();
  expect(await closed).toBeArray();
}, 15_000);

test('a request may become a WebSocket after a while, open as soon as it is one', async () => {
  const order: string[] = [];
  await using server = Bun.serve<string>({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request, own) => {
      await new Promise((resolve) => setImmediate(resolve));
      const upgraded = own.upgrade(request, { data: 'mine' });
      order.push(`upgraded: ${upgraded}`);
      return upgraded ? undefined : new Response('no');
    },
    websocket: {
      open: (socket) => {
        order.push(`open: ${socket.data}`);
        socket.sendText('last words');
        socket.close(4410, 'over');
      },
      message: () => undefined,
    },
  });
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`);
  const said: unknown[] = [];
  socket.addEventListener('message', ({ data }) => said.push(data));
  const { code, reason } = await new Promise<CloseEvent>((resolve) => {
    socket.addEventListener('close', resolve);
  });
  expect([order, said, code, reason]).toEqual([
    ['open: mine', 'upgraded: true'],
    ['last words'],
    4410,
    'over',
  ]);
  const answer = await fetch(server.url, { headers: { upgrade: 'websocket' } });
  expect(await answer.text()).toBe('no');
});
