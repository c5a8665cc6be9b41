/**
 * SIMULATED TIME
 *
 * Everything that happens in a simulated world is an event in one queue, ordered by virtual time;
 * events of the same moment come in an order drawn from the seed. After each event all promise
 * continuations it led to are run, so between two events nothing is pending, and a run is a
 * function of its seed.
 */
import type { Prng } from '../lib/prng.ts';

/** Takes back what was planned; does nothing once that has happened. */
export type Cancel = () => void;

interface Planned {
  readonly time: number;
  readonly tie: number;
  readonly order: number;
  work: (() => void) | null;
}

export class Scheduler {
  readonly #prng: Prng;
  readonly #drain: () => void;
  readonly #heap: Planned[] = [];
  #now = 0;
  #planned = 0;
  #events = 0;
  /** Called after each event, when everything it led to has run. */
  afterEvent: () => void = () => undefined;

  /** @param drain runs the microtasks that are waiting, and those that they add, to the last. */
  constructor(prng: Prng, drain: () => void) {
    this.#prng = prng;
    this.#drain = drain;
  }

  /** Virtual milliseconds since the beginning. */
  get now(): number {
    return this.#now;
  }

  /** How many events there were; tells events of one moment apart. */
  get events(): number {
    return this.#events;
  }

  /** Plans work for `ms` from now, not before the present event is over. */
  after(ms: number, work: () => void): Cancel {
    const time = this.#now + Math.max(0, ms);
    this.#planned += 1;
    const planned: Planned = { time, tie: this.#prng.uint32(), order: this.#planned, work };
    push(this.#heap, planned);
    return () => {
      planned.work = null;
    };
  }

  /** Resolves after `ms`. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  /** Runs what is planned up to `end`, or until `done` says so; then it is `end` unless done. */
  run(end: number, done: () => boolean = () => false): void {
    this.#settle();
    while (!done()) {
      const next = this.#heap[0];
      if (next === undefined || next.time > end) {
        this.#now = end;
        return;
      }
      pop(this.#heap);
      if (next.work === null) continue;
      this.#now = next.time;
      this.#events += 1;
      const { work } = next;
      next.work = null;
      work();
      this.#settle();
    }
  }

  #settle(): void {
    this.#drain();
    this.afterEvent();
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  if (a.time !== b.time) return a.time < b.time;
  return a.tie === b.tie ? a.order < b.order : a.tie < b.tie;
}

function push(heap: Planned[], planned: Planned): void {
  let at = heap.length;
  heap.push(planned);
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || !isBefore(planned, parent)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = planned;
}

function pop(heap: Planned[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    if (left === undefined) break;
    const right = heap[2 * at + 2];
    const rightWins = right !== undefined && isBefore(right, left);
    const child = rightWins ? right : left;
    if (!isBefore(child, last)) break;
    heap[at] = child;
    at = 2 * at + (rightWins ? 2 : 1);
  }
  heap[at] = last;
}
