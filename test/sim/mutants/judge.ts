/**
 * A JUDGE of mutants: the cheapest tests that could notice a change come first. The unit tests of
 * its folder take seconds, those of the folders built on it some more, and what both let pass the
 * simulator hunts, seed after seed.
 */
import { join } from 'node:path';
import { hunt, withReplacement } from '../support/hunt.ts';
import type { Replacement } from '../support/replaced-source.ts';

const ROOT = join(import.meta.dir, '../../..');
const PRELOAD = join(import.meta.dir, '../support/replaced-source.ts');
/** The unit tests of no folder take a quarter of this. */
const PATIENCE_MS = 120_000;
/** A test that is slow because the machine is busy has not found anything. */
const TEST_TIMEOUT_MS = 60_000;

/** Who notices what a folder does, beside its own tests. */
const BUILT_ON: ReadonlyMap<string, readonly string[]> = new Map([
  ['raft', ['node', 'transport', 'wire']],
  ['kv', ['http', 'node']],
  ['storage', ['node', 'cli']],
  ['node', ['http']],
  ['wire', ['http', 'transport', 'client']],
]);

const TEST = ['test', `--preload=${PRELOAD}`, '--bail', `--timeout=${TEST_TIMEOUT_MS}`];

export interface Hunting {
  /** How many brief worlds the simulator runs; none when it is not asked. */
  readonly seeds: number;
  /** Whether the unit tests are asked before it. */
  readonly units: boolean;
  /** Whether those of the folder alone are asked, and of none that is built on it. */
  readonly own?: boolean;
}

export interface Verdict {
  /** Who found it: the folder of the unit tests, or `sim`; null when it survives. */
  readonly by: string | null;
  /** The test or invariant that failed first. */
  readonly what: string;
  readonly runs: number;
  readonly seconds: number;
}

export async function judge(replacement: Replacement, hunting: Hunting): Promise<Verdict> {
  const started = Bun.nanoseconds();
  const took = (): number => (Bun.nanoseconds() - started) / 1e9;
  const own = replacement.file.split('/')[1] ?? '';
  const asked = hunting.units ? [own] : [];
  const later = hunting.units && hunting.own !== true ? (BUILT_ON.get(own) ?? []) : [];
  const failed = await firstFailure(replacement, asked);
  if (failed !== null) return { ...failed, runs: 0, seconds: took() };
  const { seeds } = hunting;
  let runs = 0;
  if (seeds > 0) {
    const finding = await hunt(replacement, { from: 1, count: seeds, brief: true });
    runs = finding.runs;
    const what = `${finding.invariant ?? ''}`;
    if (finding.invariant !== null) return { by: 'sim', what, runs, seconds: took() };
  }
  const noticed = await firstFailure(replacement, later);
  return { ...(noticed ?? { by: null, what: '' }), runs, seconds: took() };
}

async function firstFailure(
  replacement: Replacement,
  folders: readonly string[],
): Promise<Pick<Verdict, 'by' | 'what'> | null> {
  for (const folder of folders) {
    const what = await failureOf(replacement, `./test/${folder}`);
    if (what !== null) return { by: folder, what };
  }
  return null;
}

/** The first test that fails under a path; null when all pass. */
function failureOf(replacement: Replacement, path: string): Promise<string | null> {
  return withReplacement(replacement, async (env) => {
    const command = [process.execPath, ...TEST, path];
    const child = Bun.spawn(command, {
      cwd: ROOT,
      env,
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
    });
    let hung = false;
    const timer = setTimeout(() => {
      hung = true;
      child.kill('SIGKILL');
    }, PATIENCE_MS);
    const said = await new Response(child.stderr).text();
    await child.exited;
    clearTimeout(timer);
    if (hung) return 'tests end';
    if (child.exitCode === 0) return null;
    return /^\(fail\) (.*)$/m.exec(said)?.[1] ?? said.slice(-300);
  });
}
