/**
 * THE CHANGES: all that ever happened to the keys, revision by revision, as a watch from the first
 * revision tells it. A second witness beside what the clients were told: both must tell one story.
 */
import type { Pair } from './call.ts';

export interface Event extends Pair {
  /** A deletion has an empty value, and the version 0. */
  readonly type: 'put' | 'delete';
}

export interface Change {
  readonly revision: number;
  readonly events: readonly Event[];
}

/** The first revision that can be written. */
export const FIRST_REVISION = 2;

/** Every change follows from those before: nothing is left out, and no key tells otherwise. */
export function checkChanges(changes: readonly Change[]): string[] {
  const problems: string[] = [];
  const pairs = new Map<string, Pair>();
  const writers = new Map<string, number>();
  for (const [i, change] of changes.entries()) {
    const due = FIRST_REVISION + i;
    if (change.revision !== due) {
      problems.push(`revision ${due} is followed by ${change.revision}`);
      return problems;
    }
    if (change.events.length === 0) problems.push(`revision ${due} has no event`);
    if (new Set(change.events.map(({ key }) => key)).size < change.events.length) {
      problems.push(`revision ${due} changes a key twice`);
    }
    for (const event of change.events) {
      const problem = carryOut(pairs, event, due);
      if (problem !== null) problems.push(`${problem}: ${JSON.stringify(event)}`);
      if (event.type === 'delete') continue;
      const before = writers.get(event.value);
      // In one revision a call may write its value to two keys; never in two.
      if (before !== undefined && before !== due) {
        problems.push(`double effect: ${event.value} is written in ${before} and ${due}`);
      }
      writers.set(event.value, due);
    }
  }
  return problems;
}

/** The pairs there are after all changes. */
export function finalPairs(changes: readonly Change[]): Map<string, Pair> {
  const pairs = new Map<string, Pair>();
  for (const { events, revision } of changes) {
    for (const event of events) carryOut(pairs, event, revision);
  }
  return pairs;
}

function carryOut(pairs: Map<string, Pair>, event: Event, revision: number): string | null {
  const { key, value, createRevision, modRevision, version } = event;
  const before = pairs.get(key);
  if (event.type === 'delete') {
    pairs.delete(key);
    if (before === undefined) return 'a key is deleted that is not there';
    return modRevision === revision ? null : `a deletion in ${revision} says ${modRevision}`;
  }
  pairs.set(key, { key, value, createRevision, modRevision, version });
  const created = before?.createRevision ?? revision;
  const isDue =
    modRevision === revision &&
    createRevision === created &&
    version === (before?.version ?? 0) + 1;
  return isDue ? null : `does not follow from ${JSON.stringify(before ?? null)}`;
}
