/**
 * THE TRACE of a run: one line for everything that happened, of which the newest are kept for a
 * report, and a hash over all of them: two runs are the same if and only if their hashes are.
 */
import { type Hash64, Hasher, hexOfHash } from '../kv/hash.ts';

const KEPT = 400;

export class Trace {
  readonly #now: () => number;
  readonly #onLine: ((line: string) => void) | null;
  #ring: string[] = [];
  #hash: Hash64 = { high: 0, low: 0 };
  #count = 0;

  /** @param onLine sees every line; null for nobody. */
  constructor(now: () => number, onLine: ((line: string) => void) | null = null) {
    this.#now = now;
    this.#onLine = onLine;
  }

  /** @param who the node or part of the world that it happened to. */
  line(who: string, what: string): void {
    const line = `${this.#now().toFixed(3)} ${who} ${what}`;
    this.#count += 1;
    this.#hash = new Hasher().hash(this.#hash).text(line).finish();
    this.#ring.push(line);
    if (this.#ring.length >= 2 * KEPT) this.#ring = this.#ring.slice(-KEPT);
    this.#onLine?.(line);
  }

  /** How many lines there were. */
  get count(): number {
    return this.#count;
  }

  /** Of all lines, in order. */
  get hash(): string {
    return hexOfHash(this.#hash);
  }

  /** The newest lines, oldest first. */
  last(count: number): readonly string[] {
    return this.#ring.slice(-count);
  }
}
