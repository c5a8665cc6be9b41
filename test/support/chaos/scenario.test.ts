import { expect, test } from 'bun:test';
import { Trial } from './scenario.ts';

function trial(): Trial {
  return new Trial({ seed: 1, budgetMs: 60_000, kills: null, say: () => undefined });
}

test('a run in which too little happened fails, and says what', () => {
  const one = trial();
  one.count('kills');
  one.count('calls', 500);
  expect(() => one.floors({ kills: 1, calls: 500 })).not.toThrow();
  expect(() => one.floors({ kills: 2, calls: 500, partitions: 1 })).toThrow(
    'kills: 1 of at least 2, partitions: 0 of at least 1',
  );
});

test('problems are told, of many the first', () => {
  const one = trial();
  expect(() => one.noProblems('calls', [])).not.toThrow();
  const many = Array.from({ length: 9 }, (_, i) => `problem ${i}`);
  expect(() => one.noProblems('calls', many)).toThrow(/9 problems\nproblem 0[^]*and 4 more/);
});

test('its time is over when it has failed', () => {
  const one = trial();
  expect([one.isOver, one.isFailed]).toEqual([false, false]);
  one.fail();
  expect([one.isOver, one.isFailed]).toEqual([true, true]);
});
