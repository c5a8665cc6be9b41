import { heapStats } from 'bun:jsc';
import { expect, test } from 'bun:test';
import { calmWorld, runSeed } from './support/world.ts';

/** What a few worlds leave, if they are kept, is many times as much. */
const OBJECTS_MAX = 20_000;

/** Hours of seeds in one process must not need more memory than minutes of them. */
test('a world that is over leaves nothing behind', () => {
  const objectsAfter = (seeds: readonly number[]): number => {
    for (const seed of seeds) runSeed(seed, {}, {}, { trace: false });
    // The collector may take what was used last for something that is still in use.
    calmWorld(1, { safetyMs: 1_000, operations: 10 }).run();
    Bun.gc(true);
    return heapStats().objectCount;
  };
  const before = objectsAfter([8000, 8001]);
  expect(objectsAfter([8002, 8003, 8004, 8005]) - before).toBeLessThan(OBJECTS_MAX);
});
