/** ONE WAY THROUGH A TREE OF CHOICES, and from it the next: so every way is gone exactly once. */
import { must } from '../../lib/assert.ts';
import type { CrashChoices } from '../../storage/crash-choices.ts';

export class ChoicePath implements CrashChoices {
  readonly #given: readonly number[];
  readonly #taken: number[] = [];
  readonly #options: number[] = [];

  /** @param given the first choices; those after them are the first of their options. */
  constructor(given: readonly number[] = []) {
    this.#given = given;
  }

  chance(): boolean {
    return this.#choose(2) === 0;
  }

  between(min: number, end: number, notable?: () => readonly number[]): number {
    if (notable === undefined) return min + this.#choose(end - min);
    return this.pick(notable());
  }

  pick<T>(items: readonly T[]): T {
    return must(items[this.#choose(items.length)], 'something to choose from');
  }

  /** What was chosen, without the first options at the end. */
  get taken(): readonly number[] {
    return this.#taken.slice(0, this.#taken.findLastIndex((choice) => choice > 0) + 1);
  }

  /** The beginning of the next way; null when this was the last. */
  get next(): readonly number[] | null {
    const at = this.#taken.findLastIndex((choice, i) => choice + 1 < (this.#options[i] ?? 0));
    if (at < 0) return null;
    return [...this.#taken.slice(0, at), (this.#taken[at] ?? 0) + 1];
  }

  #choose(options: number): number {
    const choice = this.#given[this.#taken.length] ?? 0;
    this.#taken.push(choice);
    this.#options.push(options);
    return Math.min(choice, options - 1);
  }
}
