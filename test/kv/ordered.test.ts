import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { KeyValue, SortTarget } from '../../src/kv/command.ts';
import type { OrderOptions } from '../../src/kv/ordered.ts';
import type { StoreReader } from '../../src/kv/store-reader.ts';
import { EMPTY_BYTES } from '../../src/lib/bytes.ts';
import { b, compact, del, put } from './support/commands.ts';
import { Rig } from './support/rig.ts';

const EVERYTHING = { start: EMPTY_BYTES, end: null };
const SORTS: readonly SortTarget[] = ['key', 'version', 'create', 'mod', 'value'];

function rigOf(writes: readonly (readonly [number, number])[]): Rig {
  const rig = new Rig();
  for (const [key, value] of writes) {
    rig.apply(value === 0 ? del(`k${key}`) : put(`k${key}`, `v${value}`));
  }
  return rig;
}

function pairsOf(
  reader: StoreReader,
  revision: number,
  options: OrderOptions,
  after: KeyValue | null,
  wanted: number,
): KeyValue[] {
  const found: KeyValue[] = [];
  for (const pair of reader.ordered(EVERYTHING, revision, options, after, wanted)) {
    if (pair !== null) found.push(pair);
    if (found.length === wanted) break;
  }
  return found;
}

describe('pairs in any order, as of any revision', () => {
  test('going on after the last pair of a page misses none and repeats none', () => {
    const write = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 3 }));
    const settings = fc.record({
      writes: fc.array(write, { minLength: 1, maxLength: 40 }),
      sort: fc.constantFrom(...SORTS),
      order: fc.constantFrom('asc' as const, 'desc' as const),
      minModRevision: fc.integer({ min: 0, max: 10 }),
      back: fc.integer({ min: 0, max: 20 }),
      limit: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(settings, ({ writes, back, limit, ...options }) => {
        const rig = rigOf(writes);
        const revision = Math.max(1, rig.view.revision - back);
        const reader = rig.view.pin();
        const page = rig.view.query({ key: EMPTY_BYTES, open: true }, { ...options, revision });
        const all = page.type === 'range' ? page.kvs : [];
        const walked: KeyValue[] = [];
        for (let last: KeyValue | null = null; ; ) {
          const next = pairsOf(reader, revision, options, last, limit);
          walked.push(...next);
          last = next.at(-1) ?? null;
          if (last === null) break;
        }
        expect(walked).toEqual([...all]);
      }),
      { numRuns: 300 },
    );
  });

  test('a copy goes on as of its revision, whatever is written and compacted meanwhile', () => {
    const rig = rigOf([1, 2, 3, 4].map((key) => [key, 1] as const));
    const reader = rig.view.pin();
    const { revision } = reader;
    const pairs = reader.ordered(EVERYTHING, revision, {}, null, 9);
    const first = pairs.next().value;
    rig.apply(del('k', { end: b('l') }), put('k2', 'new'), compact(revision + 2));
    while (rig.machine.collect(100));
    const rest = [...pairs].filter((pair) => pair !== null);
    expect([first, ...rest].map((pair) => pair?.key)).toEqual(['k1', 'k2', 'k3', 'k4'].map(b));
    expect(rest.every(({ value }) => value === b('v1'))).toBe(true);
  });
});

describe('the hash as of a revision', () => {
  function hashAt(rig: Rig, revision: number): string {
    const steps = rig.view.pin().hashing(revision);
    let step = steps.next();
    while (step.done !== true) step = steps.next();
    return step.value;
  }

  test('is the same whatever came later, and was compacted', () => {
    const rig = rigOf([
      [1, 1],
      [2, 1],
      [1, 2],
    ]);
    const { revision } = rig.view;
    const before = hashAt(rig, revision);
    expect(before).toMatch(/^[0-9a-f]{16}$/);
    rig.apply(put('k1', 'x'), del('k2'), put('k3', ''), compact(revision));
    expect(hashAt(rig, revision)).toBe(before);
  });

  test.each<[string, readonly (readonly [number, number])[]]>([
    ['another value', [[1, 2]]],
    ['another key', [[2, 1]]],
    [
      'a key more',
      [
        [1, 1],
        [2, 1],
      ],
    ],
    [
      'another version of the same value',
      [
        [1, 1],
        [1, 1],
      ],
    ],
    ['nothing', []],
  ])('differs for %s', (_what, writes) => {
    const one = rigOf([[1, 1]]);
    const other = rigOf(writes);
    expect(hashAt(other, other.view.revision)).not.toBe(hashAt(one, one.view.revision));
  });
});
