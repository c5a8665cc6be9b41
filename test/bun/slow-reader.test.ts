import { connect } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'bun:test';

const PIECE = new Uint8Array(64 * 1024);

test('a stream with `pull` stops when its reader does', async () => {
  let pulls = 0;
  await using server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () =>
      new Response(
        new ReadableStream({
          pull: (controller) => {
            pulls += 1;
            controller.enqueue(PIECE);
          },
        }),
      ),
  });
  const socket = connect(Number(server.port), '127.0.0.1');
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(socket, 'connect');
  // The reader stands still: the count of pulls must come to rest, and below 32 MiB.
  let before = -1;
  while (pulls !== before || pulls === 0) {
    before = pulls;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(pulls * PIECE.length).toBeLessThan(32 * 2 ** 20);
  const resting = pulls;
  // And goes on when the reader does: it was waiting, not dead.
  socket.on('data', () => undefined);
  socket.resume();
  while (pulls <= resting + 100) await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
});
