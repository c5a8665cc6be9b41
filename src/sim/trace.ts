/**
 * THE TRACE of a run: one line for everything that happened, of which the newest are kept for a
 * report, and a hash over all of them: two runs are the same if and only if their hashes are.
 * Nothing goes by the trace, so a run without one is the same run, and faster.
 */
import { type Hash64, Hasher, hexOfHash } from '../kv/hash.ts';

const KEPT = 400;

export class Trace {
  readonly #now: () => number;
  readonly #isKept: boolean;
  readonly #onLine: ((line: string) => void) | undefined;
  #ring: string[] = [];
  #hash: Hash64 = { high: 0, low: 0 };
  #count = 0;

  /**
   * @param isKept whether there is a trace at all.
   * @param onLine sees every line.
   */
  constructor(now: () => number, isKept = true, onLine?: (line: string) => void) {
    this.#now = now;
    this.#isKept = isKept;
    this.#onLine = onLine;
  }

  /** @param who the node or part of the world that it happened to. */
  line(who: string, what: string | (() => string)): void {
    if (!this.#isKept) return;
    const line = `${this.#now().toFixed(3)} ${who} ${typeof what === 'string' ? what : what()}`;
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
