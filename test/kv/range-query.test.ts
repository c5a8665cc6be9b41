import { describe, expect, test } from 'bun:test';
import type { KeyRange, RangeOptions } from '../../src/kv/command.ts';
import { b, compact, del, put } from './support/commands.ts';
import { Rig } from './support/rig.ts';

/** a: 2, 6. b: 3. c: 4, deleted at 7, 8. d: 5. */
function filled(): Rig {
  const rig = new Rig();
  for (const [key, value] of ['a1', 'b3', 'c2', 'd0', 'a0'].map((text) => Array.from(text))) {
    rig.apply(put(key ?? '', value ?? ''));
  }
  rig.apply(del('c'), put('c', '9'));
  return rig;
}

const ALL: KeyRange = { key: b(''), open: true };

/** Keys with their values, how many there are in all, and a plus if there are more. */
function ask(range: KeyRange, options: RangeOptions = {}, rig = filled()): string {
  const page = rig.view.query(range, options);
  if (page.type !== 'range') return page.type;
  const kvs = page.kvs.map(({ key, value }) => key + value).join(' ');
  return `${kvs} of ${page.count}${page.more ? '+' : ''}`;
}

describe('the range', () => {
  test.each<[KeyRange, string]>([
    [ALL, 'a0 b3 c9 d0 of 4'],
    [{ key: b('b') }, 'b3 of 1'],
    [{ key: b('bb') }, ' of 0'],
    [{ key: b('b'), end: b('d') }, 'b3 c9 of 2'],
    [{ key: b('b'), end: b('d'), open: true }, 'b3 c9 of 2'],
    [{ key: b('c'), end: null, open: true }, 'c9 d0 of 2'],
    [{ key: b('d'), end: b('b') }, ' of 0'],
    [{ key: b('b'), end: b('b') }, ' of 0'],
    [{ key: b('a'), end: b('') }, ' of 0'],
  ])('%p', (range, expected) => {
    expect(ask(range)).toBe(expected);
  });
});

describe('what of it is shown; the count is of the whole range', () => {
  test.each<[RangeOptions, string]>([
    [{ limit: 2 }, 'a0 b3 of 4+'],
    [{ limit: 4 }, 'a0 b3 c9 d0 of 4'],
    [{ limit: 0 }, 'a0 b3 c9 d0 of 4'],
    [{ limit: 1, order: 'desc' }, 'd0 of 4+'],
    [{ keysOnly: true, limit: 2 }, 'a b of 4+'],
    [{ countOnly: true, limit: 1 }, ' of 4'],
    [{ countOnly: true, minModRevision: 99 }, ' of 4'],
    [{ minModRevision: 5 }, 'a0 c9 d0 of 4'],
    [{ minModRevision: 5, limit: 2 }, 'a0 c9 of 4+'],
    [{ maxModRevision: 5 }, 'b3 d0 of 4'],
    [{ minCreateRevision: 3, maxCreateRevision: 5 }, 'b3 d0 of 4'],
    [{ maxCreateRevision: 2 }, 'a0 of 4'],
    [{ maxModRevision: 0, maxCreateRevision: 0 }, 'a0 b3 c9 d0 of 4'],
    [{ sort: 'value' }, 'a0 d0 b3 c9 of 4'],
    [{ sort: 'value', order: 'desc' }, 'c9 b3 d0 a0 of 4'],
    [{ sort: 'mod' }, 'b3 d0 a0 c9 of 4'],
    [{ sort: 'create', order: 'desc', limit: 2 }, 'c9 d0 of 4+'],
    [{ sort: 'version', order: 'desc' }, 'a0 d0 c9 b3 of 4'],
    [{ sort: 'value', limit: 1, minModRevision: 6 }, 'a0 of 4+'],
  ])('%p', (options, expected) => {
    expect(ask(ALL, options)).toBe(expected);
  });
});

describe('as of a revision', () => {
  test.each<[number, string]>([
    [1, ' of 0'],
    [2, 'a1 of 1'],
    [5, 'a1 b3 c2 d0 of 4'],
    [6, 'a0 b3 c2 d0 of 4'],
    [7, 'a0 b3 d0 of 3'],
    [8, 'a0 b3 c9 d0 of 4'],
    [9, 'future-revision'],
    [0, 'a0 b3 c9 d0 of 4'],
  ])('%p', (revision, expected) => {
    expect(ask(ALL, { revision })).toBe(expected);
  });

  test('that is compacted', () => {
    const rig = filled();
    rig.apply(compact(7));
    expect(rig.view.query(ALL, { revision: 6 })).toEqual({ type: 'compacted', compactRevision: 7 });
    expect(ask(ALL, { revision: 7 }, rig)).toBe('a0 b3 d0 of 3');
    expect(ask(ALL, {}, rig)).toBe('a0 b3 c9 d0 of 4');
  });

  test('the answer says which', () => {
    expect(filled().view.query(ALL)).toMatchObject({ revision: 8 });
    expect(filled().view.query(ALL, { revision: 6 })).toMatchObject({ revision: 6 });
  });
});

test('counts of the past are right whether few things changed since or many', () => {
  const rig = new Rig();
  const keys = Array.from({ length: 3000 }, (_, i) => `k${i}`);
  rig.apply(...keys.map((key) => put(key, '')));
  const full = rig.view.revision;
  rig.apply(del('k1', { end: b('k2') }));
  rig.apply(...keys.map((key) => put(key, '1')), ...keys.map((key) => put(key, '2')));
  rig.apply(del('k2', { open: true }));
  const inK1 = keys.filter((key) => key >= 'k1' && key < 'k2').length;
  const inK2 = keys.filter((key) => key >= 'k2').length;
  const now = rig.view.revision;
  const count = (revision: number): number => {
    const page = rig.view.query(ALL, { revision, countOnly: true });
    return page.type === 'range' ? page.count : -1;
  };
  expect(count(now)).toBe(3000 - inK2);
  expect(count(now - 1)).toBe(3000);
  expect(count(full + 1)).toBe(3000 - inK1);
  expect(count(full)).toBe(3000);
  // More changes than are undone one by one.
  for (let i = 0; i < 5; i += 1) rig.apply(...keys.map((key) => put(key, '3')));
  expect(rig.view.revision - full).toBeGreaterThan(10_000);
  expect([count(full), count(full + 1), count(full - 1)]).toEqual([3000, 3000 - inK1, 2999]);
});

test('the best of many, without keeping all: more than are sorted at once', () => {
  const rig = new Rig();
  const value = (i: number): string => String((i * 7919) % 5003).padStart(4, '0');
  for (let i = 0; i < 5003; i += 1) rig.apply(put(`k${i}`, value(i)));
  const page = rig.view.query(ALL, { sort: 'value', limit: 3 });
  if (page.type !== 'range') throw new Error(page.type);
  expect(page.kvs.map((pair) => String(pair.value))).toEqual(['0000', '0001', '0002']);
  expect([page.count, page.more]).toEqual([5003, true]);
});
