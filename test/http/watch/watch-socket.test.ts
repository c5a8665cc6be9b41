import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { type HttpServer, listen } from '../../../src/http/server.ts';
import { silentLogger } from '../../../src/lib/logger.ts';
import { compact, put } from '../../kv/support/commands.ts';
import { TEST_CONFIG, type TestApp, testApp } from '../../support/http.ts';
import { RawSocket } from '../../support/raw-socket.ts';

const BUDGET = 200_000;
const CONFIG = { ...TEST_CONFIG, limits: { ...TEST_CONFIG.limits, watcherBytes: BUDGET } };
const HANDSHAKE =
  'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

let app: TestApp;
let server: HttpServer;
let shutdown: AbortController;

beforeEach(() => {
  shutdown = new AbortController();
  app = testApp(CONFIG, shutdown.signal);
  server = listen(app.app, { host: '127.0.0.1', port: 0, logger: silentLogger });
});

afterEach(async () => {
  await server.stop(0);
});

/** Keeps what comes. */
class Client {
  readonly messages: { event: string; revision: number; reason?: string }[] = [];
  readonly socket: WebSocket;
  readonly opened: Promise<unknown>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  #wake: () => void = () => undefined;

  constructor(query: string) {
    this.socket = new WebSocket(`ws://127.0.0.1:${server.port}/watch?${query}`);
    this.opened = new Promise((resolve) => this.socket.addEventListener('open', resolve));
    this.closed = new Promise((resolve) => this.socket.addEventListener('close', resolve));
    this.socket.addEventListener('message', ({ data }) => {
      this.messages.push(JSON.parse(String(data)));
      this.#wake();
    });
  }

  async received(count: number): Promise<readonly unknown[]> {
    while (this.messages.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.messages;
  }
}

async function handshake(headers: string, path = '/watch?key=a'): Promise<RawSocket> {
  const socket = await RawSocket.open(server.port);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: n1:8080\r\n${headers}\r\n`);
  return socket;
}

async function statusOf(headers: string, path?: string): Promise<number> {
  const socket = await handshake(headers, path);
  await socket.until((received) => received.includes('\r\n\r\n'));
  const status = Number(socket.received.split(' ')[1]);
  socket.close();
  return status;
}

describe('a watch over a WebSocket', () => {
  test('says what happens, an object a message', async () => {
    app.node.apply(put('a', '1'));
    const client = new Client('key=a&revision=2&progress=1s');
    await client.opened;
    app.node.apply(put('a', '2'));
    await client.received(2);
    app.node.clockNow += 1000;
    app.node.watches.tick();
    expect(await client.received(3)).toMatchObject([
      { event: 'change', revision: 2, events: [{ type: 'put', key: 'a', value: '1' }] },
      { event: 'change', revision: 3 },
      { event: 'progress', revision: 3 },
    ]);
    client.socket.close();
    while (app.node.watches.size > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  test('closes with a reason when the server stops', async () => {
    const client = new Client('key=a');
    await client.opened;
    shutdown.abort();
    expect(await client.closed).toMatchObject({ code: 1001, reason: 'shutdown' });
    expect(client.messages).toMatchObject([{ event: 'canceled', reason: 'shutdown', revision: 2 }]);
    await server.stop(60_000);
  });

  test('does not listen to what it is told', async () => {
    const client = new Client('key=a');
    await client.opened;
    client.socket.send('hello');
    client.socket.send(new Uint8Array(100));
    app.node.apply(put('a', '1'));
    expect(await client.received(1)).toMatchObject([{ event: 'change', revision: 2 }]);
    client.socket.send('x'.repeat(100_000));
    await client.closed;
    while (app.node.watches.size > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  test('is told where to go on when its reader is too slow, and misses nothing then', async () => {
    const socket = await handshake(HANDSHAKE, '/watch?key=a');
    await socket.until((received) => received.includes('\r\n\r\n'));
    socket.pause();
    let written = 0;
    // The kernel takes some megabytes; then messages wait here, and then the watch ends.
    while (app.node.watches.size > 0 && written < 10_000) {
      written += 1;
      app.node.apply(put('a', 'x'.repeat(50_000)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(written).toBeLessThan(1000);
    socket.resume();
    await socket.until((text) => text.includes('"reason":"slow"'));
    const revisions = [...socket.received.matchAll(/"event":"change","revision":(\d+)/g)];
    const [, next] = /"reason":"slow","revision":(\d+)/.exec(socket.received) ?? [];
    expect(revisions.map(([, revision]) => Number(revision))).toEqual(
      Array.from({ length: Number(next) - 2 }, (_, n) => n + 2),
    );
    await socket.untilClosed();
    const client = new Client(`key=a&revision=${next}`);
    const rest = written + 1 - Number(next) + 1;
    await client.received(rest);
    expect(client.messages.map(({ revision }) => revision)).toEqual(
      Array.from({ length: rest }, (_, n) => Number(next) + n),
    );
    client.socket.close();
  });

  test('carries one message of any size', async () => {
    const client = new Client('key=a');
    await client.opened;
    app.node.apply(put('a', 'x'.repeat(20 * BUDGET)));
    app.node.apply(put('a', '1'));
    await client.received(2);
    expect(client.messages.map(({ event }) => event)).toEqual(['change', 'change']);
    client.socket.close();
  });
});

describe('the handshake', () => {
  test('is refused to pages of other sites, who could read what comes', async () => {
    expect(await statusOf(HANDSHAKE)).toBe(101);
    expect(await statusOf(`${HANDSHAKE}Origin: http://n1:8080\r\n`)).toBe(101);
    expect(await statusOf(`${HANDSHAKE}Origin: http://evil.example\r\n`)).toBe(403);
    expect(await statusOf(`${HANDSHAKE}Origin: null\r\n`)).toBe(403);
    expect(await statusOf(`${HANDSHAKE}Origin: http://n1:8081\r\n`)).toBe(403);
    const other = await RawSocket.open(server.port);
    other.write(`GET /watch?key=a HTTP/1.1\r\nHost: evil.example\r\n${HANDSHAKE}\r\n`);
    expect((await other.answer()).status).toBe(421);
    other.close();
  });

  test('fails as any request does', async () => {
    for (let n = 0; n < 5; n += 1) app.node.apply(put('a', `${n}`));
    app.node.apply(compact(4));
    expect(await statusOf(HANDSHAKE, '/watch')).toBe(400);
    expect(await statusOf(HANDSHAKE, '/watch?key=a&revision=3')).toBe(410);
    expect(await statusOf(HANDSHAKE, '/kv/a')).toBe(200);
    expect(await statusOf('Upgrade: websocket\r\nConnection: Upgrade\r\n')).toBe(400);
    expect(app.node.watches.size).toBe(0);
  });
});
