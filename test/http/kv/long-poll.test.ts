import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { type HttpServer, listen } from '../../../src/http/server.ts';
import { silentLogger } from '../../../src/lib/logger.ts';
import { StateMachine } from '../../../src/kv/state-machine.ts';
import { compact, del, put } from '../../kv/support/commands.ts';
import { restore } from '../../kv/support/rig.ts';
import { TEST_CONFIG, type TestApp, testApp } from '../../support/http.ts';
import { RawSocket } from '../../support/raw-socket.ts';

let app: TestApp;
let shutdown: AbortController;

beforeEach(() => {
  shutdown = new AbortController();
  app = testApp(TEST_CONFIG, shutdown.signal);
});

/** A request, once it waits. */
async function waiting(path: string, headers: Record<string, string> = {}) {
  const before = app.node.changes.size;
  const answer = app.send('GET', path, { headers });
  while (app.node.changes.size === before) await new Promise((resolve) => setImmediate(resolve));
  return { answered: answer.then(seen) };
}

async function get(path: string, headers: Record<string, string> = {}) {
  return seen(await app.send('GET', path, { headers }));
}

async function seen(answer: Response) {
  const text = await answer.text();
  const { status, headers } = answer;
  return { status, etag: headers.get('etag'), body: text === '' ? null : JSON.parse(text) };
}

describe('a read that waits', () => {
  test('answers at once when the key has changed already', async () => {
    app.node.apply(put('a', '1'));
    app.node.apply(put('b', '1'));
    for (const after of [0, 1]) {
      const answer = await get(`/kv/a?after=${after}`);
      expect(answer).toMatchObject({ status: 200, etag: '"2"', body: { value: '1' } });
    }
    expect((await get('/kv?key=a&after=1&wait=5m')).status).toBe(200);
    expect(app.node.changes.size).toBe(0);
  });

  test('answers when the key is written, not when another one is', async () => {
    app.node.apply(put('a', '1'));
    const answer = await waiting('/kv/a?after=2');
    const lines = await waiting('/kv?key=a&after=2&wait=5m&raw=false');
    app.node.apply(put('aa', '1'));
    app.node.apply(put('a', '2'));
    for (const one of [await answer.answered, await lines.answered]) {
      expect(one).toMatchObject({ status: 200, etag: '"4"', body: { value: '2', modRevision: 4 } });
    }
    expect(app.node.changes.size).toBe(0);
  });

  test('answers 404 with the revision when the key is deleted, then or before', async () => {
    app.node.apply(put('a', '1'));
    const answer = await waiting('/kv/a?after=2');
    app.node.apply(del('a'));
    const gone = { status: 404, body: { code: 'key-not-found', revision: 3 } };
    expect(await answer.answered).toMatchObject(gone);
    expect(await get('/kv/a?after=2')).toMatchObject(gone);
    expect(await get('/kv/a?after=3&wait=1ms')).toMatchObject({ status: 304, etag: null });
  });

  test('waits for a key that was never there', async () => {
    const answer = await waiting('/kv/a?after=0');
    app.node.apply(put('a', '1'));
    expect(await answer.answered).toMatchObject({ status: 200, body: { createRevision: 2 } });
  });

  test('answers 304 when nothing happened in time, as the key is', async () => {
    app.node.apply(put('a', '1'));
    expect(await get('/kv/a?after=2&wait=1ms')).toEqual({ status: 304, etag: '"2"', body: null });
    expect(await get('/kv/a?after=2&wait=0s')).toEqual({ status: 304, etag: '"2"', body: null });
    expect(await get('/kv/b?after=2&wait=1ms')).toEqual({ status: 304, etag: null, body: null });
    expect(app.node.changes.size).toBe(0);
  });

  test('does not wait for a deletion that may be forgotten', async () => {
    app.node.apply(put('a', '1'));
    app.node.apply(del('a'));
    app.node.apply(put('b', '1'));
    app.node.apply(compact(4));
    app.node.machine.collect(1000);
    expect(await get('/kv/a?after=2')).toMatchObject({ status: 404, body: { revision: 4 } });
    expect((await get('/kv/a?after=4&wait=1ms')).status).toBe(304);
    expect((await get('/kv/never?after=0&wait=1ms')).status).toBe(304);
  });

  test('sees what a snapshot brings', async () => {
    const answer = await waiting('/kv/a?after=1');
    const leader = new StateMachine();
    leader.apply(put('a', 'from afar'), 1, 1);
    restore(app.node.machine, leader.snapshot());
    app.node.changes.jumped();
    expect(await answer.answered).toMatchObject({ status: 200, body: { value: 'from afar' } });
  });

  test('may ask for bytes, and for its ETag', async () => {
    app.node.apply(put('a', '1'));
    const raw = await app.send('GET', '/kv/a?after=1&raw');
    expect([raw.headers.get('content-type'), await raw.text()]).toEqual([
      'application/octet-stream',
      '1',
    ]);
    const same = await get('/kv/a?after=1', { 'if-none-match': '"2"' });
    expect(same).toMatchObject({ status: 304, etag: '"2"' });
    const head = await app.send('HEAD', '/kv/a?after=1');
    expect([head.status, head.headers.get('etag')]).toEqual([200, '"2"']);
  });

  test('of this node alone may be of a revision that only others know', async () => {
    const answer = await waiting('/kv/a?after=3&consistency=serializable');
    for (let n = 2; n <= 4; n += 1) app.node.apply(put('a', `${n}`));
    expect(await answer.answered).toMatchObject({ status: 200, body: { modRevision: 4 } });
    expect(app.node.barriers).toBe(0);
  });

  test('ends when the server stops', async () => {
    const answer = await waiting('/kv/a?after=0&wait=5m');
    shutdown.abort();
    expect(await answer.answered).toMatchObject({ status: 503, body: { code: 'shutting-down' } });
    expect((await get('/kv/a?after=0&wait=5m')).status).toBe(503);
    expect(app.node.changes.size).toBe(0);
  });
});

describe('what cannot be waited for', () => {
  test.each([
    ['after=', 'bad-revision'],
    ['after=-1', 'bad-revision'],
    ['after=1.5', 'bad-revision'],
    ['after=x', 'bad-revision'],
    ['after=01', 'bad-revision'],
    ['after=99999999999999999999', 'bad-revision'],
    ['after=2', 'future-revision'],
    ['after=9007199254740991', 'future-revision'],
    ['wait=5s', 'bad-request'],
    ['after=1&wait=', 'bad-request'],
    ['after=1&wait=5', 'bad-request'],
    ['after=1&wait=-5s', 'bad-request'],
    ['after=1&wait=301s', 'bad-request'],
    ['after=1&revision=1', 'bad-request'],
    ['after=1&after=1', 'bad-request'],
  ])('%s is refused: %s', async (query, code) => {
    expect(await get(`/kv/a?${query}`)).toMatchObject({ status: 400, body: { code } });
    expect(app.node.changes.size).toBe(0);
  });

  test('is refused where nothing is read, or a range is', async () => {
    expect((await app.send('PUT', '/kv/a?after=1')).status).toBe(400);
    expect((await get('/kv?prefix=a&after=1')).status).toBe(400);
  });
});

describe('over a connection', () => {
  let server: HttpServer;

  beforeEach(() => {
    server = listen(app.app, { host: '127.0.0.1', port: 0, logger: silentLogger });
  });

  afterEach(async () => {
    await server.stop(0);
  });

  test('a client that goes away is forgotten', async () => {
    const socket = await RawSocket.open(server.port);
    socket.write('GET /kv/a?after=0 HTTP/1.1\r\nHost: n1\r\n\r\n');
    while (app.node.changes.size === 0) await new Promise((resolve) => setImmediate(resolve));
    socket.close();
    while (app.node.changes.size > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(app.logged).toEqual([]);
  });

  test('the wait may be longer than a connection may idle, which holds again after', async () => {
    const timeouts: number[] = [];
    const asked = app.app.server;
    if (asked === null) throw new Error('no server');
    const timeout = asked.timeout.bind(asked);
    asked.timeout = (request, seconds) => {
      timeouts.push(seconds);
      timeout(request, seconds);
    };
    const answer = fetch(`${server.url}/kv/a?after=0&wait=5m`);
    while (app.node.changes.size === 0) await new Promise((resolve) => setImmediate(resolve));
    app.node.apply(put('a', '1'));
    expect((await answer).status).toBe(200);
    expect(timeouts).toEqual([0, 10]);
  });
});
