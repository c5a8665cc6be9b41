import { describe, expect, test } from 'bun:test';
import { TEST_CONFIG, type TestApp, testApp } from '../../support/http.ts';

async function history(app: TestApp, query: string) {
  const answer = await app.send('GET', `/history/${query}`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toStartWith('application/json');
  return await answer.json();
}

function compact(app: TestApp, body: unknown, headers: Record<string, string> = {}) {
  return app.send('POST', '/compact', {
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** k: 1 at 2, 2 at 3, deleted at 4, not UTF-8 at 5. */
async function filled(): Promise<TestApp> {
  const app = testApp();
  await app.send('PUT', '/kv/k', { body: '1' });
  await app.send('PUT', '/kv/k', { body: '2' });
  await app.send('DELETE', '/kv/k');
  await app.send('PUT', '/kv/k', { body: Uint8Array.of(0xff) });
  return app;
}

const AT_5 = { modRevision: 5, version: 1, value: '/w==', encoding: 'base64', createRevision: 5 };
const AT_4 = { modRevision: 4, version: 0, value: '', deleted: true };
const AT_3 = { modRevision: 3, version: 2, value: '2', createRevision: 2 };
const AT_2 = { modRevision: 2, version: 1, value: '1', createRevision: 2 };

describe('GET /history/{key}', () => {
  test('gives all versions, newest first, deletions too; by path and by query', async () => {
    const app = await filled();
    const all = { versions: [AT_5, AT_4, AT_3, AT_2], compactRevision: 0, more: false };
    expect(await history(app, 'k')).toEqual(all);
    expect(await (await app.send('GET', '/history?key=k')).json()).toEqual(all);
    expect(app.node.barriers).toBe(2);
    await history(app, 'k?consistency=serializable');
    expect(app.node.barriers).toBe(2);
  });

  test.each([
    [2, [AT_5, AT_4, AT_3, AT_2]],
    [3, [AT_5, AT_4, AT_3]],
    [4, [AT_5, AT_4]],
    [5, [AT_5]],
  ])('after a compaction at %d, what is left', async (compactRevision, versions) => {
    const app = await filled();
    expect((await compact(app, { revision: compactRevision })).status).toBe(200);
    expect(await history(app, 'k')).toEqual({ versions, compactRevision, more: false });
  });

  test('of what never was, or is forgotten, there are no versions', async () => {
    const app = await filled();
    expect(await history(app, 'kk')).toEqual({ versions: [], compactRevision: 0, more: false });
    await app.send('DELETE', '/kv/k');
    await app.send('PUT', '/kv/other');
    await compact(app, { revision: 7 });
    expect(await history(app, 'k')).toEqual({ versions: [], compactRevision: 7, more: false });
  });

  test('pages by the revision before the last one', async () => {
    const app = await filled();
    const first = await history(app, 'k?limit=3');
    expect(first).toEqual({ versions: [AT_5, AT_4, AT_3], compactRevision: 0, more: true });
    const rest = await history(app, 'k?limit=3&revision=2');
    expect(rest).toEqual({ versions: [AT_2], compactRevision: 0, more: false });
  });

  test('100 by default, 1000 at most, and no more than a page may hold', async () => {
    const limits = { ...TEST_CONFIG.limits, pageBytes: 40_000 };
    const app = testApp({ ...TEST_CONFIG, limits });
    for (let i = 0; i < 1001; i += 1) await app.send('PUT', '/kv/k', { body: `${i}` });
    expect((await history(app, 'k')).versions).toHaveLength(100);
    const cut = await history(app, 'k?limit=1000');
    expect(cut.more).toBe(true);
    expect(JSON.stringify(cut).length).toBeWithin(39_000, 40_100);
    await app.send('PUT', '/kv/k', { body: 'x'.repeat(50_000) });
    expect((await history(app, 'k')).versions).toHaveLength(1);
  });

  test.each(['limit=0', 'limit=1001', 'limit=x', 'limit=', 'consistency=x', 'order=asc', 'raw'])(
    '?%s is refused',
    async (query) => {
      const { send, node } = testApp();
      const answer = await send('GET', `/history/k?${query}`);
      expect(answer.status).toBe(400);
      expect((await answer.json()).code).toBe('bad-request');
      expect(node.calls).toEqual([]);
    },
  );

  test.each([
    ['/history/', 'bad-key'],
    ['/history/%zz', 'bad-key'],
    ['/history?key=', 'bad-key'],
    ['/history', 'bad-request'],
    [`/history/${'a'.repeat(1025)}`, 'key-too-long'],
  ])('%s is %s', async (path, code) => {
    const answer = await testApp().send('GET', path);
    expect([answer.status, (await answer.json()).code]).toEqual([400, code]);
  });

  test('has no other method', async () => {
    for (const method of ['PUT', 'POST', 'DELETE', 'HEAD']) {
      const answer = await testApp().send(method, '/history/k');
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET']);
    }
  });
});

describe('POST /compact', () => {
  test('forgets what was before, at once, and says so', async () => {
    const app = await filled();
    const answer = await compact(app, { revision: 4 });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('abcd-revision')).toBe('5');
    expect(await answer.json()).toEqual({ revision: 5, compactRevision: 4 });
    expect((await app.send('GET', '/kv/k?revision=3')).status).toBe(410);
    expect((await app.send('GET', '/kv/k?revision=4')).status).toBe(404);
  });

  test.each([
    [5, 200, { compactRevision: 5 }],
    [6, 400, { code: 'future-revision', revision: 5, applied: 'no' }],
    [3, 410, { code: 'compacted', compactRevision: 3, applied: 'no' }],
    [2, 410, { code: 'compacted', compactRevision: 3 }],
    [0, 410, { code: 'compacted', compactRevision: 3 }],
  ])('at %d, after one at 3 of 5, is %d %j', async (revision, status, body) => {
    const app = await filled();
    await compact(app, { revision: 3 });
    const answer = await compact(app, { revision });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject(body);
  });

  test.each([
    {},
    [],
    null,
    5,
    { revision: '5' },
    { revision: null },
    { revision: -1 },
    { revision: 1.5 },
    { revision: 2 ** 53 },
    { revision: [5] },
    { revision: 5, physical: true },
    '{"revision":1e999}',
    '{"revision":5',
    '',
    '{"revision":5,"__proto__":{}}',
  ])('%j is refused', async (body) => {
    const app = await filled();
    const before = app.node.calls.length;
    const answer = await compact(app, body);
    expect([answer.status, (await answer.json()).code]).toEqual([400, 'bad-request']);
    expect(app.node.calls).toHaveLength(before);
  });

  test('has one effect and one answer for one name', async () => {
    const app = await filled();
    const headers = { 'idempotency-key': 'c.1' };
    const first = await (await compact(app, { revision: 3 }, headers)).json();
    await compact(app, { revision: 4 });
    await app.send('PUT', '/kv/k');
    const again = await compact(app, { revision: 3 }, headers);
    expect([again.status, await again.json()]).toEqual([200, first]);
    expect((await compact(app, { revision: 4 }, headers)).status).toBe(422);
    const failed = await compact(app, { revision: 3 }, { 'idempotency-key': 'c.2' });
    expect(failed.status).toBe(410);
    expect((await compact(app, { revision: 3 }, { 'idempotency-key': 'c.2' })).status).toBe(410);
  });

  test('takes no form, and no query', async () => {
    const { send } = await filled();
    const form = await send('POST', '/compact', { body: new URLSearchParams({ revision: '3' }) });
    expect(form.status).toBe(415);
    expect((await send('POST', '/compact?revision=3')).status).toBe(400);
  });
});

describe('GET /hash?revision=', () => {
  async function hashAt(app: TestApp, revision: number): Promise<string> {
    const answer = await app.send('GET', `/hash?revision=${revision}`);
    const body = await answer.json();
    expect(answer.status).toBe(200);
    expect(body.hash).toMatch(/^[0-9a-f]{16}$/);
    if (revision > 0) expect(body.revision).toBe(revision);
    return body.hash;
  }

  test('is of that revision, whatever came later and is forgotten', async () => {
    const app = await filled();
    const hashes = [];
    for (const revision of [1, 2, 3, 4, 5]) hashes.push(await hashAt(app, revision));
    expect(new Set(hashes).size).toBe(5);
    expect(await hashAt(app, 0)).toBe(hashes[4] ?? '');
    await app.send('PUT', '/kv/other');
    await compact(app, { revision: 3 });
    expect(await hashAt(app, 3)).toBe(hashes[2] ?? '');
    expect(await hashAt(app, 5)).toBe(hashes[4] ?? '');
  });

  test('waits for a revision that this node does not know yet, and for no other', async () => {
    const app = await filled();
    await hashAt(app, 5);
    expect(app.node.barriers).toBe(0);
    app.node.hold = async () => {
      app.node.hold = null;
      await app.send('PUT', '/kv/k', { body: 'new' });
    };
    const later = await hashAt(app, 6);
    expect(app.node.barriers).toBe(1);
    expect(later).not.toBe(await hashAt(app, 5));
  });
});
