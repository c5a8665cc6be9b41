import { describe, expect, test } from 'bun:test';
import { createApp } from '../../src/http/app.ts';
import { ApiError, ERRORS, type ErrorCode } from '../../src/wire/errors.ts';
import { FakeFaults, FAKE_CLUSTER, FAKE_MEMBER, FakeNode } from '../support/fake-node.ts';
import { echoPeers, TEST_CONFIG, testApp } from '../support/http.ts';

async function expectProblem(answer: Response, code: ErrorCode): Promise<Record<string, unknown>> {
  const { status, title, applied } = ERRORS[code];
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  const body = await answer.json();
  const type = `urn:abcd:error:${code}`;
  expect(body).toMatchObject({ type, status, title, applied, code });
  expect(body.detail).toBeString();
  expect(answer.status).toBe(status);
  expect(answer.headers.get('abcd-cluster')).toBe(FAKE_CLUSTER);
  expect(answer.headers.get('x-request-id')).toBeTruthy();
  return body;
}

describe('routes and methods', () => {
  test.each([
    '/',
    '/nope',
    '/kv2',
    '/KV/a',
    '//kv/a',
    '/kv/../x',
    '/locks',
    '/elections',
    '/status/',
    '/cluster/members/1/2',
    '/raft',
    '/faults/x',
    '/swagger/none.js',
  ])('%s is 404 no-such-route for every method', async (path) => {
    const { send } = testApp();
    for (const method of ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS']) {
      await expectProblem(await send(method, path), 'no-such-route');
    }
  });

  test.each([
    ['POST', '/kv/a', 'DELETE, GET, HEAD, PUT'],
    ['PATCH', '/kv', 'DELETE, GET, HEAD, PUT'],
    ['OPTIONS', '/kv/a', 'DELETE, GET, HEAD, PUT'],
    ['DELETE', '/status', 'GET'],
    ['GET', '/cluster/members', 'POST'],
    ['GET', '/cluster/members/5', 'DELETE, PUT'],
    ['GET', '/cluster/members/5/promote', 'POST'],
    ['GET', '/cluster/leader', 'POST'],
    ['GET', '/node/campaign', 'POST'],
    ['GET', '/raft/append', 'POST'],
    ['POST', '/livez', 'GET, HEAD'],
    ['POST', '/swagger', 'GET'],
    ['PROPFIND', '/kv/a', 'DELETE, GET, HEAD, PUT'],
  ])('%s %s is 405 with Allow: %s', async (method, path, allow) => {
    const answer = await testApp().send(method, path);
    await expectProblem(answer, 'method-not-allowed');
    expect(answer.headers.get('allow')).toBe(allow);
  });

  test.each([
    '/events',
    '/watch?key=a',
    '/status',
    '/backup',
    '/metrics',
    '/swagger/json',
    '/raft/append',
  ])('HEAD %s is 405: HEAD is for keys and health', async (path) => {
    const { send, node } = testApp();
    expect((await send('HEAD', path)).status).toBe(405);
    expect(node.calls).toEqual([]);
  });
});

describe('query parameters', () => {
  test.each([
    ['GET', '/kv/a?x'],
    ['GET', '/kv/a?key=b'],
    ['GET', '/kv/a?prefix=b'],
    ['GET', '/kv?key=a&prefix=b'],
    ['GET', '/kv?key=a&limit=5'],
    ['PUT', '/kv/a?raw'],
    ['PUT', '/kv?key=a&prefix=b'],
    ['DELETE', '/kv/a?limit=1'],
    ['GET', '/status?verbose'],
    ['GET', '/cluster?x'],
    ['GET', '/cluster/state?x'],
    ['GET', '/livez?x'],
    ['GET', '/metrics?x'],
    ['GET', '/version?x'],
    ['GET', '/hash?x'],
    ['GET', '/backup?x'],
    ['GET', '/events?x'],
    ['POST', '/node/campaign?x'],
    ['DELETE', '/cluster/members/5?force'],
    ['GET', '/kv/a?__proto__=1'],
    ['GET', '/kv/a?constructor'],
  ])('%s %s names the unknown one', async (method, path) => {
    const { send, node } = testApp();
    const body = await expectProblem(await send(method, path), 'bad-request');
    expect(path).toContain(String(body['parameter']));
    expect(node.calls).toEqual([]);
  });

  test('an empty query is none', async () => {
    expect((await testApp().send('GET', '/status?')).status).toBe(200);
    expect((await testApp().send('GET', '/livez?&verbose&')).status).toBe(200);
  });

  test('a name without end is cut in the answer', async () => {
    const body = await expectProblem(
      await testApp().send('GET', `/status?${'x'.repeat(5000)}`),
      'bad-request',
    );
    expect(String(body['detail']).length).toBeLessThan(200);
  });
});

describe('Abcd-Timeout', () => {
  test.each([
    [undefined, 5000],
    ['2s', 2000],
    ['500ms', 500],
    ['1.5s', 1500],
    ['60s', 60_000],
    ['1m', 60_000],
  ])('%s is a deadline in %d ms', async (header, ms) => {
    const { send, node } = testApp();
    const headers: Record<string, string> = header === undefined ? {} : { 'abcd-timeout': header };
    await send('PUT', '/kv/a', { body: '1', headers });
    expect(node.contexts[0]?.deadline).toBe(node.now() + ms);
  });

  test.each([
    '',
    '2',
    's',
    '-1s',
    '0s',
    '0ms',
    '61s',
    '2m',
    '1e3s',
    '2 s',
    '2S',
    'NaN',
    '9'.repeat(99),
  ])('%j is refused', async (header) => {
    const { send } = testApp();
    const headers = { 'abcd-timeout': header };
    for (const path of ['/kv/a', '/cluster', '/backup']) {
      await expectProblem(await send('GET', path, { headers }), 'bad-request');
    }
  });
});

describe('Idempotency-Key', () => {
  test.each(['a', 'A-Za_z9', 'x'.repeat(64), 'client.0', 'client.42', '12.9007199254740991'])(
    '%s names the write',
    async (key) => {
      const { send, node } = testApp();
      await send('PUT', '/kv/a', { body: '1', headers: { 'idempotency-key': key } });
      expect(node.contexts[0]?.requestId).toBe(key);
    },
  );

  test.each([
    '',
    'x'.repeat(65),
    'a b',
    'a.',
    '.5',
    'a.01',
    'a.-1',
    'a.b',
    'a.1.2',
    'é',
    'a.9007199254740993',
  ])('%j is refused on every write', async (key) => {
    const { send, node } = testApp();
    const headers = { 'idempotency-key': Buffer.from(key).toString('latin1') };
    const requests = [
      ['PUT', '/kv/a'],
      ['DELETE', '/kv/a'],
      ['DELETE', '/kv?prefix=a'],
      ['DELETE', '/cluster/members/5'],
      ['POST', '/cluster/members/5/promote'],
      ['POST', '/cluster/leader'],
    ] as const;
    for (const [method, path] of requests) {
      await expectProblem(await send(method, path, { headers }), 'idempotency-key-invalid');
    }
    expect(node.calls).toEqual([]);
  });

  test('the same key with the same request gets the first answer, else 422', async () => {
    const { send } = testApp();
    const headers = { 'idempotency-key': 'c.1' };
    const first = await (await send('PUT', '/kv/a', { body: '1', headers })).json();
    expect(await (await send('PUT', '/kv/a', { body: '1', headers })).json()).toEqual(first);
    const other = await send('PUT', '/kv/a', { body: '2', headers });
    await expectProblem(other, 'idempotency-key-reused');
  });

  test.each([
    ['request-expired', 'idempotency-key-expired'],
    ['too-many-requests', 'too-many-requests'],
  ] as const)('the store saying %s is %s', async (type, code) => {
    const { send, node } = testApp();
    node.propose = () => Promise.resolve({ type, revision: 1 });
    for (const [method, path] of [
      ['PUT', '/kv/a'],
      ['DELETE', '/kv/a'],
      ['DELETE', '/kv?end=a'],
    ] as const) {
      await expectProblem(await send(method, path), code);
    }
  });

  test('reads have no use for it', async () => {
    const { send, node } = testApp();
    await send('GET', '/kv/a', { headers: { 'idempotency-key': '!' } });
    expect(node.contexts[0]?.requestId).toBeNull();
  });
});

describe('common headers', () => {
  test('say who answered, as of when', async () => {
    const { headers } = await testApp().send('GET', '/status');
    expect(headers.get('abcd-cluster')).toBe(FAKE_CLUSTER);
    expect(headers.get('abcd-member')).toBe(FAKE_MEMBER);
    expect(headers.get('abcd-revision')).toBe('1');
    expect(headers.get('abcd-term')).toBe('7');
    expect(headers.get('cache-control')).toBe('no-cache');
  });

  test('a request id comes back; one that is not safe is replaced', async () => {
    const { send } = testApp();
    const echo = await send('GET', '/status', { headers: { 'x-request-id': 'order-4711' } });
    expect(echo.headers.get('x-request-id')).toBe('order-4711');
    const ids = new Set<string>();
    for (const id of ['a b', '', 'x'.repeat(65), '<script>']) {
      const answer = await send('GET', '/nope', { headers: { 'x-request-id': id } });
      ids.add(answer.headers.get('x-request-id') ?? '');
    }
    expect(ids.size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  });

  test('a traceparent comes back when it is one', async () => {
    const { send } = testApp();
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const echo = await send('GET', '/status', { headers: { traceparent } });
    expect(echo.headers.get('traceparent')).toBe(traceparent);
    const other = await send('GET', '/status', { headers: { traceparent: 'x' } });
    expect(other.headers.get('traceparent')).toBeNull();
  });

  test('no answer allows other origins', async () => {
    const headers = { origin: 'http://evil.example' };
    const answer = await testApp().send('GET', '/status', { headers });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(JSON.stringify([...answer.headers])).not.toContain('evil');
  });
});

describe('failures of the node', () => {
  const ROUTES = [
    ['GET', '/kv/a'],
    ['GET', '/kv?key=a'],
    ['PUT', '/kv/a'],
    ['PUT', '/kv?key=a'],
    ['DELETE', '/kv/a'],
    ['DELETE', '/kv?key=a'],
    ['GET', '/kv?prefix=a'],
    ['DELETE', '/kv?prefix=a'],
    ['GET', '/cluster'],
    ['GET', '/backup'],
    ['POST', '/cluster/leader'],
    ['DELETE', '/cluster/members/5'],
    ['POST', '/cluster/members/5/promote'],
  ] as const;

  test.each(ROUTES)('%s %s passes an ApiError on', async (method, path) => {
    const { send, node, logged } = testApp();
    node.failure = new ApiError('no-leader', 'No leader is known', { term: 7 });
    const answer = await send(method, path);
    expect(await expectProblem(answer, 'no-leader')).toMatchObject({ term: 7 });
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(logged).toEqual([]);
  });

  test.each(ROUTES)('%s %s hides what nobody foresaw, and logs it', async (method, path) => {
    const { send, node, logged } = testApp();
    node.failure = new TypeError('secret of /home/x');
    const answer = await send(method, path);
    const body = await expectProblem(answer, 'internal');
    expect(JSON.stringify(body)).not.toMatch(/secret|home|TypeError|\.ts/);
    expect(logged).toHaveLength(1);
    expect(JSON.stringify(logged[0]?.fields)).toContain('secret of /home/x');
  });

  test('methods that answer at once fail as properly', async () => {
    const { send, node } = testApp();
    node.status = () => {
      throw new ApiError('node-stopped', 'The disk is broken');
    };
    await expectProblem(await send('GET', '/status'), 'node-stopped');
    node.campaign = () => {
      throw new ApiError('conflict', 'A learner does not campaign');
    };
    await expectProblem(await send('POST', '/node/campaign'), 'conflict');
  });

  test('fields of an error cannot replace the standard ones', async () => {
    const { send, node } = testApp();
    node.failure = new ApiError('timeout', 'Too late', { status: 200, applied: 'no', code: 'x' });
    await expectProblem(await send('PUT', '/kv/a'), 'timeout');
  });

  test('a client that goes away is no fault', async () => {
    const node = new FakeNode();
    const lines: string[] = [];
    const logger = {
      enabled: (level: string) => level !== 'debug',
      log: (...line: unknown[]) => lines.push(String(line[2])),
    };
    const app = createApp({ node, peers: echoPeers, config: TEST_CONFIG, logger });
    const gone = new AbortController();
    node.hold = (context) => {
      gone.abort();
      return Promise.reject(new Error(`aborted: ${context.signal?.aborted}`));
    };
    const request = new Request('http://n1/kv/a', { method: 'PUT', signal: gone.signal });
    expect((await app.handle(request)).status).toBe(500);
    expect(lines).toEqual([]);
  });

  test('/faults does not exist without --enable-faults', async () => {
    const { send, node } = testApp();
    for (const method of ['GET', 'DELETE']) {
      await expectProblem(await send(method, '/faults'), 'no-such-route');
    }
    node.faults = new FakeFaults();
    expect((await send('GET', '/faults')).status).toBe(200);
  });
});
