/**
 * `sim`: the simulator, for those who work on this program. One seed, with its trace; or many, on
 * all cores.
 */
import { drainMicrotasks } from 'bun:jsc';
import type { Command } from 'commander';
import type { FlagValues } from '../../lib/settings.ts';
import { describeFailure, lineOf } from '../../sim/campaign.ts';
import { type Cut, isCutName } from '../../sim/cut.ts';
import { Simulation } from '../../sim/simulation.ts';
import { measureSpeed } from '../../sim/speed.ts';
import type { Cli } from '../cli.ts';
import { EXIT, ExitError } from '../exit.ts';
import { runCampaign } from '../sim-campaign.ts';
import { addScopeOptions, runScope } from './sim-scope.ts';

const SPEED_RUNS = 12;
/** Seeds enough for any number of minutes. */
const ENDLESS = 10 ** 9;

/** Adds the command, which is of no use to those who only run nodes. */
export function addSimCommand(program: Command, cli: Cli, done: (exitCode: number) => void): void {
  addScopeOptions(program.command('sim', { hidden: true }))
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
  if (flags['scope'] !== undefined) return runScope(cli, flags);
  if (flags['seed'] !== undefined) return runOne(cli, numberIn(flags, 'seed', 1), flags);
  const from = flags['from'] === 'fresh' ? freshSeed(cli) : numberIn(flags, 'from', 1);
  const minutes = flags['minutes'] === undefined ? null : numberIn(flags, 'minutes', 1);
  const count = minutes === null ? numberIn(flags, 'seeds', 200) : ENDLESS;
  return runCampaign(cli, {
    seeds: { from, count, step: numberIn(flags, 'step', 1) },
    minutes,
    jobs: numberIn(flags, 'jobs', navigator.hardwareConcurrency),
    bail: flags['bail'] === true,
    json: flags['json'] === true,
  });
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
  const now = (): number => cli.clock.now();
  for (let run = 1; run <= SPEED_RUNS; run += 1) {
    const { simulatedMs, operations, tookMs } = measureSpeed(run, drainMicrotasks, now);
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
