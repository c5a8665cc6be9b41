import { sequenceOf } from './generator.ts';
import { Mismatch } from './mismatch.ts';
import type { Planned } from './operation.ts';
import { play, type Played } from './play.ts';
import { shrink } from './shrink.ts';
import type { System } from './system.ts';

/** How long a failing sequence is made shorter. */
const PATIENCE_MS = 30_000;

export interface Campaign {
  readonly seeds: readonly number[];
  /** Operations of each sequence. */
  readonly length: number;
  readonly patienceMs?: number;
}

/** What all sequences have met, together. */
export interface Outcome {
  readonly met: ReadonlySet<string>;
  readonly answers: ReadonlyMap<string, number>;
  readonly events: number;
}

/**
 * Plays one sequence for each seed; all in the same systems, which they empty in between.
 *
 * @throws Error that says all there is to know about the first mismatch
 */
export async function campaign(
  { seeds, length, patienceMs = PATIENCE_MS }: Campaign,
  systems: readonly System[],
): Promise<Outcome> {
  const met = new Set<string>();
  const answers = new Map<string, number>();
  let events = 0;
  for (const seed of seeds) {
    const sequence = sequenceOf(seed, length);
    const played = await playOrExplain(seed, sequence, systems, patienceMs);
    for (const name of played.met) met.add(name);
    for (const [kind, count] of played.answers) answers.set(kind, (answers.get(kind) ?? 0) + count);
    events += played.events;
  }
  return { met, answers, events };
}

async function playOrExplain(
  seed: number,
  sequence: readonly Planned[],
  systems: readonly System[],
  patienceMs: number,
): Promise<Played> {
  try {
    return await play(sequence, systems);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    const shortest = await shrink(sequence, (one) => fails(one, systems), patienceMs);
    const found = (await mismatchOf(shortest, systems)) ?? error;
    throw new Error(report(seed, sequence, error, shortest, found), { cause: error });
  }
}

async function fails(sequence: readonly Planned[], systems: readonly System[]): Promise<boolean> {
  return (await mismatchOf(sequence, systems)) !== null;
}

async function mismatchOf(
  sequence: readonly Planned[],
  systems: readonly System[],
): Promise<Mismatch | null> {
  try {
    await play(sequence, systems);
    return null;
  } catch (error) {
    if (error instanceof Mismatch) return error;
    throw error;
  }
}

function report(
  seed: number,
  sequence: readonly Planned[],
  first: Mismatch,
  shortest: readonly Planned[],
  found: Mismatch,
): string {
  return [
    `seed ${seed}, ${sequence.length} operations. First: ${first.message}`,
    `shrunk to ${shortest.length}:`,
    ...shortest.map((operation, index) => `  ${index}: ${JSON.stringify(operation)}`),
    `${found.message}`,
    `  expected: ${JSON.stringify(found.expected)}`,
    `  actual:   ${JSON.stringify(found.actual)}`,
  ].join('\n');
}
