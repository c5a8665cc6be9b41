import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { runSeed } from './support/world.ts';

const ROOT = join(import.meta.dir, '../..');
/** A few, of different sizes and with different faults. */
const SEEDS = [2, 3, 6, 11, 19];

test.each(SEEDS)('seed %i gives the same trace again, to the last byte', (seed) => {
  const first = runSeed(seed);
  const second = runSeed(seed);
  expect(first.failure).toBeNull();
  expect(second.traceHash).toBe(first.traceHash);
  expect(second.coverage.toJSON()).toEqual(first.coverage.toJSON());
});

test('another seed gives another trace', () => {
  const hashes = SEEDS.map((seed) => runSeed(seed).traceHash);
  expect(new Set(hashes).size).toBe(SEEDS.length);
});

/** Without the compiler: as another machine, it computes the same in another way. */
test.each(['1', '0'])('another process gives the same trace, with BUN_JSC_useJIT=%s', (useJIT) => {
  const command = [process.execPath, 'run', 'src/index.ts', 'sim', '--seed', '3'];
  const env = { ...process.env, BUN_JSC_useJIT: useJIT };
  const child = Bun.spawnSync(command, { cwd: ROOT, env });
  expect(child.stdout.toString()).toContain(runSeed(3).traceHash);
});
