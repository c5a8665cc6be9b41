import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Best } from '../../src/kv/best.ts';

test('keeps the first of all that are offered, and gives them from the last', () => {
  const numbers = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60 });
  fc.assert(
    fc.property(numbers, fc.integer({ min: 1, max: 70 }), (offered, wanted) => {
      const best = new Best<number>((a, b) => a - b, wanted);
      for (const number of offered) best.offer(number);
      const first = offered.toSorted((a, b) => a - b).slice(0, wanted);
      expect([...best.takeOut()]).toEqual(first.toReversed());
      expect([...best.takeOut()]).toEqual([]);
    }),
  );
});
