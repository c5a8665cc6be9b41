/** THE SCRIPTS of one to three steps, and how much of each is tried. */
import type { Rules } from './rules.ts';
import { type Step, STEPS, stepOf } from './steps.ts';

export interface Script {
  readonly steps: readonly Step[];
  readonly size: number;
}

export type Group = 'singles' | 'pairs' | 'triples';

export const GROUPS: readonly Group[] = ['singles', 'pairs', 'triples'];

/** What makes a difference to what comes after it, or to what came before; the rest is like put. */
const TELLING = ['put', 'snapshot', 'install', 'elect', 'promote', 'remove-leader', 'restart'];

/** What a full enumeration tries of each group. */
export const FULL: Readonly<Record<Group, Rules>> = {
  singles: { points: 1, outcomes: 'all', again: 307, all: 2, late: 2, sent: 2 },
  pairs: { points: 17, outcomes: 'modes', again: 997, all: 17, late: 17, sent: 97 },
  triples: { points: 97, outcomes: 'modes', again: 997, all: 97, late: 97, sent: 397 },
};

/**
 * What every run of the tests tries: of one step each crash point, of two steps some; each once as
 * a kill, and with one of the other outcomes.
 */
export const DAILY: Readonly<Partial<Record<Group, Rules>>> = {
  singles: { points: 1, outcomes: 'one', again: 331, all: 41, late: 19, sent: 9 },
  pairs: { points: 131, outcomes: 'one', again: 997, all: 67, late: 67, sent: 997 },
};

export function scriptsOf(group: Group): readonly Script[] {
  switch (group) {
    case 'singles':
      return STEPS.flatMap((step) => sized([step]));
    case 'pairs':
      return STEPS.flatMap((a) => followers(STEPS).flatMap((b) => sized([a, b])));
    case 'triples': {
      const telling = TELLING.flatMap((name) => stepOf(name) ?? []);
      return telling.flatMap((a) =>
        telling.flatMap((b) => telling.flatMap((c) => sized([a, b, c]))),
      );
    }
  }
}

/** A cluster is founded once. */
function followers(steps: readonly Step[]): readonly Step[] {
  return steps.filter(({ name }) => name !== 'found');
}

/** In clusters of each size that all of the steps make sense in. */
function sized(steps: readonly Step[]): Script[] {
  const [first] = steps;
  const sizes = first?.sizes.filter((size) => steps.every((step) => step.sizes.includes(size)));
  return (sizes ?? []).map((size) => ({ steps, size }));
}
