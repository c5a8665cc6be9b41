/**
 * A JUDGE of mutants: the cheapest tests that could notice a change come first. The unit tests of
 * its folder take seconds, those of the folders built on it some more, and what both let pass the
 * simulator hunts, seed after seed.
 */
import { hunt } from '../support/hunt.ts';
import type { Replacement } from '../support/replaced-source.ts';
import { huntByTest } from '../support/test-hunt.ts';

/** A test that is slow because the machine is busy has not found anything. */
const TEST_FLAGS = ['--timeout=60000'];

/** Who notices what a folder does, beside its own tests. */
const BUILT_ON: ReadonlyMap<string, readonly string[]> = new Map([
  ['raft', ['node', 'transport', 'wire']],
  ['kv', ['http', 'node']],
  ['storage', ['node', 'cli']],
  ['node', ['http']],
  ['wire', ['http', 'transport', 'client']],
]);

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
    const { invariant: what } = await huntByTest(replacement, `test/${folder}`, TEST_FLAGS);
    if (what !== null) return { by: folder, what };
  }
  return null;
}
