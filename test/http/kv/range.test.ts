import { beforeEach, describe, expect, test } from 'bun:test';
import { formatCursor, parseCursor } from '../../../src/http/kv/cursor.ts';
import type { ByteString } from '../../../src/lib/bytes.ts';
import { TEST_CONFIG, type TestApp, testApp } from '../../support/http.ts';

let app: TestApp;

beforeEach(async () => {
  app = testApp();
  for (const key of ['a', 'b/1', 'b/2', 'b/3', 'c']) {
    await app.send('PUT', `/kv/${key}`, { body: `value of ${key}` });
  }
});

async function get(query: string): Promise<{ keys: string[]; count: number; next: string | null }> {
  const answer = await app.send('GET', `/kv?${query}`);
  expect(answer.status).toBe(200);
  const { kvs, count, next, revision } = await answer.json();
  expect(answer.headers.get('abcd-revision')).toBe(String(revision));
  return { keys: kvs.map(({ key }: { key: string }) => key), count, next };
}

describe('GET /kv', () => {
  test.each([
    ['prefix=b/', ['b/1', 'b/2', 'b/3']],
    ['prefix=b%2F', ['b/1', 'b/2', 'b/3']],
    ['prefix=', ['a', 'b/1', 'b/2', 'b/3', 'c']],
    ['start=b/2', ['b/2', 'b/3', 'c']],
    ['end=b/2', ['a', 'b/1']],
    ['start=b/1&end=b/3', ['b/1', 'b/2']],
    ['start=b&end=b', []],
    ['prefix=b/&order=desc', ['b/3', 'b/2', 'b/1']],
    ['prefix=zzz', []],
  ])('?%s gives %j', async (query, keys) => {
    expect(await get(query)).toEqual({ keys, count: keys.length, next: null });
  });

  test('gives whole pairs and the revision', async () => {
    const answer = await app.send('GET', '/kv?prefix=c');
    expect(await answer.json()).toEqual({
      revision: 6,
      count: 1,
      kvs: [{ key: 'c', value: 'value of c', createRevision: 6, modRevision: 6, version: 1 }],
      next: null,
    });
  });

  test('keysOnly leaves the values out, countOnly the pairs', async () => {
    const keysOnly = await (await app.send('GET', '/kv?prefix=c&keysOnly')).json();
    expect(keysOnly.kvs).toEqual([{ key: 'c', createRevision: 6, modRevision: 6, version: 1 }]);
    const countOnly = await (await app.send('GET', '/kv?prefix=b&countOnly')).json();
    expect(countOnly).toEqual({ revision: 6, count: 3, kvs: [], next: null });
  });

  test.each(['asc', 'desc'])('pages in %s order give every key once', async (order) => {
    const all = await get(`prefix=&order=${order}`);
    for (const limit of [1, 2, 3, 4, 5, 6]) {
      const seen: string[] = [];
      let next: string | null = null;
      do {
        const cursor: string = next === null ? '' : `&cursor=${next}`;
        const page = await get(`prefix=&order=${order}&limit=${limit}${cursor}`);
        expect(page.count).toBe(5);
        expect(page.keys.length).toBeLessThanOrEqual(limit);
        seen.push(...page.keys);
        ({ next } = page);
      } while (next !== null);
      expect(seen).toEqual(all.keys);
    }
  });

  test('a page ends at its budget of bytes, and one pair always fits', async () => {
    const numbers = { createRevision: 2, modRevision: 2, version: 1 };
    const line = `${JSON.stringify({ key: 'k1', value: '345', ...numbers })},`;
    const limits = { ...TEST_CONFIG.limits, pageBytes: 2 * line.length };
    app = testApp({ ...TEST_CONFIG, limits });
    for (const key of ['k1', 'k2', 'k3']) await app.send('PUT', `/kv/${key}`, { body: '345' });
    const first = await get('prefix=k');
    expect(first.keys).toEqual(['k1', 'k2']);
    expect((await get(`prefix=k&cursor=${first.next}`)).keys).toEqual(['k3']);
    await app.send('PUT', '/kv/big', { body: 'x'.repeat(1000) });
    await app.send('PUT', '/kv/k2', { body: 'é34' });
    expect((await get('prefix=big')).keys).toEqual(['big']);
    expect((await get('prefix=k')).keys).toEqual(['k1']);
    expect((await get('prefix=k&keysOnly')).keys).toEqual(['k1', 'k2']);
  });

  test.each([
    'limit=0&prefix=a',
    'limit=10001&prefix=a',
    'limit=-1&prefix=a',
    'limit=1.5&prefix=a',
    'limit=1e3&prefix=a',
    'limit=&prefix=a',
    'order=up&prefix=a',
    'keysOnly=1&prefix=a',
    'prefix=a&prefix=b',
    'prefix=a&start=b',
    'prefix=a&end=b',
    'start=b&end=a',
    'limit=5',
    'prefix=a&cursor=',
    'prefix=a&cursor=%21',
    'prefix=a&cursor=AAAA',
    'prefix=a+b',
  ])('?%s is 400 bad-request', async (query) => {
    const answer = await app.send('GET', `/kv?${query}`);
    expect(answer.status).toBe(400);
    expect((await answer.json()).code).toBe('bad-request');
    expect(app.node.barriers).toBe(0);
  });

  test('a malformed escape and a bound that is too long are refused', async () => {
    expect((await (await app.send('GET', '/kv?prefix=%zz')).json()).code).toBe('bad-key');
    const long = 'a'.repeat(1025);
    expect((await (await app.send('GET', `/kv?start=${long}`)).json()).code).toBe('key-too-long');
  });

  test('limit=10000 is the most', async () => {
    expect((await get('prefix=a&limit=10000')).keys).toEqual(['a']);
  });

  test('a cursor of another range or order is refused', async () => {
    const { next } = await get('prefix=b&limit=1');
    for (const query of [`prefix=c&cursor=${next}`, `prefix=b&order=desc&cursor=${next}`]) {
      expect((await app.send('GET', `/kv?${query}`)).status).toBe(400);
    }
  });

  test('conditions need a key', async () => {
    for (const name of ['if-match', 'if-none-match']) {
      const answer = await app.send('GET', '/kv?prefix=b', { headers: { [name]: '"2"' } });
      expect(answer.status).toBe(400);
    }
  });
});

describe('DELETE /kv', () => {
  test.each([
    ['prefix=b/', 3, ['a', 'c']],
    ['start=b/2', 3, ['a', 'b/1']],
    ['end=b/2', 2, ['b/2', 'b/3', 'c']],
    ['start=b/1&end=b/3', 2, ['a', 'b/3', 'c']],
    ['prefix=', 5, []],
    ['prefix=zzz', 0, ['a', 'b/1', 'b/2', 'b/3', 'c']],
    ['start=b&end=b', 0, ['a', 'b/1', 'b/2', 'b/3', 'c']],
  ])('?%s deletes %d keys', async (query, deleted, left) => {
    const answer = await app.send('DELETE', `/kv?${query}`);
    expect(await answer.json()).toEqual({ deleted, revision: deleted === 0 ? 6 : 7 });
    expect((await get('prefix=')).keys).toEqual(left);
  });

  test.each(['', '?', '?start=b&end=a', '?limit=1&prefix=a', '?prefix=b&prev'])(
    '/kv%s is refused, and nothing is deleted',
    async (query) => {
      expect((await app.send('DELETE', `/kv${query}`)).status).toBe(400);
      expect((await get('prefix=')).keys).toHaveLength(5);
    },
  );
});

describe('cursors', () => {
  test.each(['', 'a', 'b/1', '\0\xff:\n', '~~~???'])('%j comes back', (key) => {
    const cursor = { revision: 42, count: 7, key: key as ByteString };
    const token = formatCursor(cursor, 'seal');
    expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(parseCursor(token, 'seal')).toEqual(cursor);
    for (const other of [token.slice(0, -1), `${token}A`, token.slice(1), `M${token}`, '', '!']) {
      expect(() => parseCursor(other, 'seal')).toThrow('cursor is not one');
    }
    expect(() => parseCursor(token, 'seals')).toThrow('cursor is not one');
  });
});
