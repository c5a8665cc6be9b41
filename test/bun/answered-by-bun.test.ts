/** What the server answers before the program sees it; the README says so. */
import { afterAll, beforeEach, expect, test } from 'bun:test';
import { RawSocket } from '../support/raw-socket.ts';

let hold: Promise<unknown> | null = null;
let seen: { readonly url: string; readonly host: string | null }[] = [];
const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: async ({ url, headers }) => {
    seen.push({ url, host: headers.get('host') });
    if (hold !== null) await hold;
    return new Response('seen');
  },
});

beforeEach(() => {
  seen = [];
  hold = null;
});

afterAll(() => server.stop(true));

async function answerTo(...lines: readonly string[]) {
  const socket = await RawSocket.open(server.port ?? 0);
  socket.write(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`);
  await socket.untilClosed();
  return await socket.answer();
}

const HOST = 'Host: localhost';
const many = Array.from({ length: 200 }, (_, i) => `X-${i}: 1`);

test.each([
  ['many headers', 431, ['GET / HTTP/1.1', HOST, ...many]],
  ['a long header', 431, ['GET / HTTP/1.1', HOST, `X: ${'a'.repeat(17_000)}`]],
  ['a length that is no number', 400, ['PUT / HTTP/1.1', HOST, 'Content-Length: x']],
  ['two lengths', 400, ['PUT / HTTP/1.1', HOST, 'Content-Length: 1', 'Transfer-Encoding: chunked']],
  ['no path', 400, ['OPTIONS * HTTP/1.1', HOST]],
  ['another version', 505, ['GET / HTTP/3.0', HOST]],
  ['an unknown method', 0, ['BREW / HTTP/1.1', HOST]],
])('%s: %i, and the program does not hear of it', async (_what, status, lines) => {
  const answer = await answerTo(...lines);
  expect({ status: answer.status, body: answer.body }).toEqual({ status, body: '' });
  expect(seen).toEqual([]);
});

test('of an absolute target the host is dropped', async () => {
  expect((await answerTo('GET http://evil.example/kv/a HTTP/1.1', HOST)).status).toBe(200);
  expect(seen).toEqual([{ url: 'http://localhost/kv/a', host: 'localhost' }]);
});

test('a second request before the first is answered ends the connection', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  hold = promise;
  const socket = await RawSocket.open(server.port ?? 0);
  socket.write(`GET /1 HTTP/1.1\r\n${HOST}\r\n\r\nGET /2 HTTP/1.1\r\n${HOST}\r\n\r\n`);
  await socket.untilClosed();
  expect(socket.received).toBe('');
  expect(seen.map(({ url }) => url)).toEqual(['http://localhost/1']);
  resolve();
});
