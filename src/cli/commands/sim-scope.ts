/**
 * `sim --scope`: every crash point of short scripts (src/sim/small-scope), or one case of them
 * again.
 */
import { drainMicrotasks } from 'bun:jsc';
import type { Command } from 'commander';
import type { FlagValues } from '../../lib/settings.ts';
import { type CrashPlan, planOfText } from '../../sim/small-scope/crash-plan.ts';
import { explore } from '../../sim/small-scope/explore.ts';
import { type Rules, Sampler, thinned } from '../../sim/small-scope/rules.ts';
import { runCase } from '../../sim/small-scope/scope-case.ts';
import {
  DAILY,
  FULL,
  type Group,
  GROUPS,
  type Script,
  scriptsOf,
} from '../../sim/small-scope/scripts.ts';
import { type Step, STEPS, stepOf } from '../../sim/small-scope/steps.ts';
import { type FailedCase, flagsOf, Tally } from '../../sim/small-scope/tally.ts';
import type { Cli } from '../cli.ts';
import { EXIT, ExitError } from '../exit.ts';

/** Failures after which an enumeration has told enough. */
const FAILURES_MAX = 20;
const MINUTE_MS = 60_000;

export function addScopeOptions(command: Command): Command {
  return command
    .option('--scope <what>', 'crash in: daily, singles, pairs, triples, all, or put,snapshot')
    .option('--size <n>', 'with --scope: only clusters of this size')
    .option('--crash <plans>', 'with --scope: this case alone; what a failure prints, or `none`')
    .option('--thin <n>', 'with --scope: every n-th of what would be tried (default: 1)')
    .option('--offset <n>', 'with --scope: which of them (default: 0)')
    .option('--part <k/n>', 'with --scope: only each n-th script, from the k-th');
}

export function runScope(cli: Cli, flags: FlagValues): number {
  const what = String(flags['scope']);
  const seed = numberIn(flags, 'seed', 1);
  if (flags['crash'] !== undefined) return runOne(cli, what, seed, flags);
  const offset = numberIn(flags, 'offset', 0);
  const thin = numberIn(flags, 'thin', 1);
  const tally = new Tally();
  const started = cli.clock.now();
  const minutes = flags['minutes'] === undefined ? Infinity : numberIn(flags, 'minutes', 1);
  for (const [script, rules] of chosen(what, flags)) {
    if (cli.clock.now() - started > minutes * MINUTE_MS) {
      cli.out('there was no time for all scripts\n');
      break;
    }
    const sampler = new Sampler(thinned(rules, thin), offset);
    const base = { script: script.steps, size: script.size, seed, crashes: [] };
    const before = tally.failures.length;
    explore(base, { drain: drainMicrotasks, sampler, offset, tally });
    cli.note(`${flagsOf(base)}: ${tally.cases} cases so far\n`);
    for (const failure of tally.failures.slice(before)) cli.out(describe(cli, failure));
    if (tally.failures.length >= (flags['bail'] === true ? 1 : FAILURES_MAX)) break;
  }
  const seconds = (cli.clock.now() - started) / 1000;
  for (const [name, count] of Object.entries(tally.counts)) cli.out(`| ${name} | ${count} |\n`);
  cli.out(`${tally.cases} cases in ${seconds.toFixed(0)} s, offset ${offset}\n`);
  return tally.failures.length === 0 && tally.cases > 0 ? EXIT.ok : EXIT.usage;
}

/** The scripts that were asked for, each with how much of it is tried. */
function chosen(what: string, flags: FlagValues): readonly (readonly [Script, Rules])[] {
  const size = flags['size'] === undefined ? null : numberIn(flags, 'size', 3);
  const [part = 1, parts = 1] = String(flags['part'] ?? '1/1')
    .split('/')
    .map(Number);
  return scriptsIn(what).filter(([script], at) => {
    return (size === null || script.size === size) && at % parts === part - 1;
  });
}

function scriptsIn(what: string): readonly (readonly [Script, Rules])[] {
  const rules: Readonly<Partial<Record<Group, Rules>>> = what === 'daily' ? DAILY : FULL;
  const ofGroups = GROUPS.flatMap((group) => {
    const ofGroup = rules[group];
    if (ofGroup === undefined || ![group, 'all', 'daily'].includes(what)) return [];
    return scriptsOf(group).map((script) => [script, ofGroup] as const);
  });
  if (ofGroups.length > 0) return ofGroups;
  const steps = stepsOf(what);
  return sizesOf(steps).map((size) => [{ steps, size }, FULL.singles] as const);
}

function runOne(cli: Cli, what: string, seed: number, flags: FlagValues): number {
  const script = stepsOf(what);
  const size = numberIn(flags, 'size', 3);
  const scopeCase = { script, size, seed, crashes: plansIn(String(flags['crash'])) };
  const onLine = (line: string): void => cli.out(`${line}\n`);
  const { failure, fired } = runCase(scopeCase, {
    drain: drainMicrotasks,
    ...(flags['trace'] === true ? { onLine } : {}),
  });
  if (failure !== null) cli.out(describe(cli, { scopeCase, message: failure.message }));
  else cli.out(`good, after ${fired} crashes\n`);
  return failure === null ? EXIT.ok : EXIT.usage;
}

function describe({ invocation }: Cli, { scopeCase, message }: FailedCase): string {
  return `${message}\nAgain: ${invocation} sim ${flagsOf(scopeCase)}\n`;
}

function stepsOf(text: string): readonly Step[] {
  return text.split(',').map((name) => {
    const step = stepOf(name);
    if (step !== null) return step;
    const names = STEPS.map((one) => one.name).join(', ');
    throw new ExitError(EXIT.usage, `--scope knows no ${name}; there is ${names}`);
  });
}

function sizesOf(steps: readonly Step[]): readonly number[] {
  return [1, 2, 3].filter((size) => steps.every((step) => step.sizes.includes(size)));
}

function plansIn(text: string): readonly CrashPlan[] {
  if (text === 'none') return [];
  return text.split(',').map((part) => {
    const plan = planOfText(part);
    if (plan !== null) return plan;
    throw new ExitError(EXIT.usage, `--crash is like n1:7:during:sectors:0.1, not ${part}`);
  });
}

function numberIn(flags: FlagValues, name: string, fallback: number): number {
  const text = flags[name];
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new ExitError(EXIT.usage, `--${name} is a whole number, not ${text}`);
}
