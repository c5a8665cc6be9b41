import { afterEach, describe, expect, test } from 'bun:test';
import type { LeaseId } from '../../../src/kv/command.ts';
import { silentLogger } from '../../../src/lib/logger.ts';
import { type HttpServer, listen } from '../../../src/http/server.ts';
import type { FakeNode } from '../../support/fake-node.ts';
import { TEST_CONFIG, type TestApp, testApp } from '../../support/http.ts';
import { until } from '../../support/poll.ts';
import { RawSocket } from '../../support/raw-socket.ts';

const LEASE = '255';
const LIMIT = TEST_CONFIG.limits.keyBytes - 17;

function post(app: TestApp, path: string, body: unknown, headers: Record<string, string> = {}) {
  const type = { 'content-type': 'application/json' };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return app.send('POST', path, { headers: { ...type, ...headers }, body: text });
}

function appWithLease(): TestApp {
  const app = testApp();
  app.node.apply({ kind: 'lease-grant', id: LEASE as LeaseId, ttl: 30 });
  return app;
}

describe('POST /locks/{name}', () => {
  test('answers with the key, the lease and the fencing token', async () => {
    const app = appWithLease();
    const answer = await post(app, '/locks/jobs/nightly', { lease: LEASE });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      name: 'jobs/nightly',
      key: 'jobs/nightly/ff',
      lease: LEASE,
      fencingToken: 2,
    });
    const pair = await (await app.send('GET', '/kv/jobs/nightly/ff')).json();
    expect(pair).toMatchObject({ value: '', createRevision: 2, lease: LEASE });
  });

  test.each([
    [{}, 60],
    ['', 60],
    [{ ttl: 7 }, 7],
    [{ ttl: '90s' }, 90],
    [{ ttl: '1.5s' }, 2],
    [{ ttl: '1h' }, 3600],
    [{ ttl: 9_000_000_000 }, 9_000_000_000],
  ])('%j grants a lease of %d s', async (body, ttl) => {
    const app = testApp();
    const answer = await (await post(app, '/locks/a', body)).json();
    expect(app.node.store.lease(answer.lease)?.ttl).toBe(ttl);
    expect(answer.key).toBe(`a/${BigInt(answer.lease).toString(16)}`);
  });

  test.each([
    ['ttl', { ttl: 0 }],
    ['ttl', { ttl: -1 }],
    ['ttl', { ttl: 1.5 }],
    ['ttl', { ttl: 9_000_000_001 }],
    ['ttl', { ttl: '500ms' }],
    ['ttl', { ttl: '30' }],
    ['ttl', { ttl: null }],
    ['ttl', { ttl: true }],
    ['lease', { lease: 255 }],
    ['lease', { lease: '0' }],
    ['lease', { lease: '0255' }],
    ['lease', { lease: '9223372036854775808' }],
    ['lease', { lease: '' }],
    ['wait', { wait: 30 }],
    ['wait', { wait: '30' }],
    ['wait', { wait: '-1s' }],
    ['wait', { wait: '61m' }],
    ['owner', { owner: 5 }],
    ['owner', { owner: '\ud800' }],
    ['owner', { owner: 'ä'.repeat(513) }],
    ['ttls', { ttls: 5 }],
    ['__proto__', '{"__proto__":1}'],
  ])('refuses a %s in %j', async (field, body) => {
    const app = testApp();
    const answer = await post(app, '/locks/a', body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'bad-request', field });
    expect(app.node.calls).toEqual([]);
  });

  test('a wait that is too long names the limit', async () => {
    const answer = await (await post(testApp(), '/locks/a', { wait: '61m' })).json();
    expect(answer).toMatchObject({ field: 'wait', limit: 3_600_000, limitName: 'lock-wait' });
  });

  test.each([
    ['a list', [], 'bad-request'],
    ['no JSON', '{', 'bad-request'],
    ['both a lease and a ttl', { lease: '5', ttl: 5 }, 'bad-request'],
    ['a lease that is not there', { lease: '5' }, 'lease-not-found'],
  ])('refuses %s', async (_what, body, code) => {
    const answer = await post(testApp(), '/locks/a', body);
    expect(await answer.json()).toMatchObject({ code, applied: 'no' });
  });

  test.each([
    ['/locks/', 'bad-key'],
    ['/locks/?x', 'bad-key'],
    ['/locks/%zz', 'bad-key'],
    ['/locks/a?wait=5s', 'bad-request'],
    [`/locks/${'x'.repeat(LIMIT + 1)}`, 'key-too-long'],
  ])('%s is %s', async (path, code) => {
    const app = testApp();
    for (const method of ['POST', 'GET', 'DELETE']) {
      const answer = await app.send(method, path);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ code });
    }
    expect(app.node.calls).toEqual([]);
  });

  test('takes any bytes for a name, up to a length at which all its keys fit', async () => {
    const app = testApp();
    const longest = 'x'.repeat(LIMIT);
    expect((await post(app, `/locks/${longest}`, {})).status).toBe(200);
    const answer = await (await post(app, '/locks/%ff%00%2F', {})).json();
    expect(answer).toMatchObject({ name: '/wAv', nameEncoding: 'base64', keyEncoding: 'base64' });
    const state = await (await app.send('GET', '/locks/%ff%00/')).json();
    expect(state).toMatchObject({ name: '/wAv', holder: { fencingToken: answer.fencingToken } });
  });

  test('says who holds a lock that was not to be had', async () => {
    const app = appWithLease();
    await post(app, '/locks/a', { lease: LEASE, owner: 'worker-7' });
    const answer = await post(app, '/locks/a', { wait: '20ms' });
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({
      code: 'locked',
      applied: 'no',
      holder: { key: 'a/ff', lease: LEASE, fencingToken: 2, owner: 'worker-7' },
    });
    expect(app.node.store.leaseCount).toBe(1);
  });

  test('gives the first answer again under an idempotency key, success or not', async () => {
    const app = testApp();
    const ask = async (key: string, body: object): Promise<object> => {
      const answer = await post(app, '/locks/a', body, { 'idempotency-key': key });
      return { status: answer.status, ...(await answer.json()) };
    };
    const held = await ask('k1', { ttl: 30 });
    const locked = await ask('k2', { wait: '0s' });
    expect(held).toMatchObject({ status: 200 });
    expect(locked).toMatchObject({ status: 409, code: 'locked' });
    const { lease } = held as { lease: string };
    expect((await app.send('DELETE', `/locks/a?lease=${lease}`)).status).toBe(200);
    expect(await ask('k1', { ttl: 30 })).toEqual(held);
    expect(await ask('k2', { wait: '0s' })).toEqual(locked);
    expect(await ask('k1', { ttl: 31 })).toMatchObject({ code: 'idempotency-key-reused' });
  });

  test('may idle while it waits, Abcd-Timeout beside it; its connection no longer', async () => {
    const app = appWithLease();
    const seconds: number[] = [];
    Object.assign(app.app, {
      server: { timeout: (_request: Request, s: number) => seconds.push(s) },
    });
    const headers = { 'abcd-timeout': '2s' };
    await post(app, '/locks/a', { lease: LEASE, wait: '30s' }, headers);
    await post(app, '/locks/a', { lease: LEASE, wait: '10m' }, headers);
    await post(app, '/locks/a', { lease: LEASE, wait: '0s' });
    expect(seconds).toEqual([37, 10, 0, 10, 10, 10]);
    expect(app.node.contexts[0]?.deadline).toBe(app.node.now() + 2000);
  });
});

describe('GET and DELETE /locks/{name}', () => {
  test('a lock that nobody has', async () => {
    const app = testApp();
    const answer = await app.send('GET', '/locks/a');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      name: 'a',
      holder: null,
      queue: [],
      waiting: 0,
      revision: 1,
    });
    expect(app.node.barriers).toBe(1);
  });

  test('the queue in its order, as much of it as is asked for', async () => {
    const app = testApp();
    for (const key of ['a/9', 'a/5', 'a/7', 'a/1']) {
      await app.send('PUT', `/kv/${key}`, { body: `owner of ${key}` });
    }
    const state = async (query: string) => (await app.send('GET', `/locks/a${query}`)).json();
    const all = await state('');
    expect(all.holder).toEqual({ key: 'a/9', lease: '9', fencingToken: 2, owner: 'owner of a/9' });
    expect(all.queue.map(({ lease }: { lease: string }) => lease)).toEqual(['5', '7', '1']);
    const some = await state('?limit=2');
    expect([some.queue, some.waiting]).toEqual([all.queue.slice(0, 2), 3]);
    for (const query of ['?limit=0', '?limit=x', '?limit=10001', '?consistency=serializable']) {
      expect((await app.send('GET', `/locks/a${query}`)).status).toBe(400);
    }
  });

  test('a page of the queue ends where it has enough bytes', async () => {
    const app = testApp();
    for (let i = 1; i <= 8; i += 1) {
      await app.send('PUT', `/kv/a/${i}`, { body: 'x'.repeat(2 ** 20) });
    }
    const { queue, waiting } = await (await app.send('GET', '/locks/a')).json();
    expect([queue.length, waiting]).toEqual([3, 7]);
  });

  test('an owner that is no text', async () => {
    const app = testApp();
    await app.send('PUT', '/kv/a/1', { body: new Uint8Array([0xff]) });
    const { holder } = await (await app.send('GET', '/locks/a')).json();
    expect(holder).toMatchObject({ owner: '/w==', ownerEncoding: 'base64' });
  });

  test('a release deletes the key and leaves the lease', async () => {
    const app = appWithLease();
    await post(app, '/locks/a', { lease: LEASE });
    const release = () => app.send('DELETE', `/locks/a?lease=${LEASE}`);
    const answer = await release();
    expect(await answer.json()).toEqual({ deleted: 1, revision: 3 });
    expect(answer.headers.get('abcd-revision')).toBe('3');
    const again = await release();
    expect(again.status).toBe(404);
    expect(await again.json()).toMatchObject({ code: 'lock-not-held', applied: 'no' });
    expect(app.node.store.lease(LEASE as LeaseId)).toBeDefined();
  });

  test.each(['', '?lease=', '?lease=x', '?lease=0', '?lease=5&x', '?lease=5&lease=5'])(
    'a release with the query %j is refused',
    async (query) => {
      const app = testApp();
      expect((await app.send('DELETE', `/locks/a${query}`)).status).toBe(400);
      expect(app.node.calls).toEqual([]);
    },
  );
});

describe('a client that waits', () => {
  let server: HttpServer | null = null;
  let shutdown = new AbortController();

  afterEach(async () => {
    await server?.stop(0);
    server = null;
  });

  function start(): FakeNode {
    shutdown = new AbortController();
    const { app, node } = testApp(TEST_CONFIG, shutdown.signal);
    server = listen(app, { host: '127.0.0.1', port: 0, logger: silentLogger });
    return node;
  }

  async function connect(): Promise<RawSocket> {
    return await RawSocket.open(server?.port ?? 0);
  }

  function ask(socket: RawSocket, name: string, body: string): void {
    const type = 'content-type: application/json';
    const head = `POST /locks/${name} HTTP/1.1\r\nhost: localhost\r\n${type}`;
    socket.write(`${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  }

  const places = (node: FakeNode): number => node.store.count('a/' as never, 'a0' as never);

  /** A lock that is held, and a client that waits for it. */
  async function waiting(node: FakeNode, before = ''): Promise<RawSocket> {
    const holder = await connect();
    ask(holder, 'a', '{}');
    expect((await holder.answer()).status).toBe(200);
    const socket = await connect();
    if (before !== '') {
      ask(socket, before, '{}');
      expect((await socket.answer()).status).toBe(200);
    }
    ask(socket, 'a', '{"wait":"60s"}');
    await until('it waits', () => places(node) === 2);
    return socket;
  }

  test.each([
    ['closes its connection', '', (socket: RawSocket) => socket.close()],
    ['closes one that was used before', 'b', (socket: RawSocket) => socket.close()],
    ['resets it', '', (socket: RawSocket) => socket.reset()],
    ['has nothing more to send, and so no more to hear', '', (socket: RawSocket) => socket.end()],
  ])('and %s leaves the queue', async (_how, before, goAway) => {
    const node = start();
    const socket = await waiting(node, before);
    goAway(socket);
    await until('it has left', () => places(node) === 1);
    expect(node.store.leaseCount).toBe(before === '' ? 1 : 2);
    expect(node.changes.size).toBe(0);
  });

  test('and is answered on the connection it keeps', async () => {
    const node = start();
    const socket = await waiting(node);
    const [holder] = node.store.range('a/' as never, null, 1);
    const lease = holder?.lease ?? '';
    const released = await fetch(`${server?.url}/locks/a?lease=${lease}`, { method: 'DELETE' });
    expect(released.status).toBe(200);
    expect(await socket.answer()).toMatchObject({ status: 200 });
    socket.close();
    // What is held is not given up with the connection.
    expect(places(node)).toBe(1);
  });

  test('is told when the node stops', async () => {
    const node = start();
    const socket = await waiting(node);
    shutdown.abort();
    const { status, body } = await socket.answer();
    expect([status, JSON.parse(body).code]).toEqual([503, 'shutting-down']);
    expect(places(node)).toBe(1);
    socket.close();
  });
});
