/** Runs many seeds of the simulator, in this process or in several, and tells what came of them. */
import { drainMicrotasks } from 'bun:jsc';
import { describeFailure, runSeeds, type RunLine, type Seeds, Tally } from '../sim/campaign.ts';
import type { Cli } from './cli.ts';
import { eachLine } from './cluster/process.ts';
import { EXIT, ExitError } from './exit.ts';

const MINUTE_MS = 60_000;
/** How often a long run says how far it is, in runs. */
const NOTE_EVERY = 1_000;

export interface CampaignOptions {
  readonly seeds: Seeds;
  /** How long to go on; null for as many seeds as there are. */
  readonly minutes: number | null;
  /** Processes at the same time. */
  readonly jobs: number;
  /** Stop at the first failure. */
  readonly bail: boolean;
  /** Each run as a line of JSON, instead of what people read. */
  readonly json: boolean;
}

/** @throws ExitError when runs are missing. */
export async function runCampaign(cli: Cli, options: CampaignOptions): Promise<number> {
  const { seeds, minutes, jobs, bail, json } = options;
  const started = cli.clock.now();
  const deadline = minutes === null ? Number.POSITIVE_INFINITY : started + minutes * MINUTE_MS;
  const tally = new Tally();
  const summary = (): string => {
    const seconds = (cli.clock.now() - started) / 1000;
    return `seeds from ${seeds.from}: ${tally.summary(seconds)}\n`;
  };
  const take = (line: RunLine): void => {
    tally.add(line);
    if (tally.runs % NOTE_EVERY === 0) cli.note(summary());
    if (json) cli.out(`${JSON.stringify(line)}\n`);
    else if (line.failure !== null) cli.out(describeFailure(line, `${cli.invocation} sim`));
  };
  const isStopped = (): boolean =>
    cli.stopping.aborted || (bail && tally.failures.length > 0) || cli.clock.now() >= deadline;
  if (jobs === 1) await runHere(seeds, isStopped, take);
  else await runInChildren(cli, options, isStopped, take);
  if (!isStopped() && tally.runs < seeds.count) {
    throw new ExitError(EXIT.defect, `${tally.runs} of ${seeds.count} runs were told`);
  }
  if (json) return tally.failures.length === 0 ? EXIT.ok : EXIT.usage;
  cli.out(`${JSON.stringify(tally.coverage)}\n`);
  for (const event of tally.seldom) cli.out(`too seldom: ${event}\n`);
  cli.out(summary());
  return tally.isGood ? EXIT.ok : EXIT.usage;
}

async function runHere(
  seeds: Seeds,
  isStopped: () => boolean,
  take: (line: RunLine) => void,
): Promise<void> {
  for (const line of runSeeds(seeds, drainMicrotasks)) {
    take(line);
    // Signals get their turn.
    await Bun.sleep(0);
    if (isStopped()) return;
  }
}

/** Every process takes each `jobs`-th seed and tells what came of it, line by line. */
async function runInChildren(
  cli: Cli,
  { seeds: { from, count, step }, minutes, jobs }: CampaignOptions,
  isStopped: () => boolean,
  take: (line: RunLine) => void,
): Promise<void> {
  const children = Array.from({ length: Math.min(jobs, count) }, (_, job) => {
    const share = Math.ceil((count - job) / jobs);
    const many = minutes === null ? ['--seeds', String(share)] : ['--minutes', String(minutes)];
    const first = ['--from', String(from + job * step), '--step', String(jobs * step)];
    return Bun.spawn([...cli.self, 'sim', '--json', '--jobs', '1', ...first, ...many], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'inherit',
    });
  });
  const stopAll = (): void => {
    for (const child of children) child.kill('SIGTERM');
  };
  cli.stopping.addEventListener('abort', stopAll, { once: true });
  const ends = children.map(async (child) => {
    await eachLine(child.stdout, (line) => {
      take(JSON.parse(line) as RunLine);
      if (isStopped()) stopAll();
    });
    await child.exited;
    if (child.exitCode === EXIT.ok || child.exitCode === EXIT.usage) return;
    throw new ExitError(EXIT.defect, `a simulator process ended with ${child.exitCode}`);
  });
  await Promise.all(ends);
}
