import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { ReplayWindow } from '../../src/transport/replay-window.ts';

const SIZE = 2048;

test('accepts what a set with a lower bound would accept', () => {
  const jump = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -40, max: 40 }) },
    { weight: 2, arbitrary: fc.integer({ min: -2100, max: 2100 }) },
    { weight: 1, arbitrary: fc.integer({ min: -9000, max: 9000 }) },
  );
  fc.assert(
    fc.property(fc.array(jump, { maxLength: 300 }), (jumps) => {
      const window = new ReplayWindow();
      const used = new Set<number>();
      let newest = 0;
      for (const by of jumps) {
        const counter = newest + by;
        const fresh = counter >= 1 && counter > newest - SIZE && !used.has(counter);
        expect(window.accept(counter)).toBe(fresh);
        if (fresh) used.add(counter);
        newest = Math.max(newest, fresh ? counter : 0);
      }
    }),
    { seed: 3, numRuns: 300 },
  );
});

test('the largest counters', () => {
  const window = new ReplayWindow();
  expect(window.accept(Number.MAX_SAFE_INTEGER)).toBe(true);
  expect(window.accept(Number.MAX_SAFE_INTEGER)).toBe(false);
  expect(window.accept(Number.MAX_SAFE_INTEGER - SIZE + 1)).toBe(true);
  expect(window.accept(Number.MAX_SAFE_INTEGER - SIZE)).toBe(false);
});
