import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Pair, RangeAnswer } from '../../../src/wire/kv.ts';
import { TEST_CONFIG, type TestApp, testApp } from '../../support/http.ts';

const SORTS = ['key', 'version', 'create', 'mod', 'value'] as const;
const ORDERS = ['asc', 'desc'] as const;

async function page(app: TestApp, query: string): Promise<RangeAnswer & { kvs: Pair[] }> {
  const answer = await app.send('GET', `/kv?${query}`);
  expect(answer.status, query).toBe(200);
  expect(answer.headers.get('content-type')).toStartWith('application/json');
  expect(answer.headers.get('vary')).toBe('Accept');
  return await answer.json();
}

/** a: value 3, twice written. b: 1. c: 1. d: 2, thrice written. Revisions 2 to 8. */
async function filled(config = TEST_CONFIG): Promise<TestApp> {
  const app = testApp(config);
  for (const [key, value] of ['d0', 'a0', 'b1', 'd1', 'c1', 'a3', 'd2'].map((text) =>
    text.split(''),
  )) {
    await app.send('PUT', `/kv/${key}`, { body: value ?? '' });
  }
  return app;
}

function keysOf({ kvs }: { kvs: readonly { key: string }[] }): string {
  return kvs.map(({ key }) => key).join('');
}

describe('sort, order and filters', () => {
  test.each([
    ['', 'abcd'],
    ['&order=desc', 'dcba'],
    ['&sort=key', 'abcd'],
    ['&sort=key&order=desc', 'dcba'],
    ['&sort=version', 'bcad'],
    ['&sort=version&order=desc', 'dacb'],
    ['&sort=create', 'dabc'],
    ['&sort=create&order=desc', 'cbad'],
    ['&sort=mod', 'bcad'],
    ['&sort=mod&order=desc', 'dacb'],
    ['&sort=value', 'bcda'],
    ['&sort=value&order=desc', 'adcb'],
    ['&minModRevision=6', 'acd'],
    ['&maxModRevision=6', 'bc'],
    ['&maxModRevision=0', 'abcd'],
    ['&minModRevision=6&maxModRevision=7', 'ac'],
    ['&minCreateRevision=3', 'abc'],
    ['&maxCreateRevision=3', 'ad'],
    ['&minCreateRevision=3&maxCreateRevision=3&sort=value', 'a'],
    ['&minModRevision=9', ''],
    ['&revision=5', 'abd'],
    ['&revision=5&sort=value&order=desc', 'dba'],
    ['&revision=5&maxModRevision=4', 'ab'],
  ])('prefix=%s is %s, and the count is of the whole range', async (query, keys) => {
    const answer = await page(await filled(), `prefix=${query}`);
    expect(keysOf(answer)).toBe(keys);
    expect(answer.count).toBe(query.includes('revision=5') ? 3 : 4);
    expect(answer.next).toBeNull();
  });

  test.each([
    'sort=size',
    'sort=',
    'sort=KEY',
    'order=',
    'minModRevision=-1',
    'maxModRevision=x',
    'minCreateRevision=1.5',
    'maxCreateRevision=9007199254740992',
    'cursor=AAAA&countOnly',
  ])('?%s is refused before anything is read', async (query) => {
    const app = await filled();
    const answer = await app.send('GET', `/kv?prefix=&${query}`);
    expect(answer.status).toBe(400);
    expect(app.node.barriers).toBe(0);
  });

  test('countOnly counts without pairs, as of any revision', async () => {
    const app = await filled();
    const counted = await page(app, 'prefix=&countOnly&revision=3&sort=mod&minModRevision=3');
    expect(counted).toEqual({ revision: 3, count: 2, kvs: [], next: null });
  });
});

describe('a cursor', () => {
  for (const sort of SORTS) {
    for (const order of ORDERS) {
      test(`goes on as of the first page, sorted by ${sort} ${order}`, async () => {
        const query = `prefix=&sort=${sort}&order=${order}`;
        for (const limit of [1, 2, 3]) {
          const app = await filled();
          const all = await page(app, query);
          const kvs: Pair[] = [];
          for (let cursor: string | null = ''; cursor !== null; ) {
            const next = await page(app, `${query}&limit=${limit}${cursor}`);
            kvs.push(...next.kvs);
            expect([next.revision, next.count]).toEqual([all.revision, 4]);
            cursor = next.next === null ? null : `&cursor=${next.next}`;
            // Whatever is written between pages, whatever becomes of the last pair of a page.
            const key = next.kvs.at(-1)?.key ?? '';
            await app.send('DELETE', `/kv/${key}`);
            await app.send('PUT', '/kv/a', { body: 'new' });
            await app.send('PUT', `/kv/${key}1`, { body: 'new' });
          }
          expect(kvs).toEqual(all.kvs);
        }
      });
    }
  }

  test('walks any range as it was, by any order and filter', async () => {
    const write = fc.tuple(
      fc.constantFrom(...'abcdefgh'.split('')),
      fc.integer({ min: 0, max: 2 }),
    );
    const settings = fc.record({
      writes: fc.array(write, { minLength: 1, maxLength: 30 }),
      later: fc.array(write, { maxLength: 30 }),
      sort: fc.constantFrom(...SORTS),
      order: fc.constantFrom(...ORDERS),
      limit: fc.integer({ min: 1, max: 4 }),
      minModRevision: fc.integer({ min: 0, max: 8 }),
    });
    const apply = async (app: TestApp, [key, value]: readonly [string, number]): Promise<void> => {
      if (value === 0) await app.send('DELETE', `/kv/${key}`);
      else await app.send('PUT', `/kv/${key}`, { body: `${value}` });
    };
    await fc.assert(
      fc.asyncProperty(settings, async ({ writes, later, limit, ...rest }) => {
        const app = testApp();
        for (const one of writes) await apply(app, one);
        const { sort, order, minModRevision } = rest;
        const query = `prefix=&sort=${sort}&order=${order}&minModRevision=${minModRevision}`;
        const all = await page(app, query);
        const kvs: Pair[] = [];
        const waiting = [...later];
        for (let cursor: string | null = ''; cursor !== null; ) {
          const next = await page(app, `${query}&limit=${limit}${cursor}`);
          kvs.push(...next.kvs);
          cursor = next.next === null ? null : `&cursor=${next.next}`;
          for (const one of waiting.splice(0, 3)) await apply(app, one);
        }
        expect(kvs).toEqual(all.kvs);
      }),
      { numRuns: 60 },
    );
  });

  test('may change the limit and keysOnly, and nothing else', async () => {
    const app = await filled();
    const { next } = await page(app, 'prefix=&limit=2&maxModRevision=99');
    const rest = 'prefix=&maxModRevision=99';
    expect(keysOf(await page(app, `${rest}&cursor=${next}&keysOnly`))).toBe('cd');
    expect(keysOf(await page(app, `${rest}&cursor=${next}&revision=8`))).toBe('cd');
    expect(keysOf(await page(app, `${rest}&cursor=${next}&revision=0`))).toBe('cd');
    for (const other of [
      'prefix=',
      'prefix=a&maxModRevision=99',
      'start=&end=z&maxModRevision=99',
      'prefix=&maxModRevision=98',
      'prefix=&maxModRevision=99&minModRevision=1',
      'prefix=&maxModRevision=99&sort=mod',
      'prefix=&maxModRevision=99&order=desc',
      'prefix=&maxModRevision=99&revision=7',
    ]) {
      const answer = await app.send('GET', `/kv?${other}&cursor=${next}`);
      expect([other, answer.status, (await answer.json()).code]).toEqual([
        other,
        400,
        'bad-request',
      ]);
    }
    // The same range by other words is the same range.
    const { next: byStart } = await page(app, 'start=&limit=1');
    expect(keysOf(await page(app, `prefix=&cursor=${byStart}`))).toBe('bcd');
  });

  test('that was touched is refused', async () => {
    const app = await filled();
    const { next } = await page(app, 'prefix=&limit=2');
    const token = next ?? '';
    const touched = token.split('').map((letter, i) => {
      return `${token.slice(0, i)}${letter === 'A' ? 'B' : 'A'}${token.slice(i + 1)}`;
    });
    for (const cursor of [
      ...touched,
      token.slice(4),
      token.slice(0, -4),
      `${token}${token}`,
      '%00',
    ]) {
      const answer = await app.send('GET', `/kv?prefix=&cursor=${cursor}`);
      expect([cursor, answer.status]).toEqual([cursor, 400]);
      expect((await answer.json()).code).toBe('bad-request');
    }
  });

  test('of a revision that was compacted meanwhile is 410', async () => {
    const app = await filled();
    const { next, revision } = await page(app, 'prefix=&limit=2');
    await app.send('PUT', '/kv/a');
    app.node.apply({ kind: 'compact', revision });
    expect(keysOf(await page(app, `prefix=&cursor=${next}`))).toBe('cd');
    await app.send('PUT', '/kv/a');
    app.node.apply({ kind: 'compact', revision: revision + 1 });
    const answer = await app.send('GET', `/kv?prefix=&cursor=${next}`);
    expect(answer.status).toBe(410);
    expect(await answer.json()).toMatchObject({ code: 'compacted', compactRevision: revision + 1 });
  });

  test('works at a node that is behind: it catches up, even for a serializable read', async () => {
    const ahead = await filled();
    const { next } = await page(ahead, 'prefix=&limit=2');
    for (const consistency of ['linearizable', 'serializable']) {
      const behind = testApp();
      behind.node.hold = async () => {
        behind.node.hold = null;
        for (const text of ['d0', 'a0', 'b1', 'd1', 'c1', 'a3', 'd2']) {
          await behind.send('PUT', `/kv/${text[0]}`, { body: text[1] ?? '' });
        }
      };
      const query = `prefix=&consistency=${consistency}&cursor=${next}`;
      expect(keysOf(await page(behind, query))).toBe('cd');
      // Where the revision is known, a serializable read asks nobody.
      const { barriers } = behind.node;
      await page(behind, query);
      expect(behind.node.barriers - barriers).toBe(consistency === 'linearizable' ? 1 : 0);
    }
    const elsewhere = await testApp().send('GET', `/kv?prefix=&cursor=${next}`);
    expect(await elsewhere.json()).toMatchObject({ code: 'future-revision', revision: 1 });
  });
});

describe('the size of a page', () => {
  test('is of what goes over the wire; a pair that is too large stands alone', async () => {
    const limits = { ...TEST_CONFIG.limits, pageBytes: 1000 };
    const app = testApp({ ...TEST_CONFIG, limits });
    const values = ['\u0001'.repeat(60), 'é'.repeat(200), 'x'.repeat(5000), 'y', 'z'.repeat(400)];
    for (const [i, body] of values.entries()) await app.send('PUT', `/kv/k${i}`, { body });
    await app.send('PUT', '/kv/k5', { body: new Uint8Array(500).fill(0xff) });
    for (const sort of SORTS) {
      const sizes: number[] = [];
      const keys: string[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const answer = await app.send('GET', `/kv?prefix=k&sort=${sort}${cursor}`);
        const text = await answer.text();
        const { kvs, next }: RangeAnswer = JSON.parse(text);
        if (kvs.length > 1) sizes.push(Buffer.byteLength(JSON.stringify(kvs)));
        keys.push(...kvs.map(({ key }) => key));
        cursor = next === null ? null : `&cursor=${next}`;
      }
      expect(keys.toSorted()).toEqual(['k0', 'k1', 'k2', 'k3', 'k4', 'k5']);
      expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(1001);
    }
  });

  test('is bounded by what the node is told', async () => {
    const limits = { ...TEST_CONFIG.limits, pageItems: 2, pageItemsMax: 3 };
    const app = await filled({ ...TEST_CONFIG, limits });
    expect(keysOf(await page(app, 'prefix='))).toBe('ab');
    expect(keysOf(await page(app, 'prefix=&limit=3'))).toBe('abc');
    expect((await app.send('GET', '/kv?prefix=&limit=4')).status).toBe(400);
  });
});
