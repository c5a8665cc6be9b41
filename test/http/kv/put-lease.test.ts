import { describe, expect, test } from 'bun:test';
import type { LeaseId } from '../../../src/kv/command.ts';
import type { ByteString } from '../../../src/lib/bytes.ts';
import { type SendOptions, testApp } from '../../support/http.ts';

const ID = '9223372036854775807';
const named = { 'idempotency-key': 'k' };

function appWithLease() {
  const app = testApp();
  app.node.apply({ kind: 'lease-grant', id: ID as LeaseId, ttl: 60 });
  return app;
}

describe('PUT with lease', () => {
  test('attaches the key, and says so', async () => {
    const { send, node } = appWithLease();
    const answer = await send('PUT', `/kv/a?lease=${ID}`, { body: '1' });
    expect(answer.status).toBe(201);
    expect(await answer.json()).toEqual({ key: 'a', revision: 2, created: true, lease: ID });
    expect(node.store.keysOf(ID as LeaseId)).toEqual(['a' as never]);
    const without = await send('PUT', '/kv/a', { body: '1' });
    expect(await without.json()).toEqual({ key: 'a', revision: 3, created: false });
    expect(node.store.keysOf(ID as LeaseId)).toEqual([]);
    const twin = await send('PUT', `/kv?key=a&lease=${ID}&prev`, { body: '2' });
    expect(await twin.json()).toMatchObject({ lease: ID, prev: { value: '1' } });
  });

  test.each([`lease=${ID}`, 'ttl=30s'])('%s is on the condition that there is', async (how) => {
    const { send, node } = appWithLease();
    const created = await send('PUT', `/kv/a?${how}`, {
      body: '1',
      headers: { 'if-none-match': '*' },
    });
    expect(created.status).toBe(201);
    for (const headers of [{ 'if-none-match': '*' }, { 'if-match': '"7"' }]) {
      const failed = await send('PUT', `/kv/a?${how}`, { body: '2', headers });
      expect(failed.status).toBe(412);
    }
    expect(node.store.get('a' as ByteString)).toMatchObject({ value: '1', modRevision: 2 });
    const swapped = await send('PUT', `/kv/a?${how}`, {
      body: '2',
      headers: { 'if-match': '"2"' },
    });
    expect(swapped.status).toBe(200);
  });

  test('that there is not is 404 lease-not-found, and no write', async () => {
    const { send, node } = testApp();
    const answer = await send('PUT', '/kv/a?lease=5', { body: '1' });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'lease-not-found', applied: 'no' });
    expect(node.store.revision).toBe(1);
  });

  test.each(['', '0', '01', '-1', '1.5', 'x', '9223372036854775808', '%00', 'constructor'])(
    '%j: 400',
    async (id) => {
      const { send, node } = testApp();
      const answer = await send('PUT', `/kv/a?lease=${id}`, { body: '1' });
      expect(await answer.json()).toMatchObject({ status: 400, code: 'bad-request' });
      expect(node.calls).toEqual([]);
    },
  );
});

describe('PUT with ttl', () => {
  test.each([
    ['1s', 1],
    ['30s', 30],
    ['1000ms', 1],
    ['1001ms', 2],
    ['1.5s', 2],
    ['2m', 120],
    ['1h', 3600],
    ['9000000000s', 9_000_000_000],
  ])('%s makes a lease of %d s for the key', async (ttl, seconds) => {
    const { send, node } = testApp();
    const answer = await send('PUT', `/kv/a?ttl=${ttl}`, { body: '1' });
    expect(answer.status).toBe(201);
    const { lease, ...rest } = await answer.json();
    expect(rest).toEqual({ key: 'a', revision: 2, created: true });
    const granted = { id: lease, ttl: seconds, remaining: seconds * 1000, epoch: 1 };
    expect([...node.store.allLeases()]).toEqual([granted]);
    expect(node.store.keysOf(lease)).toEqual(['a' as never]);
  });

  test.each([
    '',
    '0',
    '0s',
    '30',
    '-1s',
    '-5',
    '999ms',
    '1e3s',
    '1 s',
    '1d',
    '9000000001s',
    '99999999999999h',
    'NaN',
    'Infinity',
    '__proto__',
  ])('%j: 400', async (ttl) => {
    const { send, node } = testApp();
    const answer = await send('PUT', `/kv/a?ttl=${encodeURIComponent(ttl)}`, { body: '1' });
    expect(await answer.json()).toMatchObject({ status: 400, code: 'bad-request' });
    expect(node.calls).toEqual([]);
  });

  test('and lease exclude each other', async () => {
    const { send, node } = appWithLease();
    const answer = await send('PUT', `/kv/a?lease=${ID}&ttl=5s`, { body: '1' });
    expect(await answer.json()).toMatchObject({ status: 400, code: 'bad-request' });
    expect(node.store.revision).toBe(1);
  });

  test('each put has a lease of its own, and none when it fails', async () => {
    const { send, node } = testApp();
    await send('PUT', '/kv/a?ttl=5s', { body: '1' });
    await send('PUT', '/kv/a?ttl=5s', { body: '1' });
    expect(node.store.leaseCount).toBe(2);
    const headers = { 'if-none-match': '*' };
    expect((await send('PUT', '/kv/a?ttl=5s', { body: '1', headers })).status).toBe(412);
    expect(node.store.leaseCount).toBe(2);
  });

  test('sent again under its name, it has the lease that was granted first', async () => {
    const { send, node } = testApp();
    const ask = (query: string) => send('PUT', `/kv/a?${query}`, { body: '1', headers: named });
    const first = await ask('ttl=60s');
    const text = await first.text();
    const again = await ask('ttl=60000ms');
    expect([again.status, await again.text()]).toEqual([201, text]);
    expect(again.headers.get('etag')).toBe('"2"');
    expect(node.store.leaseCount).toBe(1);
    for (const other of ['ttl=61s', 'lease=5', 'prev', 'ttl=60s&prev', '']) {
      expect(await (await ask(other)).json()).toMatchObject({ code: 'idempotency-key-reused' });
    }
    expect((await send('PUT', '/kv?key=a&ttl=1m', { body: '1', headers: named })).status).toBe(201);
  });
});

describe('the first answer', () => {
  test('is the first in status, body, ETag and revision', async () => {
    const { send } = testApp();
    const put = async () => {
      const answer = await send('PUT', '/kv/a?prev', { body: '1', headers: named });
      const { headers } = answer;
      return [
        answer.status,
        headers.get('etag'),
        headers.get('abcd-revision'),
        await answer.text(),
      ];
    };
    const first = await put();
    await send('PUT', '/kv/a', { body: '2' });
    await send('DELETE', '/kv/a');
    expect(await put()).toEqual(first);
    expect(first.slice(0, 3)).toEqual([201, '"2"', '2']);
  });

  test('may be a failure: 412 and 404 are given again', async () => {
    const { send, node } = testApp();
    const headers = { ...named, 'if-match': '"2"' };
    for (const _ of [1, 2]) {
      const answer = await send('PUT', '/kv/a', { body: '1', headers });
      expect(await answer.json()).toMatchObject({ status: 412, modRevision: 0 });
      await send('PUT', '/kv/a', { body: '0' });
    }
    const leased = { body: '1', headers: { 'idempotency-key': 'l' } };
    for (const _ of [1, 2]) {
      expect((await send('PUT', '/kv/b?lease=5', leased)).status).toBe(404);
      node.apply({ kind: 'lease-grant', id: '5' as LeaseId, ttl: 60 });
    }
  });

  test.each([
    ['another path', 'PUT', '/kv/b', {}],
    ['another method', 'DELETE', '/kv/a', {}],
    ['another body', 'PUT', '/kv/a', { body: '2' }],
    ['another condition', 'PUT', '/kv/a', { headers: { 'if-none-match': '*' } }],
    ['a query', 'PUT', '/kv/a?prev', {}],
  ])('is not given to %s: 422', async (_what, method, path, options) => {
    const { send } = testApp();
    const ask: SendOptions = { body: '1', ...options };
    await send('PUT', '/kv/a', { body: '1', headers: named });
    const answer = await send(method, path, { ...ask, headers: { ...ask.headers, ...named } });
    const problem = { status: 422, code: 'idempotency-key-reused', applied: 'no' };
    expect(await answer.json()).toMatchObject(problem);
  });

  test('of a twin is the same', async () => {
    const { send } = testApp();
    const options = { body: '1', headers: named };
    for (const path of ['/kv/a', '/kv?key=a', '/kv/%61', '/kv/a?prev=false', '/kv?&key=%61']) {
      expect((await send('PUT', path, options)).status).toBe(201);
    }
  });
});
