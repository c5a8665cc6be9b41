/** One sequence of operations, carried out by the model and by systems, answer by answer. */

import type { ByteString } from '../../../src/lib/bytes.ts';
import { agree } from './agree.ts';
import type { Answer } from './answer.ts';
import { Mismatch } from './mismatch.ts';
import { ModelSystem } from './model-system.ts';
import { Observation } from './observation.ts';
import {
  type Concrete,
  type DataOperation,
  mapRevisions,
  type Planned,
  type RevisionRef,
  type Watch,
} from './operation.ts';
import { probesOf } from './probe.ts';
import { faultsInAbcd, faultsInEtcd } from './rules.ts';
import type { System, Watcher } from './system.ts';

export interface Played {
  /** The names of the differences that were met. */
  readonly met: ReadonlySet<string>;
  /** How often each kind of answer was seen. */
  readonly answers: ReadonlyMap<string, number>;
  readonly events: number;
}

export interface PlayOptions {
  /** The systems are new: nothing was ever written. */
  readonly isFresh?: boolean;
}

/** @throws Mismatch */
export async function play(
  planned: readonly Planned[],
  systems: readonly System[],
  options: PlayOptions = {},
): Promise<Played> {
  const player = new Player(systems);
  try {
    await player.begin(options.isFresh ?? false);
    for (const [index, operation] of planned.entries()) {
      player.where = `operation ${index}`;
      await player.carryOut(operation);
    }
    player.where = 'the end';
    await player.finish();
    return player.played;
  } finally {
    await player.close();
  }
}

const A = 'a' as ByteString;
const NOW: RevisionRef = { at: 'now', plus: 0 };
const PREAMBLE: readonly Planned[] = [
  { type: 'put', key: A, value: A },
  { type: 'delete', key: A },
  { type: 'compact', revision: NOW },
];

class Player {
  where = 'the beginning';
  readonly #systems: readonly System[];
  readonly #model = new ModelSystem();
  readonly #met = new Set<string>();
  readonly #answers = new Map<string, number>();
  readonly #observations: Observation[] = [];
  #operation: Concrete | null = null;

  constructor(systems: readonly System[]) {
    this.#systems = systems;
  }

  get played(): Played {
    const events = this.#observations.reduce((sum, { length }) => sum + length, 0);
    return { met: this.#met, answers: this.#answers, events };
  }

  /** In a store that was used the beginning of its history is not there any more. */
  async begin(isFresh: boolean): Promise<void> {
    await Promise.all(this.#systems.map((system) => system.reset()));
    if (!isFresh) for (const operation of PREAMBLE) await this.carryOut(operation);
  }

  async carryOut(planned: Planned): Promise<void> {
    const operation = mapRevisions(planned, (revision) => this.#resolve(revision));
    this.#operation = operation;
    if (operation.type === 'compact') await this.#settle();
    this.#operation = operation;
    if (operation.type === 'watch') await this.#watch(operation);
    else await this.#perform(operation);
  }

  /** Makes sure that each watch has seen all it ought to see, and nothing else. */
  async finish(): Promise<void> {
    const last = Math.max(0, ...this.#observations.map(({ first }) => first));
    while (this.#model.revision < last) await this.#touch(A);
    for (const { watch } of this.#observations) await this.#touch(watch.key);
    await this.#settle();
  }

  async close(): Promise<void> {
    await Promise.all(this.#observations.map((observation) => observation.close()));
  }

  #resolve({ at, plus }: RevisionRef): number {
    const base = at === 'now' ? this.#model.revision : this.#model.compactRevision;
    return Math.max(0, base + plus);
  }

  async #perform(operation: Exclude<Concrete, Watch<number>>): Promise<void> {
    const isDisputed = faultsInEtcd(operation).size > 0 !== faultsInAbcd(operation).size > 0;
    if (isDisputed) {
      const probed = operation as DataOperation<number>;
      const expected = await probe(probed, (probing) => this.#model.perform(probing));
      await this.#compare(expected, (system) =>
        probe(probed, (probing) => system.perform(probing)),
      );
    } else {
      const expected = this.#model.perform(operation);
      await this.#compare(expected, (system) => system.perform(operation));
    }
  }

  async #watch(watch: Watch<number>): Promise<void> {
    const expected = this.#model.watch(watch);
    const watchers = new Map<System, Watcher>();
    const observation = new Observation(watch, this.where, watchers, this.#model);
    this.#observations.push(observation);
    await this.#compare(expected, async (system) => {
      const outcome = await system.watch(watch);
      if (!('log' in outcome)) return outcome;
      watchers.set(system, outcome);
      if (expected.type !== 'failed') return { type: 'watch' };
      await outcome.log.reach(1);
      return outcome.log.reason ?? { type: 'watch' };
    });
    if (expected.type === 'watch') return;
    this.#observations.pop();
    await observation.close();
  }

  /** Asks all systems at once, and compares what they say. */
  async #compare(expected: Answer, ask: (system: System) => Promise<Answer>): Promise<void> {
    const kind = expected.type === 'failed' ? expected.kind : expected.type;
    this.#answers.set(kind, (this.#answers.get(kind) ?? 0) + 1);
    const asked = this.#systems.map(async (system) => {
      return [system, await ask(system).catch((error: unknown) => error as Error)] as const;
    });
    for (const [system, actual] of await Promise.all(asked)) this.#judge(system, expected, actual);
  }

  #judge(system: System, expected: Answer, actual: Answer | Error): void {
    const operation = this.#operation;
    if (operation === null) throw new Error('nothing was asked');
    if (!(actual instanceof Error)) {
      if (agree(expected, actual)) return;
      const seen = { operation, expected, actual };
      const reason = system.differences.find(({ explains }) => explains?.(seen) === true);
      if (reason !== undefined) {
        this.#met.add(reason.name);
        return;
      }
    }
    const what = `${system.name}, ${this.where}: ${JSON.stringify(operation)}`;
    throw new Mismatch(what, expected, actual instanceof Error ? String(actual) : actual);
  }

  /** Waits until all watches have seen everything there is; history may be forgotten then. */
  async #settle(): Promise<void> {
    for (const observation of this.#observations) {
      observation.expect();
      // A watch of etcd that begins in the past may not have looked there before it sees something.
      if (observation.isUnproven) await this.#touch(observation.watch.key);
    }
    for (const observation of this.#observations) {
      observation.expect();
      for (const name of await observation.verify()) this.#met.add(name);
    }
  }

  /** Changes a key, in both ways there are. */
  async #touch(key: ByteString): Promise<void> {
    for (const operation of [
      { type: 'put', key, value: key },
      { type: 'delete', key },
    ] as const) {
      this.#operation = operation;
      await this.#perform(operation);
    }
  }
}

/** The first fault that any of the probes has, or that there is none. */
async function probe(
  operation: DataOperation<number>,
  perform: (operation: DataOperation<number>) => Answer | Promise<Answer>,
): Promise<Answer> {
  for (const probing of probesOf(operation)) {
    const answer = await perform(probing);
    if (answer.type !== 'txn') return answer;
  }
  return { type: 'valid' };
}
