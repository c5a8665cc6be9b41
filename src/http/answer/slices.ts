import { ApiError } from '../../wire/errors.ts';

/** Work that gives way between its short steps. */
export type Steps<T> = Generator<unknown, T, undefined>;

/** Until when somebody waits for it. */
export interface SliceContext {
  readonly deadline: number;
  readonly signal: AbortSignal | null;
}

interface Work {
  /** Goes on for a slice; whether it is over. */
  readonly advance: () => boolean;
}

const SLICE_MS = 1;

/**
 * LONG READS, A SLICE AT A TIME
 *
 * What may take long is done in slices of about 1 ms. Of all that is under way, one slice is done
 * in each turn of the event loop, in rotation: so however much is asked for at once, nothing else
 * waits for more than a slice.
 */
export class Slices {
  readonly #now: () => number;
  readonly #sliceMs: number;
  readonly #queue: Work[] = [];
  #isScheduled = false;

  /** `now` counts ms, as the deadlines do. */
  constructor(now: () => number, sliceMs: number = SLICE_MS) {
    this.#now = now;
    this.#sliceMs = sliceMs;
  }

  /**
   * Carries the steps out; those of the first slice at once, so that what is short never waits.
   *
   * @throws ApiError `read-timeout` after the deadline, or when the client has gone; and what the
   *   steps throw
   */
  async run<T>(steps: Steps<T>, context: SliceContext): Promise<T> {
    const begun = this.#slice(steps);
    return begun.done === true ? begun.value : await this.#enqueue(steps, context);
  }

  /** The same, but it queues from the start: for work that comes again and again. */
  async queued<T>(steps: Steps<T>, context: SliceContext): Promise<T> {
    return await this.#enqueue(steps, context);
  }

  #enqueue<T>(steps: Steps<T>, context: SliceContext): Promise<T> {
    return new Promise((resolve, reject) => {
      const advance = (): boolean => {
        try {
          this.#requireWanted(context);
          const result = this.#slice(steps);
          if (result.done !== true) return false;
          resolve(result.value);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
        return true;
      };
      this.#queue.push({ advance });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#queue.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      const work = this.#queue.shift();
      if (work?.advance() === false) this.#queue.push(work);
      this.#schedule();
    });
  }

  #slice<T>(steps: Steps<T>): IteratorResult<unknown, T> {
    const end = performance.now() + this.#sliceMs;
    let step = steps.next();
    while (step.done !== true && performance.now() < end) step = steps.next();
    return step;
  }

  #requireWanted({ deadline, signal }: SliceContext): void {
    if (signal?.aborted === true) throw new ApiError('read-timeout', 'The client has gone away');
    if (this.#now() < deadline) return;
    throw new ApiError('read-timeout', 'The read was not done in time; Abcd-Timeout gives it more');
  }
}
