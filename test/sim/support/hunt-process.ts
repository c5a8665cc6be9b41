/**
 * THE PROCESS OF A HUNT: runs seeds until one fails, and tells of each in a line of JSON. Its
 * arguments are the first seed, how many there are, and `brief` for worlds that end sooner.
 */
import { drainMicrotasks } from 'bun:jsc';
import type { Profile } from '../../../src/sim/profile.ts';
import { Simulation } from '../../../src/sim/simulation.ts';

/** What one seed came to. */
export interface HuntLine {
  readonly seed: number;
  /** What was broken; null when nothing was. */
  readonly invariant: string | null;
  readonly message: string;
}

/** A third of what a whole run takes, in which most of what can be found is found. */
const BRIEF: Partial<Profile> = { safetyMs: 8_000, operations: 100 };

const [from = 1, count = 1] = process.argv.slice(2, 4).map(Number);
const profile = process.argv[4] === 'brief' ? BRIEF : {};
for (let seed = from; seed < from + count; seed += 1) {
  const { failure } = new Simulation({ seed, drain: drainMicrotasks, trace: false, profile }).run();
  const { invariant, message } = failure ?? { invariant: null, message: '' };
  const line: HuntLine = { seed, invariant, message };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  if (failure !== null) break;
}
