import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { SortedMap } from '../../src/kv/sorted-map.ts';

/** The map that is obviously right: a plain one, sorted when asked. */
class Model {
  readonly pairs = new Map<string, number>();

  range(start: string, end: string | null): number[] {
    return [...this.pairs]
      .filter(([key]) => key >= start && (end === null || key < end))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, value]) => value);
  }
}

type Step =
  | { readonly do: 'set' | 'delete'; readonly key: string }
  | { readonly do: 'deleteRange'; readonly start: string; readonly end: string | null }
  | { readonly do: 'clone' };

/** Enough keys for three levels of the tree, so few that they meet. */
const key = fc.oneof(
  fc.integer({ min: 0, max: 3000 }).map((n) => String(n)),
  fc.constantFrom('', '\u0000', '\u00ff', '__proto__', 'constructor', '10', '2'),
);
const end = fc.option(key, { nil: null });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constantFrom('set', 'delete'), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deleteRange'), start: key, end }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clone') }) },
);

function perform(step: Step, map: SortedMap<string, number>, model: Model, value: number): void {
  switch (step.do) {
    case 'set':
      map.set(step.key, value);
      model.pairs.set(step.key, value);
      break;
    case 'delete':
      expect(map.delete(step.key)).toBe(model.pairs.delete(step.key));
      break;
    case 'deleteRange': {
      const gone = model.range(step.start, step.end);
      expect(map.deleteRange(step.start, step.end)).toEqual(gone);
      for (const [k, v] of model.pairs) if (gone.includes(v)) model.pairs.delete(k);
      break;
    }
    case 'clone':
      break;
  }
}

function expectEqual(map: SortedMap<string, number>, model: Model): void {
  map.checkValid();
  expect(map.size).toBe(model.pairs.size);
  expect([...map.values()]).toEqual(model.range('', null));
}

test('it does what a sorted array does, and a clone keeps what it had', () => {
  const steps = fc.array(step, { minLength: 1, maxLength: 300, size: 'max' });
  const full = fc.constantFrom(0, 20, 100, 2000);
  const look = fc.tuple(key, end, fc.integer({ min: 0, max: 50 }));
  fc.assert(
    fc.property(full, steps, fc.array(look), (size, todo, looks) => {
      const map = new SortedMap<string, number>();
      const model = new Model();
      for (let i = 0; i < size; i += 1) perform({ do: 'set', key: String(i) }, map, model, i);
      const clones: [SortedMap<string, number>, number[]][] = [];
      todo.forEach((one, i) => {
        if (one.do === 'clone') clones.push([map.clone(), model.range('', null)]);
        else perform(one, map, model, size + i);
      });
      expectEqual(map, model);
      for (const [start, stop, limit] of looks) {
        const inside = model.range(start, stop);
        expect(map.range(start, stop, limit)).toEqual(inside.slice(0, limit));
        expect(map.rangeDescending(start, stop, limit)).toEqual(
          inside.toReversed().slice(0, limit),
        );
        expect([...map.walk(start, stop)]).toEqual(inside);
        expect([...map.walk(start, stop, true)]).toEqual(inside.toReversed());
        expect(map.count(start, stop)).toBe(inside.length);
        expect(map.firstFrom(start)).toBe(model.range(start, null)[0]);
        expect(map.get(start)).toBe(model.pairs.get(start));
      }
      for (const [clone, values] of clones) {
        clone.checkValid();
        expect([...clone.values()]).toEqual(values);
      }
    }),
    { seed: 1, numRuns: 60 },
  );
});

test('both a map and its clone can be written to', () => {
  const map = new SortedMap<string, number>();
  for (let i = 0; i < 500; i += 1) map.set(String(i), i);
  const clone = map.clone();
  clone.deleteRange('1', '3');
  clone.set('x', 1);
  map.set('2', -2);
  map.delete('400');
  expect([map.get('x'), map.get('2'), map.get('10'), map.size]).toEqual([undefined, -2, 10, 499]);
  expect([clone.get('x'), clone.get('2'), clone.get('400')]).toEqual([1, undefined, 400]);
  map.checkValid();
  clone.checkValid();
});

describe('the edges of ranges', () => {
  const map = new SortedMap<string, string>();
  for (const name of ['b', 'd', 'f']) map.set(name, name);

  test.each<[string, string | null, string]>([
    ['', null, 'bdf'],
    ['b', 'f', 'bd'],
    ['c', 'e', 'd'],
    ['b', 'b', ''],
    ['f', 'b', ''],
    ['f', null, 'f'],
    ['g', null, ''],
    ['', 'b', ''],
    ['', '', ''],
    ['e', 'z', 'f'],
  ])('from %p to %p', (start, stop, found) => {
    const names = Array.from(found);
    expect(map.range(start, stop, 9)).toEqual(names);
    expect(map.rangeDescending(start, stop, 9)).toEqual(names.toReversed());
    expect([...map.walk(start, stop)]).toEqual(names);
    expect([...map.walk(start, stop, true)]).toEqual(names.toReversed());
    expect(map.count(start, stop)).toBe(names.length);
    const clone = map.clone();
    expect(clone.deleteRange(start, stop)).toEqual(names);
    expect(clone.size).toBe(3 - names.length);
  });

  test('an empty map has none', () => {
    const empty = new SortedMap<string, string>();
    expect(empty.range('', null, 9)).toEqual([]);
    expect(empty.rangeDescending('', 'x', 9)).toEqual([]);
    expect(empty.deleteRange('', null)).toEqual([]);
    expect(empty.count('', null)).toBe(0);
    expect(empty.firstFrom('')).toBeUndefined();
  });
});

test('numbers are ordered as numbers', () => {
  const map = new SortedMap<number, string>();
  for (const n of [10, 9, 100, 1]) map.set(n, String(n));
  expect(map.range(2, null, 9)).toEqual(['9', '10', '100']);
  expect(map.count(9, 100)).toBe(2);
});
