/**
 * `bun run test:chaos [--minutes M] [--only part-of-a-name] [--seed N] [--kills N] [--json FILE]`
 *
 * Breaks real processes, disks and networks while clients work, and checks all that clients saw:
 * the scenarios in `test/chaos/`, one after another, which share the minutes. Needs root on Linux.
 * Ends with a table of what really happened, and one line: how many scenarios passed and failed.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { removeLeftovers } from './chaos/leftovers.ts';
import { type Scenario, Trial } from './chaos/scenario.ts';
import { SCENARIOS } from './chaos/scenarios.ts';
import { ensureCommands, searchPath } from './system-packages.ts';

const MINUTE = 60_000;
const DEFAULT_MINUTES = 6;
const COMMANDS = ['strace', 'iptables', 'ip'];
/** What a scenario may take beyond its budget, for its start, for healing and for checking. */
const EXTRA_MS = 5 * MINUTE;

interface Result {
  readonly name: string;
  readonly seed: number;
  readonly seconds: number;
  readonly counts: Readonly<Record<string, number>>;
  /** Null when it has passed. */
  readonly error: string | null;
  /** It was not over in time: what it began may still go on. */
  readonly isStuck: boolean;
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string' },
      only: { type: 'string' },
      seed: { type: 'string' },
      kills: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const missing = await ensureCommands(COMMANDS);
  const chosen = SCENARIOS.filter(({ name }) => name.includes(values.only ?? ''));
  if (missing !== null || chosen.length === 0) {
    say(missing ?? `no scenario's name has ${values.only} in it`);
    say('0 passed, 1 failed');
    return 1;
  }
  process.env['PATH'] = searchPath();
  const seed = numberOf(values.seed) ?? Math.floor(Math.random() * 2 ** 32);
  const kills = numberOf(values.kills);
  const minutes = numberOf(values.minutes) ?? DEFAULT_MINUTES;
  const shares = chosen.reduce((sum, { share }) => sum + share, 0);
  const results: Result[] = [];
  for (const scenario of chosen) {
    const budgetMs = (minutes * MINUTE * scenario.share) / shares;
    const result = await runOne(scenario, { seed, budgetMs, kills });
    results.push(result);
    // No other could be believed beside it.
    if (result.isStuck) break;
  }
  for (const result of results) say(rowsOf(result));
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(results, null, 2));
  const failed = results.filter(({ error }) => error !== null).length;
  say(`${results.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function runOne(
  { name, about, run }: Scenario,
  options: { seed: number; budgetMs: number; kills: number | null },
): Promise<Result> {
  say(`\n=== ${name}: ${about}`);
  say(`seed ${options.seed}, ${Math.round(options.budgetMs / 1000)} s`);
  const trial = new Trial({ ...options, say });
  const began = performance.now();
  const late = Promise.withResolvers<never>();
  let isStuck = false;
  const timer = setTimeout(() => {
    isStuck = true;
    late.reject(new Error('not over in time'));
  }, options.budgetMs + EXTRA_MS);
  let error: string | null = null;
  try {
    await Promise.race([run(trial), late.promise]);
  } catch (thrown) {
    error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    say(error);
    say(`again: bun run test:chaos --only ${name} --seed ${options.seed}`);
  } finally {
    clearTimeout(timer);
  }
  const seconds = Math.round((performance.now() - began) / 1000);
  say(`=== ${name}: ${error === null ? 'passed' : 'failed'} after ${seconds} s`);
  const counts = Object.fromEntries(trial.counts);
  return { name, seed: options.seed, seconds, counts, error, isStuck };
}

function rowsOf({ name, seconds, counts, error }: Result): string {
  const head = `\n${name}: ${error === null ? 'passed' : 'FAILED'}, ${seconds} s`;
  const rows = Object.entries(counts).map(([what, n]) => `  ${String(n).padStart(8)}  ${what}`);
  return [head, ...rows].join('\n');
}

function numberOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const number = Number(text);
  if (Number.isFinite(number) && number >= 0) return number;
  throw new Error(`${text} is not a number`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    removeLeftovers();
    process.exit(1);
  });
}
const code = await main(process.argv.slice(2));
// A scenario that was not over in time still has processes, and goes on if it is let.
removeLeftovers();
await new Promise<void>((resolve) => {
  process.stdout.write('', () => resolve());
});
process.exit(code);
