/**
 * EVERY CRASH POINT of a script, with all that a crash may leave there; then every operation of the
 * start after it, for it may crash too. What there is to crash at, a run before has shown: a case
 * is the same up to where its crash makes it another.
 */
import { must } from '../../lib/assert.ts';
import type { CrashMode } from '../../storage/memory-file.ts';
import { type CrashPlan, momentsOf } from './crash-plan.ts';
import type { Point } from './crash-trigger.ts';
import type { DiskOutcome } from './outcomes.ts';
import { oneOfEach, type Sampler } from './rules.ts';
import { type CaseReport, runCase, type ScopeCase } from './scope-case.ts';
import type { Tally } from './tally.ts';

export interface ExploreOptions {
  readonly drain: () => void;
  readonly sampler: Sampler;
  /** Another one each time varies what is taken where not everything is. */
  readonly offset: number;
  readonly tally: Tally;
}

type Place = Pick<CrashPlan, 'node' | 'at' | 'moment'>;

/** Of a start and what follows at once. */
const AFTER_START = 4;
const ALL_MODES: readonly CrashMode[] = ['kill', 'drop', 'keep', 'zeros'];
const SENT_MODES: readonly CrashMode[] = ['kill', 'drop'];
const FIRST: DiskOutcome = { mode: 'kill', choices: [] };

/** @param base a script without crashes. */
export function explore(base: ScopeCase, options: ExploreOptions): void {
  new Exploration(base, options).run();
}

class Exploration {
  readonly #base: ScopeCase;
  readonly #options: ExploreOptions;

  constructor(base: ScopeCase, options: ExploreOptions) {
    this.#base = base;
    this.#options = options;
  }

  run(): void {
    const { sampler, tally } = this.#options;
    const reference = this.#case('reference', []);
    tally.script();
    if (reference.failure !== null) return;
    const names = [...reference.doings.keys()].sort();
    for (const node of names) {
      const { points, sent } = must(reference.doings.get(node), node);
      for (const place of placesOf(node, points)) {
        if (sampler.takes('points')) this.#at(place);
      }
      for (let at = 1; at <= sent; at += 1) {
        if (sampler.takes('sent')) this.#whenSent({ node, at, moment: 'sent' });
      }
    }
  }

  #at(place: Place): void {
    const { sampler, offset, tally } = this.#options;
    const probe = this.#case('point', [planOf(place, FIRST)], true);
    if (probe.fired === 0 || probe.repeats) return;
    tally.point();
    const { outcomes } = probe;
    const some = oneOfEach(outcomes, offset);
    for (const outcome of sampler.outcomes(outcomes)) {
      const plan = planOf(place, outcome);
      const { doings } = isFirst(outcome) ? probe : this.#case('point', [plan]);
      if (sampler.takes('again')) {
        this.#again(plan, doings.get(place.node)?.points ?? []);
      }
    }
    if (this.#base.size > 1 && sampler.takes('all')) {
      for (const others of ALL_MODES) {
        for (const outcome of some) this.#case('all', [{ ...planOf(place, outcome), others }]);
      }
    }
    if (this.#base.size > 1 && sampler.takes('late')) {
      for (const outcome of some) this.#case('late', [{ ...planOf(place, outcome), back: 'late' }]);
    }
  }

  /** The start after a crash crashes too. */
  #again(first: CrashPlan, points: readonly Point[]): void {
    const { offset } = this.#options;
    const starting = points.findLastIndex((point) => point.starting) + 1;
    for (const place of placesOf(first.node, points.slice(0, starting + AFTER_START))) {
      const probe = this.#case('again', [first, planOf(place, FIRST)], true);
      if (probe.fired < 2 || probe.repeats) continue;
      for (const outcome of oneOfEach(probe.outcomes, offset + place.at)) {
        if (!isFirst(outcome)) this.#case('again', [first, planOf(place, outcome)]);
      }
    }
  }

  #whenSent(place: Place): void {
    for (const mode of SENT_MODES) {
      for (const back of ['soon', 'late'] as const) {
        this.#case('sent', [{ ...planOf(place, { mode, choices: [] }), back }]);
      }
    }
  }

  #case(
    kind: Parameters<Tally['add']>[0],
    crashes: readonly CrashPlan[],
    enumerate = false,
  ): CaseReport {
    const { drain, tally } = this.#options;
    const scopeCase = { ...this.#base, crashes };
    const report = runCase(scopeCase, { drain, enumerate });
    tally.add(kind, scopeCase, report);
    return report;
  }
}

function placesOf(node: string, points: readonly Point[]): Place[] {
  return points.flatMap(({ kind }, i) => {
    return momentsOf(kind).map((moment) => ({ node, at: i + 1, moment }));
  });
}

function isFirst({ mode, choices }: DiskOutcome): boolean {
  return mode === FIRST.mode && choices.length === 0;
}

function planOf(place: Place, { mode, choices }: DiskOutcome): CrashPlan {
  return { ...place, mode, choices, others: null, back: 'soon' };
}
