import { LOST_DELETION } from '../differences.ts';
import { agree } from './agree.ts';
import type { Event } from './answer.ts';
import { Mismatch } from './mismatch.ts';
import type { ModelSystem } from './model-system.ts';
import type { Watch } from './operation.ts';
import type { System, Watcher } from './system.ts';

/** A watch that is open in several systems, and what it has to tell. */
export class Observation {
  readonly watch: Watch<number>;
  /** The first revision it tells of. */
  readonly first: number;
  readonly #where: string;
  readonly #watchers: ReadonlyMap<System, Watcher>;
  readonly #model: ModelSystem;
  readonly #compactRevision: number;
  readonly #isPast: boolean;
  readonly #expected: Event[] = [];
  #next: number;

  constructor(
    watch: Watch<number>,
    where: string,
    watchers: ReadonlyMap<System, Watcher>,
    model: ModelSystem,
  ) {
    const { from = 0 } = watch;
    this.watch = watch;
    this.first = from === 0 ? model.revision + 1 : from;
    this.#where = where;
    this.#watchers = watchers;
    this.#model = model;
    this.#compactRevision = model.compactRevision;
    this.#isPast = this.first <= model.revision;
    this.#next = this.first;
    if (this.first >= model.compactRevision) this.expect();
  }

  /** How many events it has to tell. */
  get length(): number {
    return this.#expected.length;
  }

  /** Whether it began in the past and has nothing to show for it. */
  get isUnproven(): boolean {
    return this.#isPast && this.#withoutLost().length === 0;
  }

  /** Takes over what the model tells by now. */
  expect(): void {
    const { revision } = this.#model;
    if (this.#next > revision) return;
    this.#expected.push(...this.#model.eventsOf(this.watch, this.#next));
    this.#next = revision + 1;
  }

  /**
   * Waits for what was expected and compares.
   *
   * @returns the names of differences that were met
   * @throws Mismatch
   */
  async verify(): Promise<readonly string[]> {
    const lost = this.#withoutLost();
    const met: string[] = [];
    for (const [{ name, differences }, { log }] of this.#watchers) {
      const variants = differences.includes(LOST_DELETION)
        ? [this.#expected, lost]
        : [this.#expected];
      await log.reach(Math.min(...variants.map(({ length }) => length)));
      const index = variants.findIndex((variant) => agree(variant, log.events));
      if (index === -1) {
        const what = `${name}, watch of ${this.#where}: ${JSON.stringify(this.watch)}`;
        throw new Mismatch(what, this.#expected, log.reason ?? log.events);
      }
      if (index === 1) met.push(LOST_DELETION.name);
    }
    return met;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#watchers.values()].map((watcher) => watcher.close()));
  }

  #withoutLost(): readonly Event[] {
    if (this.first !== this.#compactRevision) return this.#expected;
    return this.#expected.filter(
      ({ type, pair }) => type === 'put' || pair.modRevision !== this.first,
    );
  }
}
