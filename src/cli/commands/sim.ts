/**
 * `sim`: the simulator, for those who work on this program. One seed, with its trace; or many, on
 * all cores.
 */
import { drainMicrotasks } from 'bun:jsc';
import type { Command } from 'commander';
import type { FlagValues } from '../../lib/settings.ts';
import {
  describeFailure,
  lineOf,
  runSeeds,
  type RunLine,
  type Seeds,
  Tally,
} from '../../sim/campaign.ts';
import { type Cut, isCutName } from '../../sim/cut.ts';
import { Simulation } from '../../sim/simulation.ts';
import { measureSpeed } from '../../sim/speed.ts';
import type { Cli } from '../cli.ts';
import { eachLine } from '../cluster/process.ts';
import { EXIT, ExitError } from '../exit.ts';

const MINUTE_MS = 60_000;
/** How often a long run says how far it is, in runs. */
const NOTE_EVERY = 1_000;
const SPEED_RUNS = 6;
/** Seeds enough for any number of minutes. */
const ENDLESS = 10 ** 9;

/** Adds the command, which is of no use to those who only run nodes. */
export function addSimCommand(program: Command, cli: Cli, done: (exitCode: number) => void): void {
  program
    .command('sim', { hidden: true })
    .description('run the deterministic simulator')
    .option('--seed <n>', 'run one seed, and print its trace if it fails')
    .option('--trace', 'with --seed: print the whole trace')
    .option('--until <ms>', 'with --seed: faults and clients end then')
    .option('--without <names>', 'with --seed: these faults never come, such as crash,network')
    .option('--seeds <n>', 'run so many seeds (default: 200)')
    .option('--from <n>', 'the first of them, or `fresh` for one by chance (default: 1)')
    .option('--minutes <n>', 'go on with further seeds for so long instead')
    .option('--jobs <n>', 'processes at the same time (default: one for each core)')
    .option('--step <n>', 'the distance between two seeds (default: 1)')
    .option('--bail', 'stop at the first failure')
    .option('--json', 'one line of JSON for each run')
    .option('--speed', 'measure how fast a cluster of three is simulated')
    .action(async (flags: FlagValues) => done(await sim(cli, flags)));
}

async function sim(cli: Cli, flags: FlagValues): Promise<number> {
  if (flags['speed'] === true) return showSpeed(cli);
  if (flags['seed'] !== undefined) return runOne(cli, numberIn(flags, 'seed', 1), flags);
  const from = flags['from'] === 'fresh' ? freshSeed(cli) : numberIn(flags, 'from', 1);
  const minutes = flags['minutes'] === undefined ? null : numberIn(flags, 'minutes', 1);
  const count = minutes === null ? numberIn(flags, 'seeds', 200) : ENDLESS;
  const seeds = { from, count, step: numberIn(flags, 'step', 1) };
  const deadline = minutes === null ? null : cli.clock.now() + minutes * MINUTE_MS;
  const jobs = numberIn(flags, 'jobs', navigator.hardwareConcurrency);
  const started = cli.clock.now();
  const tally = new Tally();
  const summary = (): string => {
    const seconds = (cli.clock.now() - started) / 1000;
    return `seeds from ${from}: ${tally.summary(seconds)}\n`;
  };
  const take = (line: RunLine): void => {
    tally.add(line);
    if (tally.runs % NOTE_EVERY === 0) cli.note(summary());
    if (flags['json'] === true) cli.out(`${JSON.stringify(line)}\n`);
    else if (line.failure !== null) cli.out(describeFailure(line, `${cli.invocation} sim`));
  };
  const mayGoOn = (): boolean => {
    if (flags['bail'] === true && tally.failures.length > 0) return false;
    return deadline === null || cli.clock.now() < deadline;
  };
  if (jobs === 1) for (const run of runSeeds(seeds, drainMicrotasks, mayGoOn)) take(run);
  else await runInChildren(cli, seeds, minutes, jobs, take);
  const isWhole = minutes !== null || flags['bail'] === true || tally.runs === count;
  if (!isWhole) throw new ExitError(EXIT.defect, `${tally.runs} of ${count} runs were told`);
  if (flags['json'] === true) return tally.failures.length === 0 ? EXIT.ok : EXIT.usage;
  cli.out(`${JSON.stringify(tally.coverage)}\n`);
  for (const event of tally.seldom) cli.out(`too seldom: ${event}\n`);
  cli.out(summary());
  return tally.isGood ? EXIT.ok : EXIT.usage;
}

function runOne(cli: Cli, seed: number, flags: FlagValues): number {
  const print = flags['trace'] === true ? (line: string) => cli.out(`${line}\n`) : null;
  const cut = cutIn(flags);
  const options = { seed, drain: drainMicrotasks, cut };
  const simulation = new Simulation(print === null ? options : { ...options, onLine: print });
  const report = simulation.run();
  if (report.failure === null) {
    cli.out(`seed ${seed} is good; its trace has hash ${report.traceHash}\n`);
    return EXIT.ok;
  }
  cli.out(describeFailure(lineOf(report, cut), `${cli.invocation} sim`));
  return EXIT.usage;
}

/** The first runs are slower: the program is compiled while it runs. */
function showSpeed(cli: Cli): number {
  for (let run = 1; run <= SPEED_RUNS; run += 1) {
    const { simulatedMs, operations, tookMs } = measureSpeed(run, drainMicrotasks, cli.clock.now);
    const speed = (simulatedMs / tookMs).toFixed(0);
    const rate = (operations / (simulatedMs / 1000)).toFixed(0);
    cli.out(`run ${run}: ${speed} simulated seconds a second, ${rate} operations in each\n`);
  }
  return EXIT.ok;
}

function cutIn(flags: FlagValues): Cut {
  const untilMs = flags['until'] === undefined ? null : numberIn(flags, 'until', 1);
  const without = String(flags['without'] ?? '')
    .split(',')
    .filter((name) => name !== '');
  const unknown = without.find((name) => !isCutName(name));
  if (unknown !== undefined) throw new ExitError(EXIT.usage, `--without knows no ${unknown}`);
  return { untilMs, without: without.filter(isCutName) };
}

/** Every process takes each `jobs`-th seed and tells what came of it, line by line. */
async function runInChildren(
  cli: Cli,
  { from, count, step }: Seeds,
  minutes: number | null,
  jobs: number,
  take: (line: RunLine) => void,
): Promise<void> {
  const children = Array.from({ length: Math.min(jobs, count) }, async (_, job) => {
    const share = Math.ceil((count - job) / jobs);
    const many = minutes === null ? ['--seeds', String(share)] : ['--minutes', String(minutes)];
    const first = ['--from', String(from + job * step), '--step', String(jobs * step)];
    const child = Bun.spawn([...cli.self, 'sim', '--json', '--jobs', '1', ...first, ...many], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'inherit',
    });
    await eachLine(child.stdout, (line) => take(JSON.parse(line) as RunLine));
    await child.exited;
    if (child.exitCode === EXIT.ok || child.exitCode === EXIT.usage) return;
    throw new ExitError(EXIT.defect, `a simulator process ended with ${child.exitCode}`);
  });
  await Promise.all(children);
}

function numberIn(flags: FlagValues, name: string, fallback: number): number {
  const text = flags[name];
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new ExitError(EXIT.usage, `--${name} is a whole number above 0, not ${text}`);
}

function freshSeed(cli: Cli): number {
  return 1 + new DataView(cli.randomBytes().buffer).getUint32(0);
}
