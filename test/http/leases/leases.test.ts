import { describe, expect, test } from 'bun:test';
import type { KvProposal } from '../../../src/node/api.ts';
import type { LeaseId } from '../../../src/kv/command.ts';
import { bytesOfBuffer, type ByteString, bytesOfText } from '../../../src/lib/bytes.ts';
import { DEFAULT_HTTP_LIMITS } from '../../../src/http/config.ts';
import { ApiError } from '../../../src/wire/errors.ts';
import { TEST_CONFIG, type TestApp, testApp } from '../../support/http.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const LARGEST = '9223372036854775807';

function post(app: TestApp, path: string, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return app.send('POST', path, { body: text, headers: { ...JSON_TYPE, ...headers } });
}

function grant(app: TestApp, id: string, ttl = 30): void {
  app.node.apply({ kind: 'lease-grant', id: id as LeaseId, ttl });
}

function attach(app: TestApp, id: string, ...keys: readonly ByteString[]): void {
  for (const key of keys) {
    const fields = { key, value: key, lease: id as LeaseId, condition: null, prev: false };
    app.node.apply({ kind: 'put', ...fields });
  }
}

async function expectCode(response: Response, status: number, code: string) {
  const body = await response.json();
  expect([response.status, body.code]).toEqual([status, code]);
  return body;
}

/** All pages of a list, and how many there were. */
async function pages(app: TestApp, path: string, field: string) {
  const items: unknown[] = [];
  let count = 0;
  for (let cursor = ''; ; count += 1) {
    const page = await (await app.send('GET', `${path}${cursor}`)).json();
    items.push(...page[field]);
    if (page.next === null) return { items, count: count + 1 };
    cursor = `&cursor=${page.next}`;
  }
}

describe('POST /leases', () => {
  test('grants a lease of a drawn id, or of the id given', async () => {
    const app = testApp();
    const drawn = await post(app, '/leases', { ttl: 30 });
    expect(drawn.status).toBe(201);
    expect(drawn.headers.get('abcd-revision')).toBe('1');
    expect(await drawn.json()).toEqual({ id: '1001', ttl: 30 });
    const given = await post(app, '/leases', { ttl: 9_000_000_000, id: LARGEST });
    expect(await given.json()).toEqual({ id: LARGEST, ttl: 9_000_000_000 });
    expect(app.node.store.lease(LARGEST as LeaseId)?.ttl).toBe(9_000_000_000);
  });

  test('of an id that is taken is 409', async () => {
    const app = testApp();
    await post(app, '/leases', { ttl: 30, id: '7' });
    await expectCode(await post(app, '/leases', { ttl: 5, id: '7' }), 409, 'lease-exists');
    expect(app.node.store.lease('7' as LeaseId)?.ttl).toBe(30);
  });

  test('beyond what there may be is 429', async () => {
    const app = testApp();
    app.node.propose = () => Promise.resolve({ type: 'too-many-leases', revision: 1 });
    const answer = await post(app, '/leases', { ttl: 30 });
    await expectCode(answer, 429, 'too-many-leases');
    expect(answer.headers.get('retry-after')).not.toBeNull();
  });

  test('under one name is granted once', async () => {
    const app = testApp();
    const headers = { 'idempotency-key': 'c.1' };
    const first = await (await post(app, '/leases', { ttl: 30 }, headers)).json();
    const again = await post(app, '/leases', { ttl: 30 }, headers);
    expect([again.status, await again.json()]).toEqual([201, first]);
    expect(app.node.store.leaseCount).toBe(1);
    const other = await post(app, '/leases', { ttl: 31 }, headers);
    await expectCode(other, 422, 'idempotency-key-reused');
  });

  test.each([
    ['{}', '/ttl'],
    ['', '/ttl'],
    ['[]', 'object'],
    ['null', 'object'],
    ['7', 'object'],
    ['{"ttl":"30"}', '/ttl'],
    ['{"ttl":0}', '/ttl'],
    ['{"ttl":-1}', '/ttl'],
    ['{"ttl":1.5}', '/ttl'],
    ['{"ttl":1e400}', '/ttl'],
    ['{"ttl":9000000001}', '/ttl'],
    ['{"ttl":null}', '/ttl'],
    ['{"ttl":true}', '/ttl'],
    ['{"ttl":30,"id":7}', 'id must be text'],
    ['{"ttl":30,"id":9223372036854775807}', 'id must be text'],
    ['{"ttl":30,"id":"0"}', '2^63'],
    ['{"ttl":30,"id":""}', '2^63'],
    ['{"ttl":30,"id":"07"}', '2^63'],
    ['{"ttl":30,"id":"-7"}', '2^63'],
    ['{"ttl":30,"id":"7 "}', '2^63'],
    ['{"ttl":30,"id":"0x7"}', '2^63'],
    ['{"ttl":30,"id":"9223372036854775808"}', '2^63'],
    ['{"ttl":30,"id":null}', '/id'],
    ['{"ttl":30,"ID":"7"}', '/ID'],
    ['{"ttl":30', 'JSON'],
  ])('%s is refused, and says why', async (body, why) => {
    const app = testApp();
    const { detail } = await expectCode(await post(app, '/leases', body), 400, 'bad-request');
    expect(detail).toContain(why);
    expect(app.node.calls).toEqual([]);
  });

  test('with another content type, or a parameter, is refused', async () => {
    const { send } = testApp();
    const body = '{"ttl":30}';
    const headers = { 'content-type': 'text/plain' };
    const plain = await send('POST', '/leases', { body, headers });
    await expectCode(plain, 415, 'unsupported-media-type');
    const named = await send('POST', '/leases?ttl=30', { body, headers: JSON_TYPE });
    await expectCode(named, 400, 'bad-request');
  });
});

describe('POST /leases/{id}/keepalive', () => {
  test('renews it at its leader, without an entry in the log', async () => {
    const app = testApp();
    grant(app, '7');
    const answer = await app.send('POST', '/leases/7/keepalive');
    expect([answer.status, await answer.json()]).toEqual([200, { id: '7', ttl: 30 }]);
    expect(app.node.kept).toEqual(['7' as LeaseId]);
    await expectCode(await app.send('POST', '/leases/8/keepalive'), 404, 'lease-not-found');
    expect(app.node.calls.map(({ name }) => name)).toEqual(['keepAlive', 'keepAlive']);
  });

  test('under a name is logged, and gives the first answer again', async () => {
    const app = testApp();
    grant(app, '7');
    const headers = { 'idempotency-key': 'c.1' };
    const missed = { headers: { 'idempotency-key': 'c.2' } };
    const keepAlive = (id: string, options = { headers }) =>
      app.send('POST', `/leases/${id}/keepalive`, options);
    expect(await (await keepAlive('7')).json()).toEqual({ id: '7', ttl: 30 });
    const { epoch } = app.node.store.lease('7' as LeaseId) ?? {};
    expect(epoch).toBe(2);
    await expectCode(await keepAlive('8', missed), 404, 'lease-not-found');
    app.node.apply({ kind: 'lease-revoke', id: '7' as LeaseId });
    grant(app, '8');
    expect(await (await keepAlive('7')).json()).toEqual({ id: '7', ttl: 30 });
    await expectCode(await keepAlive('8', missed), 404, 'lease-not-found');
    await expectCode(await keepAlive('8'), 422, 'idempotency-key-reused');
    expect(app.node.kept).toEqual([]);
  });

  test('with a body is the same', async () => {
    const app = testApp();
    grant(app, '7');
    expect((await post(app, '/leases/7/keepalive', {})).status).toBe(200);
  });
});

describe('GET /leases/{id}', () => {
  test('tells what is left and the keys, as they are at the leader and then here', async () => {
    const app = testApp();
    grant(app, '7');
    attach(app, '7', bytesOfText('b'), bytesOfText('ä'), bytesOfBuffer(Uint8Array.of(0xff, 0)));
    app.node.remainingOf = (id, context) => {
      app.node.calls.push({ name: 'remainingOf', argument: id });
      expect(context.deadline).toBeGreaterThan(0);
      return Promise.resolve(12_345);
    };
    const answer = await app.send('GET', '/leases/7');
    expect(answer.headers.get('abcd-revision')).toBe('4');
    expect(await answer.json()).toEqual({
      id: '7',
      ttl: 30,
      remaining: 12.345,
      keys: ['b', 'ä', { base64: '/wA=' }],
      next: null,
    });
    expect(app.node.calls.map(({ name }) => name)).toEqual(['remainingOf', 'readBarrier']);
  });

  test.each([
    [0, 0],
    [0.4, 0],
    [29_999.9, 29.999],
    [30_000, 30],
    [30_000.5, 30],
    [40_000, 30],
  ])('%d ms are %d s of thirty', async (ms, seconds) => {
    const app = testApp();
    grant(app, '7');
    app.node.remainingOf = () => Promise.resolve(ms);
    expect((await (await app.send('GET', '/leases/7')).json()).remaining).toBe(seconds);
  });

  test('is 404 when there is none, or none any more', async () => {
    const app = testApp();
    await expectCode(await app.send('GET', '/leases/7'), 404, 'lease-not-found');
    app.node.remainingOf = () => Promise.resolve(5);
    await expectCode(await app.send('GET', '/leases/7'), 404, 'lease-not-found');
  });

  test('gives its keys in pages, by number and by bytes', async () => {
    const limits = { ...DEFAULT_HTTP_LIMITS, pageItems: 50, pageItemsMax: 60, pageBytes: 25 };
    const app = testApp({ ...TEST_CONFIG, limits });
    grant(app, '7');
    grant(app, '70');
    const keys = Array.from({ length: 9 }, (_, n) => bytesOfText(`key/${n}`));
    attach(app, '7', ...keys);
    attach(app, '70', bytesOfText('other'));
    const texts: string[] = [...keys];
    const path = '/leases/7?limit=';
    expect(await pages(app, `${path}2`, 'keys')).toEqual({ items: texts, count: 5 });
    expect(await pages(app, `${path}3`, 'keys')).toEqual({ items: texts, count: 3 });
    expect(await pages(app, `${path}60`, 'keys')).toEqual({ items: texts, count: 2 });
    await expectCode(await app.send('GET', `${path}61`), 400, 'bad-request');
    const { next } = await (await app.send('GET', `${path}2`)).json();
    const wrong = await app.send('GET', `/leases/70?cursor=${next}`);
    await expectCode(wrong, 400, 'bad-request');
  });
});

describe('GET /leases', () => {
  test('lists all, in pages, behind a barrier unless it may be old', async () => {
    const app = testApp();
    expect(await (await app.send('GET', '/leases')).json()).toEqual({ leases: [], next: null });
    for (let n = 1; n <= 12; n += 1) grant(app, String(n), 100 + n);
    const all = ['1', '10', '11', '12', '2', '3', '4', '5', '6', '7', '8', '9'];
    const leases = all.map((id) => ({ id, ttl: 100 + Number(id) }));
    for (const [limit, count] of [
      [1, 12],
      [5, 3],
      [6, 2],
      [12, 1],
      [1000, 1],
    ] as const) {
      const path = `/leases?limit=${limit}`;
      expect(await pages(app, path, 'leases')).toEqual({ items: leases, count });
    }
    const { barriers } = app.node;
    await app.send('GET', '/leases?consistency=serializable');
    expect(app.node.barriers).toBe(barriers);
    await app.send('GET', '/leases?consistency=linearizable');
    expect(app.node.barriers).toBe(barriers + 1);
  });

  test('goes on after a lease that has ended meanwhile', async () => {
    const app = testApp();
    for (const id of ['1', '2', '3']) grant(app, id);
    const { next } = await (await app.send('GET', '/leases?limit=2')).json();
    app.node.apply({ kind: 'lease-revoke', id: '2' as LeaseId });
    const rest = await (await app.send('GET', `/leases?cursor=${next}`)).json();
    expect(rest).toEqual({ leases: [{ id: '3', ttl: 30 }], next: null });
  });

  test.each([
    'limit=0',
    'limit=10001',
    'limit=x',
    'cursor=',
    'cursor=!',
    'cursor=MWE0MjpiLzI',
    'consistency=other',
    'prefix=a',
  ])('?%s is refused', async (query) => {
    const { send, node } = testApp();
    await expectCode(await send('GET', `/leases?${query}`), 400, 'bad-request');
    expect(node.calls).toEqual([]);
  });
});

describe('DELETE /leases/{id}', () => {
  test('ends the lease and its keys in one revision', async () => {
    const app = testApp();
    grant(app, '7');
    attach(app, '7', bytesOfText('a'), bytesOfText('b'));
    const answer = await app.send('DELETE', '/leases/7');
    expect(answer.headers.get('abcd-revision')).toBe('4');
    expect([answer.status, await answer.json()]).toEqual([200, { deleted: 2, revision: 4 }]);
    expect(app.node.store.count(bytesOfText('a'), null)).toBe(0);
    await expectCode(await app.send('DELETE', '/leases/7'), 404, 'lease-not-found');
  });

  test('under one name has one effect, and the first answer again', async () => {
    const app = testApp();
    const headers = { 'idempotency-key': 'c.1' };
    grant(app, '7');
    const first = await (await app.send('DELETE', '/leases/7', { headers })).json();
    grant(app, '7');
    const again = await app.send('DELETE', '/leases/7', { headers });
    expect([again.status, await again.json()]).toEqual([200, first]);
    expect(app.node.store.leaseCount).toBe(1);
  });
});

describe('ids and methods', () => {
  test.each(['0', '07', '-1', 'abc', '9223372036854775808', '1e3', '%37%', '%ff', '7%20', '٧'])(
    '/leases/%s is 400 for every method',
    async (id) => {
      const { send, node } = testApp();
      for (const [method, path] of [
        ['GET', `/leases/${id}`],
        ['DELETE', `/leases/${id}`],
        ['POST', `/leases/${id}/keepalive`],
      ] as const) {
        expect((await send(method, path)).status).toBe(400);
      }
      expect(node.calls).toEqual([]);
    },
  );

  test.each([
    ['PUT', '/leases', 'GET, POST'],
    ['HEAD', '/leases', 'GET, POST'],
    ['POST', '/leases/7', 'DELETE, GET'],
    ['GET', '/leases/7/keepalive', 'POST'],
  ])('%s %s is 405 with Allow: %s', async (method, path, allow) => {
    const answer = await testApp().send(method, path);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow]);
  });

  test.each(['/leases/', '/leases/7/', '/leases/7/keys', '/leases/7/keepalive/'])(
    '%s is no route',
    async (path) => {
      expect((await testApp().send('POST', path)).status).toBe(404);
    },
  );

  test('failures of the node are passed on', async () => {
    const app = testApp();
    const fail = () => {
      app.node.failure = new ApiError('timeout', 'too late');
    };
    for (const [method, path, body] of [
      ['POST', '/leases', { ttl: 30 }],
      ['GET', '/leases', null],
      ['GET', '/leases/7', null],
      ['DELETE', '/leases/7', null],
      ['POST', '/leases/7/keepalive', null],
    ] as const) {
      fail();
      const options = body === null ? {} : { body: JSON.stringify(body), headers: JSON_TYPE };
      await expectCode(await app.send(method, path, options), 504, 'timeout');
    }
  });

  test('a drawn id is the same for every attempt under one name', async () => {
    const app = testApp();
    const proposals: KvProposal[] = [];
    const propose = app.node.propose.bind(app.node);
    app.node.propose = (proposal, context) => {
      proposals.push(proposal);
      return propose(proposal, context);
    };
    for (const name of ['a', 'a', 'b']) {
      await post(app, '/leases', { ttl: 30 }, { 'idempotency-key': name });
    }
    const ids = proposals.map((proposal) => (proposal as { id?: string }).id);
    expect([ids[0] === ids[1], ids[0] === ids[2]]).toEqual([true, false]);
  });
});
