/**
 * THE SEARCH for an order (Wing and Gong; with Lowe's memory of what was tried): each call takes
 * effect at one moment between its beginning and its end, and every answer is the model's. A call
 * whose outcome is not known has no end, and need not take effect at all.
 */
import { type Call, describeCall, isRead, positionOf } from './call.ts';
import { EMPTY, keyOf, type State, step } from './model.ts';

export type Verdict =
  | { readonly type: 'linearizable' }
  | { readonly type: 'violation'; readonly report: string }
  | { readonly type: 'out-of-time' };

/** How often the clock is looked at. */
const STEPS_BETWEEN_LOOKS = 512;

interface Choice {
  /** Calls that may come next, in the order they are tried. */
  readonly candidates: readonly number[];
  tried: number;
  readonly state: State;
}

/** @param calls all calls on the keys of one group, in any order. */
export function search(
  calls: readonly Call[],
  timeMs: number,
  now: () => number = () => performance.now(),
): Verdict {
  return new Search(calls).run(now() + timeMs, now);
}

class Search {
  readonly #calls: readonly Call[];
  readonly #ends: readonly number[];
  readonly #done: Uint32Array;
  /** Calls that must take effect and have not. */
  #missing: number;
  /** Where everything before is done. */
  #first = 0;
  readonly #tried = new Set<string>();
  readonly #path: number[] = [];
  #best: readonly number[] = [];

  constructor(calls: readonly Call[]) {
    const told = calls.filter(
      ({ ask, outcome }) => outcome.type !== 'no' && !(outcome.type === 'unknown' && isRead(ask)),
    );
    this.#calls = told.toSorted((a, b) => a.invokedAt - b.invokedAt);
    this.#ends = this.#calls.map(endOf);
    this.#done = new Uint32Array(Math.ceil(this.#calls.length / 32));
    this.#missing = this.#calls.filter(isRequired).length;
  }

  run(deadline: number, now: () => number): Verdict {
    const choices: Choice[] = [this.#choice(EMPTY)];
    for (let steps = 1; this.#missing > 0; steps += 1) {
      if (steps % STEPS_BETWEEN_LOOKS === 0 && now() > deadline) return { type: 'out-of-time' };
      const choice = choices.at(-1);
      if (choice === undefined) return { type: 'violation', report: this.#report() };
      const candidate = choice.candidates[choice.tried];
      if (candidate === undefined) {
        choices.pop();
        this.#undo();
        continue;
      }
      choice.tried += 1;
      const next = this.#try(choice.state, candidate);
      if (next !== null) choices.push(this.#choice(next));
    }
    return { type: 'linearizable' };
  }

  /** What may come next: whatever began before the first of the rest has ended. */
  #choice(state: State): Choice {
    while (this.#first < this.#calls.length && this.#isDone(this.#first)) this.#first += 1;
    const open: number[] = [];
    let firstEnd = Number.POSITIVE_INFINITY;
    for (let i = this.#first; i < this.#calls.length; i += 1) {
      if (this.#isDone(i)) continue;
      if ((this.#calls[i]?.invokedAt ?? 0) > firstEnd) break;
      open.push(i);
      firstEnd = Math.min(firstEnd, this.#ends[i] ?? 0);
    }
    const candidates = open
      .filter((i) => (this.#calls[i]?.invokedAt ?? 0) <= firstEnd)
      .sort((a, b) => this.#rank(a) - this.#rank(b));
    return { candidates, tried: 0, state };
  }

  /** What is likeliest comes first: by the revision that is told, and what is not known last. */
  #rank(i: number): number {
    const outcome = this.#calls[i]?.outcome;
    if (outcome?.type === 'ok') return positionOf(outcome.answer);
    return outcome?.type === 'found' ? outcome.revision : Number.POSITIVE_INFINITY;
  }

  #try(state: State, i: number): State | null {
    const call = this.#calls[i];
    const next = call === undefined ? null : step(state, call);
    if (call === undefined || next === null) return null;
    this.#flip(i);
    const key = `${this.#done.join()}|${keyOf(next)}`;
    if (this.#tried.has(key)) {
      this.#flip(i);
      return null;
    }
    this.#tried.add(key);
    this.#path.push(i);
    if (isRequired(call)) this.#missing -= 1;
    if (this.#path.length > this.#best.length) this.#best = [...this.#path];
    return next;
  }

  #undo(): void {
    const i = this.#path.pop();
    const call = i === undefined ? undefined : this.#calls[i];
    if (i === undefined || call === undefined) return;
    this.#flip(i);
    if (isRequired(call)) this.#missing += 1;
    this.#first = Math.min(this.#first, i);
  }

  #flip(i: number): void {
    const word = i >>> 5;
    this.#done[word] = (this.#done[word] ?? 0) ^ (1 << (i & 31));
  }

  #isDone(i: number): boolean {
    return ((this.#done[i >>> 5] ?? 0) & (1 << (i & 31))) !== 0;
  }

  /** The longest order that was found, and what could not follow it. */
  #report(): string {
    const inOrder = new Set(this.#best);
    const rest = this.#calls.map((_, i) => i).filter((i) => !inOrder.has(i));
    const firstEnd = Math.min(...rest.map((i) => this.#ends[i] ?? 0));
    const stuck = rest.filter((i) => (this.#calls[i]?.invokedAt ?? 0) <= firstEnd);
    const show = (indexes: readonly number[]): string =>
      indexes
        .flatMap((i) => this.#calls[i] ?? [])
        .map((call) => `  ${describeCall(call)}\n`)
        .join('');
    return `after\n${show(this.#best.slice(-8))}none of these can follow:\n${show(stuck)}`;
  }
}

/** When a call was over at the latest. */
function endOf({ outcome, returnedAt }: Call): number {
  return outcome.type === 'ok' ? returnedAt : Number.POSITIVE_INFINITY;
}

function isRequired({ outcome }: Call): boolean {
  return outcome.type === 'ok' || outcome.type === 'found';
}
