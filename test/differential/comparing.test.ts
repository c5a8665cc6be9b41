import { describe, expect, test } from 'bun:test';
import type { ByteString } from '../../src/lib/bytes.ts';
import { differencesTable } from './differences.ts';
import { agree } from './support/agree.ts';
import { type GetAnswer, type Pair, UNTOLD } from './support/answer.ts';
import type { Get } from './support/operation.ts';
import { simplified } from './support/simplified.ts';

const KEY = 'a' as ByteString;

function pair(key: string, version: number): Pair {
  const numbers = { createRevision: 2, modRevision: 3, version, lease: null };
  return { key: key as ByteString, value: KEY, ...numbers };
}

function page(kvs: readonly Pair[], more = false): GetAnswer {
  return { type: 'get', revision: 9, count: 9, kvs, more };
}

const [A1, B1, C2] = [pair('a', 1), pair('b', 1), pair('c', 2)];
const BY_VERSION: Get<number> = {
  type: 'get',
  key: KEY,
  open: true,
  sort: 'version',
  order: 'asc',
};

test('the README has the table of differences as it is', async () => {
  const readme = await Bun.file(new URL('../../README.md', import.meta.url)).text();
  expect(readme).toContain(`## Differences from etcd\n\n`);
  expect(readme).toContain(`\n${differencesTable()}\n`);
});

describe('answers agree', () => {
  test.each<[unknown, unknown, boolean]>([
    [{ a: [1, { b: null }] }, { a: [1, { b: null }] }, true],
    [{ a: 1 }, { a: UNTOLD }, true],
    [{ a: UNTOLD }, { a: 1 }, false],
    [{ a: 1 }, {}, false],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [[1, 2], [1], false],
    [[], {}, false],
    [null, {}, false],
    ['1', 1, false],
  ])('%j and %j: %p', (expected, actual, same) => {
    expect(agree(expected, actual)).toBe(same);
  });
});

describe('without ties', () => {
  const same = (get: Get<number>, a: GetAnswer, b: GetAnswer, what: 'ties' | 'limits' = 'ties') =>
    agree(simplified(get, a, what), simplified(get, b, what));

  test('equals may stand in any order, others may not', () => {
    expect(same(BY_VERSION, page([A1, B1, C2]), page([B1, A1, C2]))).toBe(true);
    expect(same(BY_VERSION, page([A1, B1, C2]), page([A1, C2, B1]))).toBe(false);
    expect(same(BY_VERSION, page([A1, B1]), page([A1, A1]))).toBe(false);
    const byKey = { ...BY_VERSION, sort: 'key' } as const;
    expect(same(byKey, page([A1, B1]), page([B1, A1]))).toBe(false);
  });

  test('the limit may choose among equals, if there is more', () => {
    expect(same(BY_VERSION, page([A1], true), page([B1], true))).toBe(true);
    expect(same(BY_VERSION, page([A1]), page([B1]))).toBe(false);
    expect(same(BY_VERSION, page([A1], true), page([C2], true))).toBe(false);
  });

  test('without an order the limit may come first', () => {
    const { order: _, ...unordered } = { ...BY_VERSION, limit: 1 };
    expect(same(unordered, page([A1], true), page([C2], true), 'limits')).toBe(true);
    expect(same(unordered, page([A1], true), page([C2], true), 'ties')).toBe(false);
    expect(same(unordered, page([A1], true), page([], true), 'limits')).toBe(false);
    const ordered = { ...BY_VERSION, limit: 1 };
    expect(same(ordered, page([A1], true), page([C2], true), 'limits')).toBe(false);
  });

  test('in a transaction too', () => {
    const txn = { type: 'txn', compare: [], success: [BY_VERSION], failure: [] } as const;
    const answer = (kvs: readonly Pair[]) =>
      ({ type: 'txn', revision: 9, succeeded: true, results: [page(kvs)] }) as const;
    const [one, other] = [answer([A1, B1]), answer([B1, A1])];
    expect(agree(simplified(txn, one, 'ties'), simplified(txn, other, 'ties'))).toBe(true);
    expect(agree(one, other)).toBe(false);
  });
});
