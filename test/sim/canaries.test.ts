import { describe, expect, test } from 'bun:test';
import { CANARIES } from './canaries/all.ts';
import { isFound, release, replacementsOf } from './canaries/release.ts';

/** Most are found by the first few seeds. */
const SEEDS = 400;
const PATIENCE_MS = 10 * 60_000;
/** Each run of the tests tries one in so many; `bun run sim:canaries` tries all. */
const SHARE = 8;
const TURN = Math.floor(Date.now() / 86_400_000) % SHARE;

test('every canary has its place in the source', async () => {
  for (const canary of CANARIES) {
    const texts = await replacementsOf(canary);
    expect(texts.some(({ text }) => text.includes(canary.replace))).toBe(true);
  }
});

test('no two canaries have the same name', () => {
  const names = CANARIES.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

describe('it is noticed that', () => {
  test.each(CANARIES.filter((_, at) => at % SHARE === TURN))(
    '$name',
    async (canary) => {
      const finding = await release(canary, { from: 1, count: SEEDS });
      expect([finding.invariant, isFound(finding)]).toEqual([expect.any(String), true]);
    },
    PATIENCE_MS,
  );
});
