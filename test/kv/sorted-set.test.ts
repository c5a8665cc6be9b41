import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { SortedSet } from '../../src/kv/sorted-set.ts';

interface Item {
  readonly rank: number;
  readonly name: string;
}

const byRank = (a: Pick<Item, 'rank'>, b: Pick<Item, 'rank'>): number => a.rank - b.rank;

test('it does what a sorted array does, and a clone keeps what it had', () => {
  const rank = fc.integer({ min: 0, max: 300 });
  const step = fc.record({ do: fc.constantFrom('add', 'add', 'delete', 'clone'), rank });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: 'max' }), fc.array(rank), (steps, looks) => {
      const set = new SortedSet<Item, Pick<Item, 'rank'>>(byRank);
      let model: Item[] = [];
      const clones: [typeof set, Item[]][] = [];
      for (const { do: what, rank: at } of steps) {
        const isThere = model.some((item) => item.rank === at);
        if (what === 'clone') clones.push([set.clone(), model]);
        else if (what === 'delete') {
          expect(set.delete({ rank: at })).toBe(isThere);
          model = model.filter((item) => item.rank !== at);
        } else if (!isThere) {
          const item = { rank: at, name: `${at}` };
          set.add(item);
          model = [...model, item].toSorted(byRank);
        }
      }
      set.checkValid();
      expect([set.size, set.first(), set.last()]).toEqual([model.length, model[0], model.at(-1)]);
      for (const at of looks) {
        expect(set.floor({ rank: at })).toEqual(model.findLast((item) => item.rank <= at) as Item);
        expect(set.ceiling({ rank: at })).toEqual(model.find((item) => item.rank >= at) as Item);
        expect([...set.from({ rank: at })]).toEqual(model.filter((item) => item.rank >= at));
      }
      for (const [clone, items] of clones) {
        clone.checkValid();
        expect([...clone.from({ rank: 0 })]).toEqual(items);
      }
    }),
    { seed: 1, numRuns: 40 },
  );
});

test('an empty one', () => {
  const set = new SortedSet<Item, Pick<Item, 'rank'>>(byRank);
  const probe = { rank: 5 };
  expect([set.floor(probe), set.ceiling(probe), set.last()]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect([...set.from(probe)]).toEqual([]);
});
