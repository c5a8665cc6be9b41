const SIZE = 2048;
const WORDS = SIZE / 32;

/**
 * Remembers which counters were used, in any order: each is accepted once, and those more than 2047
 * behind the newest never again (the anti-replay window of RFC 4303, section 3.4.3).
 */
export class ReplayWindow {
  readonly #used = new Uint32Array(WORDS);
  #newest = 0;

  /** Whether this counter (1 or more) is new; it counts as used from then on. */
  accept(counter: number): boolean {
    if (counter < 1 || counter <= this.#newest - SIZE) return false;
    if (counter > this.#newest) this.#slideTo(counter);
    const word = Math.floor((counter % SIZE) / 32);
    const bit = 1 << (counter % 32);
    const used = this.#used[word] ?? 0;
    if ((used & bit) !== 0) return false;
    this.#used[word] = used | bit;
    return true;
  }

  #slideTo(counter: number): void {
    if (counter - this.#newest >= SIZE) {
      this.#used.fill(0);
    } else {
      for (let free = this.#newest + 1; free <= counter; free += 1) {
        const word = Math.floor((free % SIZE) / 32);
        this.#used[word] = (this.#used[word] ?? 0) & ~(1 << (free % 32));
      }
    }
    this.#newest = counter;
  }
}
