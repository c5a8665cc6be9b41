import { expect, test } from 'bun:test';

/**
 * A server that answers the first request of a connection and resets it when the second has
 * arrived: what a peer does that is killed while a connection to it is pooled.
 */
function resettingServer() {
  const requests: string[] = [];
  const listener = Bun.listen<{ count: number }>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open: (socket) => {
        socket.data = { count: 0 };
      },
      data: (socket, bytes) => {
        const text = Buffer.from(bytes).toString('latin1');
        requests.push(text.slice(0, text.indexOf(' HTTP')));
        socket.data.count += 1;
        if (socket.data.count === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
        else socket.terminate();
      },
    },
  });
  return {
    requests,
    url: `http://127.0.0.1:${listener.port}`,
    [Symbol.dispose]: () => listener.stop(true),
  };
}

test('fetch sends a POST once, though the pooled connection is reset after it', async () => {
  using server = resettingServer();
  const first = await fetch(`${server.url}/1`, { method: 'POST', body: 'x' });
  expect(await first.text()).toBe('ok');
  const second = fetch(`${server.url}/2`, { method: 'POST', body: 'x' });
  const error: unknown = await second.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'ECONNRESET' });
  expect(server.requests).toEqual(['POST /1', 'POST /2']);
});
