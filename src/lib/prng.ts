import { exp, ln } from './exact-math.ts';

/**
 * A seeded generator (sfc32, by Chris Doty-Humphrey): small, fast, and the same on every machine.
 * Not for secrets.
 */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed >>> 0;
    this.#b = Math.floor(seed / 2 ** 32) >>> 0;
    this.#c = 0x9e3779b9;
    for (let i = 0; i < 12; i += 1) this.uint32();
  }

  /** A number from 0 to 2^32 - 1. */
  uint32(): number {
    const t = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t;
    this.#c |= 0;
    return t >>> 0;
  }

  /** A number from 0 up to, not including, 1. */
  unit(): number {
    return this.uint32() / 2 ** 32;
  }

  /** An integer from `min` up to, not including, `end`. */
  between(min: number, end: number): number {
    return min + Math.floor(this.unit() * (end - min));
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  /** At least 0, exponentially distributed: the time between two things that come by chance. */
  exponential(mean: number): number {
    return -ln(1 - this.unit()) * mean;
  }

  /** From `from` to `to`, both above 0: each order of size is as frequent as any other. */
  logUniform(from: number, to: number): number {
    return from * exp(this.unit() * ln(to / from));
  }

  /** One of the items. The array must not be empty. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.between(0, items.length)];
    if (item === undefined) throw new Error('pick from an empty array');
    return item;
  }

  /** A generator of its own, seeded from this one. */
  fork(): Prng {
    return new Prng(this.uint32() + this.uint32() * 2 ** 20);
  }
}
