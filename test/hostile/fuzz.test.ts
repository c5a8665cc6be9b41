/** Every fuzzer for a short while; `bun run test:fuzz --seconds 600` is for longer. */
import { expect, test } from 'bun:test';
import { FUZZERS } from './fuzz/all.ts';
import { fuzz } from './fuzz/fuzzer.ts';

const SEED = 1;
const MS = 2000;

test.each(FUZZERS.map((fuzzer) => [fuzzer.name, fuzzer] as const))('%s', async (_name, fuzzer) => {
  const { cases, seen } = await fuzz(fuzzer, SEED, MS);
  process.stdout.write(`${fuzzer.name}: ${cases} cases\n`);
  // What only ever came to one thing was not looked at from all sides.
  expect(seen.size).toBeGreaterThan(1);
});
