/**
 * `bun run test:fuzz [--seconds 60] [--seed 1] [--only name]`
 *
 * Runs every fuzzer for so long, and says what came of it; without a seed, with one that was drawn.
 */
import { parseArgs } from 'node:util';
import { FUZZERS } from './all.ts';
import { fuzz } from './fuzzer.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string' },
  },
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

let failed = 0;
const chosen = FUZZERS.filter(({ name }) => values.only === undefined || name === values.only);
for (const fuzzer of chosen) {
  try {
    const { cases, seen } = await fuzz(fuzzer, Number(values.seed), Number(values.seconds) * 1000);
    const kinds = [...seen].toSorted(([, a], [, b]) => b - a).slice(0, 12);
    const outcomes = kinds.map(([what, count]) => `${count} ${what}`).join(', ');
    say(`${fuzzer.name}: ${cases} cases of seed ${values.seed}; ${outcomes}`);
  } catch (error) {
    failed += 1;
    say(Bun.inspect(error));
  }
}
if (chosen.length === 0) failed = 1;
say(`${chosen.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
