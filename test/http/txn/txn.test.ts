import { describe, expect, test } from 'bun:test';
import { Value } from '@sinclair/typebox/value';
import type { LeaseId } from '../../../src/kv/command.ts';
import { TxnBody } from '../../../src/wire/txn.ts';
import { NO_LEADER } from '../../support/fake-node.ts';
import { type TestApp, testApp } from '../../support/http.ts';

const MIB = 2 ** 20;

async function txn(
  { send }: Pick<TestApp, 'send'>,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const answer = await send('POST', '/txn', {
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

const put = (key: unknown, value: unknown, more: object = {}) => ({ put: { key, value, ...more } });
const get = (key: unknown, more: object = {}) => ({ get: { key, ...more } });
const del = (key: unknown, more: object = {}) => ({ delete: { key, ...more } });
const compare = (key: unknown, target: string, op: string, value: unknown, more: object = {}) => ({
  key,
  target,
  op,
  value,
  ...more,
});
const a = { key: 'a', value: '1', createRevision: 2, modRevision: 2, version: 1 };

describe('POST /txn', () => {
  test('answers each operation under its name', async () => {
    const app = testApp();
    await app.send('PUT', '/kv/a', { body: '1' });
    app.node.apply({ kind: 'lease-grant', id: '7' as LeaseId, ttl: 60 });
    const { status, headers, body } = await txn(app, {
      compare: [compare('a', 'value', '=', '1'), compare('b', 'version', '=', 0)],
      success: [
        put('b', '2', { lease: '7', prev: true }),
        get('a', { end: 'c', order: 'desc', limit: 1 }),
        get('a', { end: 'c', keysOnly: true }),
        get('x', { countOnly: true }),
        del('a', { prev: true }),
        del('x', { end: 'z' }),
        { txn: { compare: [compare('b', 'mod', '>', 0)], failure: [put('c', '')] } },
      ],
    });
    expect([status, headers.get('abcd-revision')]).toEqual([200, '3']);
    const b = { key: 'b', value: '2', createRevision: 3, modRevision: 3, version: 1 };
    const { value: _, ...aOnly } = a;
    expect(body).toMatchObject({
      succeeded: true,
      revision: 3,
      results: [
        { put: { key: 'b', revision: 3, created: true, lease: '7', prev: null } },
        { get: { revision: 3, count: 2, kvs: [b], more: true } },
        { get: { revision: 3, count: 2, kvs: [aOnly, { key: 'b' }], more: false } },
        { get: { revision: 3, count: 0, kvs: [], more: false } },
        { delete: { deleted: 1, revision: 3, prev: [a] } },
        { delete: { deleted: 0, revision: 3 } },
        { txn: { succeeded: false, results: [{ put: { key: 'c', created: true } }] } },
      ],
    });
    expect(JSON.stringify(body)).not.toContain('null,"created"');
  });

  test('carries out the other list when a compare fails', async () => {
    const app = testApp();
    const { body } = await txn(app, {
      compare: [compare('a', 'create', '>', 0)],
      success: [put('a', '1')],
      failure: [put('b', '1'), get('a')],
    });
    expect(body).toEqual({
      succeeded: false,
      revision: 2,
      results: [
        { put: { key: 'b', revision: 2, created: true } },
        { get: { revision: 2, count: 0, kvs: [], more: false } },
      ],
    });
  });

  test('answers by the list that was carried out, though the other is as long', async () => {
    const app = testApp();
    const lists = (key: string) => ({
      success: [put(`${key}1`, '')],
      failure: [put(`${key}2`, '')],
    });
    const fails = compare('none', 'create', '>', 0);
    const { body } = await txn(app, {
      compare: [fails],
      success: [put('a', ''), { txn: lists('b') }, { txn: lists('c') }],
      failure: [put('d', ''), { txn: lists('e') }, { txn: { compare: [fails], ...lists('f') } }],
    });
    const created = (key: string) => ({ put: { key, revision: 2, created: true } });
    expect(body).toMatchObject({
      succeeded: false,
      results: [
        created('d'),
        { txn: { succeeded: true, results: [created('e1')] } },
        { txn: { succeeded: false, results: [created('f2')] } },
      ],
    });
  });

  test.each<[boolean, object]>([
    [true, compare('a', 'value', '=', 'é')],
    [true, compare({ base64: 'YQ==' }, 'value', '=', { base64: 'w6k=' })],
    [false, compare('a', 'value', '!=', 'é')],
    [true, compare('a', 'version', '<', 2)],
    [true, compare('a', 'create', '=', 2)],
    [false, compare('a', 'mod', '>', 2)],
    [true, compare('a', 'lease', '=', '7')],
    [true, compare('a', 'lease', '!=', '0')],
    [true, compare('x', 'lease', '=', '0')],
    [true, compare('', 'mod', '>', 0, { end: 'z' })],
    [false, compare('', 'mod', '>', 2, { end: 'z' })],
    // An empty range is like one key that is not there, as in etcd.
    [true, compare('z', 'version', '=', 0, { end: 'a' })],
    // As in etcd: an end of nothing is none, and NUL is the end of all keys.
    [true, compare('a', 'mod', '=', 2, { end: '' })],
    [true, compare('', 'mod', '>', 0, { end: '\0' })],
    [false, compare('\0', 'mod', '=', 0, { end: '\0' })],
  ])('%p: %j', async (succeeded, one) => {
    const app = testApp();
    app.node.apply({ kind: 'lease-grant', id: '7' as LeaseId, ttl: 60 });
    await app.send('PUT', '/kv/a?lease=7', { body: 'é' });
    expect((await txn(app, { compare: [one] })).body).toMatchObject({ succeeded });
  });

  test('takes keys and values of any bytes', async () => {
    const app = testApp();
    for (const key of ['__proto__', 'constructor', '10', '9', '😀', '\u0000', 'a/b%']) {
      await txn(app, { success: [put(key, key)] });
      const read = await txn(app, { success: [get(key)] });
      expect(read.body).toMatchObject({ results: [{ get: { kvs: [{ key, value: key }] } }] });
      expect(await (await app.send('GET', `/kv/${encodeURIComponent(key)}?raw`)).text()).toBe(key);
    }
    const bytes = { base64: '/wA=' };
    await txn(app, { success: [put(bytes, bytes)] });
    const pair = { key: '/wA=', keyEncoding: 'base64', value: '/wA=', encoding: 'base64' };
    const read = await txn(app, { success: [get(bytes)] });
    expect(read.body).toMatchObject({ results: [{ get: { kvs: [pair] } }] });
  });

  test('keeps the value or the lease where it is told to', async () => {
    const app = testApp();
    app.node.apply({ kind: 'lease-grant', id: '7' as LeaseId, ttl: 60 });
    await app.send('PUT', '/kv/a?lease=7', { body: 'x' });
    await txn(app, { success: [{ put: { key: 'a', ignoreValue: true, ignoreLease: true } }] });
    expect(app.node.store.get('a' as never)).toMatchObject({ value: 'x', lease: '7', version: 2 });
    await txn(app, { success: [{ put: { key: 'a', value: 'y', ignoreLease: true } }] });
    expect(app.node.store.get('a' as never)).toMatchObject({ value: 'y', lease: '7' });
    await txn(app, { success: [{ put: { key: 'a', ignoreValue: true } }] });
    expect(app.node.store.get('a' as never)).toMatchObject({ value: 'y', lease: null });
  });

  test('of nothing succeeds', async () => {
    for (const body of ['', '{}', '{"compare":[],"success":[],"failure":[]}']) {
      const answer = await txn(testApp(), body);
      expect([answer.status, answer.body]).toEqual([
        200,
        { succeeded: true, revision: 1, results: [] },
      ]);
    }
  });
});

describe('a body that is not as it must be is 400, with the path of the field', () => {
  test.each<[string, unknown]>([
    ['', []],
    ['', 'null'],
    ['', '5'],
    ['other', { other: [] }],
    ['__proto__', '{"__proto__":[]}'],
    ['success', { success: {} }],
    ['failure', { failure: null }],
    ['compare[0]', { compare: [null] }],
    ['compare[0].key', { compare: [{ target: 'mod', op: '=', value: 0 }] }],
    ['compare[0].target', { compare: [compare('a', 'modRevision', '=', 0)] }],
    ['compare[0].target', { compare: [compare('a', 'toString', '=', 0)] }],
    ['compare[0].op', { compare: [compare('a', 'mod', '==', 0)] }],
    ['compare[0].value', { compare: [{ key: 'a', target: 'mod', op: '=' }] }],
    ['compare[0].value', { compare: [compare('a', 'mod', '=', '1')] }],
    ['compare[0].value', { compare: [compare('a', 'version', '=', -1)] }],
    ['compare[0].value', { compare: [compare('a', 'create', '=', 1.5)] }],
    ['compare[0].value', '{"compare":[{"key":"a","target":"mod","op":"=","value":-0}]}'],
    ['compare[0].value', '{"compare":[{"key":"a","target":"mod","op":"=","value":1e400}]}'],
    ['compare[0].value', { compare: [compare('a', 'mod', '=', 2 ** 53)] }],
    ['compare[0].value', { compare: [compare('a', 'value', '=', 5)] }],
    ['compare[0].value', { compare: [compare('a', 'lease', '=', 7)] }],
    ['compare[0].value', { compare: [compare('a', 'lease', '=', '07')] }],
    ['compare[0].end', { compare: [compare('a', 'mod', '=', 0, { end: null })] }],
    ['success[0]', { success: ['put'] }],
    ['success[0]', { success: [{}] }],
    ['success[0]', { success: [{ ...put('a', ''), ...get('a') }] }],
    ['success[0].range', { success: [{ range: {} }] }],
    ['success[0].put', { success: [{ put: null }] }],
    ['success[1].put.key', { success: [get('a'), { put: { value: '' } }] }],
    ['success[0].put.key', { success: [put(5, '')] }],
    ['success[0].put.key', '{"success":[{"put":{"key":"\\ud800","value":""}}]}'],
    ['success[0].put.value', '{"success":[{"put":{"key":"a","value":"a\\udfff"}}]}'],
    ['success[0].put.value', { success: [{ put: { key: 'a' } }] }],
    ['success[0].put.value', { success: [put('a', null)] }],
    ['success[0].put.value', { success: [put('a', 'x', { ignoreValue: true })] }],
    ['success[0].put.lease', { success: [put('a', '', { lease: '7', ignoreLease: true })] }],
    ['success[0].put.lease', { success: [put('a', '', { lease: 7 })] }],
    ['success[0].put.lease', { success: [put('a', '', { lease: '0' })] }],
    ['success[0].put.prev', { success: [put('a', '', { prev: 1 })] }],
    ['success[0].put.ttl', { success: [put('a', '', { ttl: '5s' })] }],
    ['success[0].put.key.base64', { success: [put({ base64: 'YQ' }, '')] }],
    ['success[0].put.key.base64', { success: [put({ base64: 'Y Q==' }, '')] }],
    ['success[0].put.key.base64', { success: [put({ base64: '_w==' }, '')] }],
    ['success[0].put.key.base64', { success: [put({ base64: 5 }, '')] }],
    ['success[0].put.key.base64', { success: [put({}, '')] }],
    ['success[0].put.key.text', { success: [put({ base64: 'YQ==', text: 'a' }, '')] }],
    ['success[0].get.limit', { success: [get('a', { limit: 0 })] }],
    ['success[0].get.limit', { success: [get('a', { limit: 10_001 })] }],
    ['success[0].get.sort', { success: [get('a', { sort: 'modRevision' })] }],
    ['success[0].get.order', { success: [get('a', { order: 'up' })] }],
    ['success[0].get.keysOnly', { success: [get('a', { keysOnly: 'true' })] }],
    ['success[0].get.minModRevision', { success: [get('a', { minModRevision: '5' })] }],
    ['success[0].get.prefix', { success: [get('a', { prefix: 'b' })] }],
    ['success[0].delete.prev', { success: [del('a', { prev: null })] }],
    ['success[0].delete.limit', { success: [del('a', { limit: 1 })] }],
    ['failure[0].txn.success[0].put.key', { failure: [{ txn: { success: [{ put: {} }] } }] }],
    ['failure[0].txn.other', { failure: [{ txn: { other: [] } }] }],
  ])('%s of %j', async (field, body) => {
    const app = testApp();
    const answer = await txn(app, body);
    expect([answer.status, answer.body]).toMatchObject([400, { code: 'bad-request', field }]);
    expect(answer.body['detail']).toStartWith(field === '' ? 'The body must be' : `${field} `);
    expect(app.node.calls).toEqual([]);
  });

  test.each([
    [true, { success: [put('a', '', { lease: '7' })] }],
    [false, { success: [put('a', '', { lease: '0' })] }],
    [true, { compare: [compare('a', 'lease', '=', '0')] }],
  ])('the schema of the body says the same: %p for %j', async (fits, body) => {
    expect(Value.Check(TxnBody, body)).toBe(fits);
    const { status } = await txn(testApp(), body);
    expect(status).not.toBe(fits ? 400 : 200);
  });

  test.each<[string, number, string, object]>([
    ['bad-key', 400, 'success[0].put.key', { success: [put('', '')] }],
    ['bad-key', 400, 'success[0].get.key', { success: [get('')] }],
    ['bad-key', 400, 'compare[0].key', { compare: [compare({ base64: '' }, 'mod', '=', 0)] }],
    ['key-too-long', 400, 'success[0].put.key', { success: [put('é'.repeat(513), '')] }],
    [
      'key-too-long',
      400,
      'success[0].delete.end',
      { success: [del('', { end: 'k'.repeat(1025) })] },
    ],
    ['value-too-large', 413, 'success[0].put.value', { success: [put('a', 'x'.repeat(MIB + 1))] }],
    ['bad-revision', 400, 'success[0].get.revision', { success: [get('a', { revision: -1 })] }],
    ['bad-revision', 400, 'success[0].get.revision', { success: [get('a', { revision: '1' })] }],
  ])('%s', async (code, status, field, body) => {
    const app = testApp();
    const answer = await txn(app, body);
    expect([answer.status, answer.body]).toMatchObject([status, { code, field, applied: 'no' }]);
    expect(app.node.calls).toEqual([]);
  });

  test('that gives a name twice', async () => {
    const app = testApp();
    const op = '{"put":{"key":"a","value":""},"put":{"key":"b","value":""}}';
    const answer = await txn(app, `{"success":[${op}]}`);
    expect([answer.status, answer.body]).toMatchObject([400, { code: 'bad-request' }]);
    expect(app.node.calls).toEqual([]);
  });

  test.each(['?x', '?consistency=serializable'])('the query %s', async (query) => {
    const { send } = testApp();
    expect((await send('POST', `/txn${query}`)).status).toBe(400);
  });

  test('that is no JSON, of another type, or too large', async () => {
    const { send } = testApp();
    const status = async (type: string, body: string): Promise<number> =>
      (await send('POST', '/txn', { headers: { 'content-type': type }, body })).status;
    expect(await status('application/json', '{')).toBe(400);
    expect(await status('application/json', '['.repeat(200_000))).toBe(400);
    expect(await status('text/plain', '{}')).toBe(415);
    expect(await status('application/json', ' '.repeat(2 * MIB))).toBe(413);
  });
});

describe('the rules of transactions', () => {
  const nested = (depth: number): object =>
    depth === 0 ? { success: [put('deep', '')] } : { success: [{ txn: nested(depth - 1) }] };

  test.each<[number, object]>([
    [200, { success: Array.from({ length: 128 }, (_, i) => put(`k${i}`, '')) }],
    [400, { success: Array.from({ length: 129 }, (_, i) => put(`k${i}`, '')) }],
    [400, { compare: Array.from({ length: 129 }, () => compare('a', 'mod', '=', 0)) }],
    [400, { failure: [get('a'), { txn: { success: Array(127).fill(get('a')) } }] }],
    [200, { failure: [get('a'), { txn: { success: Array(126).fill(get('a')) } }] }],
    [200, nested(127)],
    [400, nested(128)],
    [400, { success: [{ txn: { success: [{ txn: nested(126) }] } }] }],
  ])('%d: at most 128 operations, those of nested ones included', async (status, body) => {
    const app = testApp();
    const answer = await txn(app, body);
    expect(answer.status).toBe(status);
    if (status === 200) return;
    expect(answer.body).toMatchObject({ code: 'too-many-operations', limit: 128 });
    expect(app.node.calls).toEqual([]);
  });

  test.each<[number, object]>([
    [400, { success: [put('a', '1'), put({ base64: 'YQ==' }, '2')] }],
    [400, { success: [put('a', '1'), del('', { end: 'b' })] }],
    [400, { failure: [del('a'), put('a', '1')] }],
    [400, { success: [put('a', ''), { txn: { failure: [put('a', '')] } }] }],
    [200, { success: [{ txn: { success: [put('a', '')], failure: [put('a', '')] } }] }],
    [200, { success: [put('a', '')], failure: [put('a', '')] }],
    [200, { success: [del('a'), del('', { end: 'b' }), get('a')] }],
  ])('%d: a key is put once, and not deleted too: %j', async (status, body) => {
    const app = testApp();
    const answer = await txn(app, body);
    expect(answer.status).toBe(status);
    if (status === 200) return;
    expect(answer.body).toMatchObject({ code: 'duplicate-key', applied: 'no' });
    expect(app.node.calls).toEqual([]);
  });

  test.each<[number, object, object]>([
    [404, put('x', '', { lease: '9' }), { code: 'lease-not-found' }],
    [404, { put: { key: 'x', ignoreValue: true } }, { code: 'key-not-found' }],
    [404, { put: { key: 'x', value: '', ignoreLease: true } }, { code: 'key-not-found' }],
    [400, get('a', { revision: 4 }), { code: 'future-revision' }],
    [410, get('a', { revision: 2 }), { code: 'compacted', compactRevision: 3 }],
  ])('%d: one that cannot be carried out keeps all from it: %j', async (status, op, problem) => {
    const app = testApp();
    await app.send('PUT', '/kv/a', { body: '1' });
    await app.send('PUT', '/kv/a', { body: '2' });
    app.node.apply({ kind: 'compact', revision: 3 });
    for (const body of [
      { success: [put('b', ''), op] },
      { success: [{ txn: { success: [op] } }] },
    ]) {
      const answer = await txn(app, body);
      expect([answer.status, answer.body]).toMatchObject([status, { ...problem, applied: 'no' }]);
      expect([answer.headers.get('abcd-revision'), answer.body['revision']]).toEqual(['3', 3]);
    }
    expect(app.node.store.revision).toBe(3);
  });

  test('an answer beyond 4 MiB is refused, and nothing is done', async () => {
    const app = testApp();
    for (const key of ['a', 'b', 'c', 'd']) {
      await app.send('PUT', `/kv/${key}`, { body: 'x'.repeat(MIB) });
    }
    const reads = ['a', 'b', 'c', 'd'].map((key) => get(key));
    for (const success of [reads, [put('e', ''), ...reads], [del('a', { end: 'z', prev: true })]]) {
      const answer = await txn(app, { success });
      expect([answer.status, answer.body['code']]).toEqual([400, 'answer-too-large']);
    }
    expect(app.node.store.revision).toBe(5);
    expect((await txn(app, { success: reads.slice(1) })).status).toBe(200);
  });

  test('a read gives 1000 pairs unless more are asked for', async () => {
    const app = testApp();
    for (let i = 0; i < 1001; i += 1) {
      const fields = { value: '' as never, condition: null, prev: false };
      app.node.apply({ kind: 'put', key: `k${i}` as never, ...fields });
    }
    const { body } = await txn(app, {
      success: [get('k', { end: 'l' }), get('k', { end: 'l', limit: 2000 })],
    });
    const pages = body['results'] as { get: { kvs: unknown[]; more: boolean; count: number } }[];
    expect(pages.map(({ get: { kvs, more, count } }) => [kvs.length, more, count])).toEqual([
      [1000, true, 1001],
      [1001, false, 1001],
    ]);
  });
});

describe('a transaction that only reads', () => {
  const body = { compare: [compare('a', 'mod', '>', 0)], success: [get('a')], failure: [get('b')] };

  test('is not put into the log, but read behind a barrier', async () => {
    const app = testApp();
    await app.send('PUT', '/kv/a', { body: '1' });
    app.node.calls.length = 0;
    const answer = await txn(app, body);
    expect(answer.body).toEqual({
      succeeded: true,
      revision: 2,
      results: [{ get: { revision: 2, count: 1, kvs: [a], more: false } }],
    });
    expect(answer.headers.get('abcd-revision')).toBe('2');
    expect(app.node.calls.map(({ name }) => name)).toEqual(['readBarrier']);
    app.node.failure = NO_LEADER;
    expect((await txn(app, body)).status).toBe(503);
  });

  test('is put there under a name, to be answered the same again', async () => {
    const app = testApp();
    const named = { 'idempotency-key': 'k' };
    const first = await txn(app, body, named);
    await app.send('PUT', '/kv/a', { body: '1' });
    expect((await txn(app, body, named)).body).toEqual(first.body);
    const other = await txn(app, { success: [get('a')] }, named);
    expect([other.status, other.body['code']]).toEqual([422, 'idempotency-key-reused']);
  });

  test('is put there when another way through it writes', async () => {
    const app = testApp();
    await txn(app, { success: [get('a')], failure: [{ txn: { failure: [del('a')] } }] });
    expect(app.node.calls.map(({ name }) => name)).toEqual(['propose']);
  });
});

test('a transaction is carried out once, and gets the first answer again', async () => {
  const app = testApp();
  const named = { 'idempotency-key': 'client.7' };
  const body = { success: [put('a', '1', { prev: true }), get('a'), del('b', { prev: true })] };
  const first = await txn(app, body, named);
  await app.send('DELETE', '/kv/a');
  const again = await txn(app, { failure: [], ...body }, named);
  expect(again.body).toEqual(first.body);
  expect(again.headers.get('abcd-revision')).toBe('2');
  expect((await txn(app, { success: [put('a', '1')] }, named)).status).toBe(422);
  expect((await txn(app, { success: [put('a', '')] }, { 'idempotency-key': '' })).status).toBe(400);
});
