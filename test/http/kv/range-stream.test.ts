import { describe, expect, test } from 'bun:test';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createApp } from '../../../src/http/app.ts';
import { listen } from '../../../src/http/server.ts';
import type { KeyValue } from '../../../src/kv/command.ts';
import type { StoreReader } from '../../../src/kv/store-reader.ts';
import { silentLogger } from '../../../src/lib/logger.ts';
import { bytesOfText } from '../../../src/lib/bytes.ts';
import { FakeNode } from '../../support/fake-node.ts';
import { echoPeers, TEST_CONFIG, type TestApp, testApp } from '../../support/http.ts';

/** So much goes over a socket here that a busy machine takes long. */
const PATIENCE_MS = 30_000;

const NDJSON = { headers: { accept: 'application/x-ndjson' } };

async function lines(app: TestApp, query: string): Promise<{ key: string; value?: string }[]> {
  const answer = await app.send('GET', `/kv?${query}`, NDJSON);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
  expect(answer.headers.get('vary')).toBe('Accept');
  const text = await answer.text();
  expect(text).toMatch(/^([^\n]+\n)*$/);
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

async function filled(): Promise<TestApp> {
  const app = testApp();
  for (const key of ['a', 'b/1', 'b/2', 'b/3', 'c']) {
    await app.send('PUT', `/kv/${key}`, { body: `value of\n${key}` });
  }
  await app.send('DELETE', '/kv/b/2');
  return app;
}

describe('GET /kv with Accept: application/x-ndjson', () => {
  test.each([
    ['prefix=', ['a', 'b/1', 'b/3', 'c']],
    ['prefix=b/', ['b/1', 'b/3']],
    ['start=b/2&end=c', ['b/3']],
    ['prefix=&order=desc', ['c', 'b/3', 'b/1', 'a']],
    ['prefix=&sort=key', ['a', 'b/1', 'b/3', 'c']],
    ['prefix=&limit=2', ['a', 'b/1']],
    ['prefix=&limit=2&order=desc', ['c', 'b/3']],
    ['prefix=&limit=20000', ['a', 'b/1', 'b/3', 'c']],
    ['prefix=&minModRevision=5', ['b/3', 'c']],
    ['prefix=&revision=5', ['a', 'b/1', 'b/2', 'b/3']],
    ['prefix=x', []],
  ])('?%s gives %j', async (query, keys) => {
    expect((await lines(await filled(), query)).map(({ key }) => key)).toEqual(keys);
  });

  test('a line is a pair, or what keysOnly leaves of it; headers say as of when', async () => {
    const app = await filled();
    const numbers = { createRevision: 2, modRevision: 2, version: 1 };
    const query = 'prefix=a&limit=1';
    expect(await lines(app, query)).toEqual([{ key: 'a', value: 'value of\na', ...numbers }]);
    expect(await lines(app, `${query}&keysOnly`)).toEqual([{ key: 'a', ...numbers }]);
    const { headers } = await app.send('GET', `/kv?${query}`, NDJSON);
    expect(headers.get('abcd-revision')).toBe('7');
    expect(headers.get('abcd-cluster')).toBe(app.node.clusterId);
    expect(headers.get('x-request-id')).toBeTruthy();
  });

  test.each(['sort=mod', 'cursor=MTIz', 'countOnly', 'limit=0', 'limit=x'])(
    '?%s is refused, in JSON',
    async (query) => {
      const app = await filled();
      const answer = await app.send('GET', `/kv?prefix=&${query}`, NDJSON);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ code: 'bad-request' });
      expect(app.node.barriers).toBe(0);
    },
  );

  test('one key is one document, whatever is accepted', async () => {
    const answer = await (await filled()).send('GET', '/kv?key=a', NDJSON);
    expect(answer.headers.get('content-type')).toStartWith('application/json');
  });

  test('all of it is as of one revision, whatever happens before it is read', async () => {
    const app = await filled();
    const answer = await app.send('GET', '/kv?prefix=', NDJSON);
    await app.send('PUT', '/kv/b/0', { body: 'new' });
    await app.send('DELETE', '/kv/c');
    app.node.apply({ kind: 'compact', revision: 9 });
    while (app.node.machine.collect(100));
    const keys = (await answer.text()).match(/"key":"[^"]+"/g);
    expect(keys).toEqual(['"key":"a"', '"key":"b/1"', '"key":"b/3"', '"key":"c"']);
  });
});

const COUNT = 20_000;
const VALUE = 'x'.repeat(4000);

/** A server of 80 MB of pairs, and how many of them it has read. */
function serve(fail: (pair: KeyValue) => void = () => undefined) {
  const node = new FakeNode();
  for (let i = 0; i < COUNT; i += 1) {
    const key = bytesOfText(`k${String(i).padStart(6, '0')}`);
    const fields = { key, value: bytesOfText(VALUE), condition: null, prev: false };
    node.apply({ kind: 'put', ...fields });
  }
  const state = { read: 0, over: false };
  const { store } = node;
  const counted = (reader: StoreReader): StoreReader => {
    const ordered = reader.ordered.bind(reader);
    function* pairs(...ask: Parameters<typeof ordered>): ReturnType<typeof ordered> {
      try {
        for (const pair of ordered(...ask)) {
          if (pair !== null) fail(pair);
          state.read += 1;
          yield pair;
        }
      } finally {
        state.over = true;
      }
    }
    reader.ordered = pairs;
    return reader;
  };
  const pin = store.pin.bind(store);
  store.pin = () => counted(pin());
  const app = createApp({ node, peers: echoPeers, config: TEST_CONFIG });
  const server = listen(app, { host: '127.0.0.1', port: 0, logger: silentLogger });
  return { node, state, server, [Symbol.asyncDispose]: () => server.stop(0) };
}

/** A client that reads when it is told to. */
async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.pause();
  await once(socket, 'connect');
  socket.write(
    'GET /kv?prefix= HTTP/1.1\r\nhost: localhost\r\naccept: application/x-ndjson\r\n\r\n',
  );
  return socket;
}

async function turns(until: () => boolean): Promise<void> {
  while (!until()) await new Promise((resolve) => setImmediate(resolve));
}

/** Everything up to the end of the connection, or of the body. */
function received(socket: Socket): Promise<{ lines: number; end: string }> {
  return new Promise((resolve) => {
    let found = 0;
    let end = '';
    socket.on('data', (data) => {
      for (const byte of data) if (byte === 0x0a) found += 1;
      end = (end + data.toString('latin1')).slice(-16);
      if (end.endsWith('\r\n0\r\n\r\n')) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve({ lines: found, end }));
    socket.resume();
  });
}

describe('a stream over a connection', () => {
  test(
    'stands still while its reader does, and goes on when it does',
    async () => {
      await using served = serve();
      const { state, server } = served;
      const socket = await open(server.port);
      await turns(() => state.read > 0);
      // It has come to rest when a while passes in which nothing is read.
      for (let before = -1; before !== state.read; ) {
        before = state.read;
        for (let i = 0; i < 20; i += 1) {
          await (await fetch(`${server.url}/kv/k000001`)).arrayBuffer();
        }
      }
      expect(state.read).toBeLessThan(COUNT / 2);
      const { lines: found, end } = await received(socket);
      expect(end).toEndWith('\r\n0\r\n\r\n');
      expect(found).toBeGreaterThanOrEqual(COUNT);
      expect(state).toEqual({ read: COUNT, over: true });
    },
    PATIENCE_MS,
  );

  test('is let go of when its reader has gone', async () => {
    await using served = serve();
    const { state, server } = served;
    const socket = await open(server.port);
    await turns(() => state.read > 0);
    socket.destroy();
    await turns(() => state.over);
    expect(state.read).toBeLessThan(COUNT);
  });

  test(
    'does not look complete when it is not',
    async () => {
      await using served = serve(({ key }) => {
        if (key === 'k010000') throw new Error('a pair that cannot be read');
      });
      const { lines: found, end } = await received(await open(served.server.port));
      expect(found).toBeGreaterThan(1000);
      expect(end).not.toContain('\r\n0\r\n');
    },
    PATIENCE_MS,
  );
});
