import type { Difference } from '../differences.ts';
import type { Answer, Event } from './answer.ts';
import type { Concrete, Watch } from './operation.ts';

/** A store that carries out operations, in which revisions are the model's. */
export interface System {
  readonly name: string;
  /** Where it may differ from the model. */
  readonly differences: readonly Difference[];
  /** Empties the store: the revision is 1 then, and nothing from before may be asked for. */
  reset(): Promise<void>;
  perform(operation: Exclude<Concrete, Watch<number>>): Promise<Answer>;
  /** Opens a watch, or says why not. */
  watch(watch: Watch<number>): Promise<Answer | Watcher>;
}

/** A watch that is open. */
export interface Watcher {
  readonly log: Pick<EventLog, 'events' | 'reason' | 'reach'>;
  close(): Promise<void>;
}

/** How long events may take; they come much sooner. */
const PATIENCE_MS = 10_000;

/** What a watcher has seen, in its order. */
export class EventLog {
  readonly #events: Event[] = [];
  #end: { readonly answer: Answer | null } | null = null;
  #waiting: (() => void)[] = [];

  get events(): readonly Event[] {
    return this.#events;
  }

  /** Why the watch is over, if it is and a reason was told. */
  get reason(): Answer | null {
    return this.#end?.answer ?? null;
  }

  add(events: readonly Event[]): void {
    this.#events.push(...events);
    this.#wake();
  }

  /** No more will come, for a reason or because nobody listens any more. */
  end(answer: Answer | null): void {
    this.#end ??= { answer };
    this.#wake();
  }

  /** Waits for so many events, or for the end; whether they came. */
  async reach(count: number): Promise<boolean> {
    const deadline = performance.now() + PATIENCE_MS;
    while (this.#events.length < count && this.#end === null) {
      const left = deadline - performance.now();
      if (left <= 0) return false;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      const timer = setTimeout(resolve, left);
      await promise;
      clearTimeout(timer);
    }
    return this.#events.length >= count;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
