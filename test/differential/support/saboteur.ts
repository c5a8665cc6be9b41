import type { Difference } from '../differences.ts';
import type { Answer, Event, GetAnswer } from './answer.ts';
import type { Concrete, Get, Watch } from './operation.ts';
import type { System, Watcher } from './system.ts';

type Performed = Exclude<Concrete, Watch<number>>;

/** What is done wrong; all else is done right. */
export interface Sabotage {
  /** Another operation in the place of the one that was asked for. */
  readonly ask?: (operation: Performed) => Performed;
  readonly answer?: (answer: Answer, operation: Performed) => Answer;
  readonly watch?: (watch: Watch<number>) => Watch<number>;
  readonly events?: (events: readonly Event[]) => readonly Event[];
}

/** A system that is not quite what it seems. */
export class Saboteur implements System {
  readonly name = 'saboteur';
  readonly differences: readonly Difference[];
  readonly #honest: System;
  readonly #sabotage: Sabotage;

  constructor(honest: System, sabotage: Sabotage, differences = honest.differences) {
    this.#honest = honest;
    this.#sabotage = sabotage;
    this.differences = differences;
  }

  async reset(): Promise<void> {
    await this.#honest.reset();
  }

  async perform(operation: Performed): Promise<Answer> {
    const { ask = same, answer = same } = this.#sabotage;
    return answer(await this.#honest.perform(ask(operation)), operation);
  }

  async watch(asked: Watch<number>): Promise<Answer | Watcher> {
    const { watch = same, events = same } = this.#sabotage;
    const outcome = await this.#honest.watch(watch(asked));
    if (!('log' in outcome)) return outcome;
    const { log } = outcome;
    const twisted = {
      get events() {
        return events(log.events);
      },
      get reason() {
        return log.reason;
      },
      // One that lost an event would be waited for in vain.
      reach: () => Promise.resolve(false),
    };
    return { log: twisted, close: () => outcome.close() };
  }
}

function same<T>(value: T): T {
  return value;
}

/** Something else in the place of what gets answer, in transactions too. */
export function twistGets(answer: Answer, twist: (get: GetAnswer) => GetAnswer): Answer {
  if (answer.type === 'get') return twist(answer);
  if (answer.type !== 'txn') return answer;
  return { ...answer, results: answer.results.map((one) => twistGets(one, twist) as typeof one) };
}

/** Another get in the place of each get that stands alone. */
export function twistGet(
  operation: Performed,
  twist: (get: Get<number>) => Get<number>,
): Performed {
  return operation.type === 'get' ? twist(operation) : operation;
}
