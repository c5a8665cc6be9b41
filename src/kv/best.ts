/**
 * Keeps the first few things under an order, of however many are offered: a heap with the last of
 * the kept at its root. Each step is short: what is kept is never sorted in one go.
 */
export class Best<T> {
  readonly #compare: (a: T, b: T) => number;
  readonly #wanted: number;
  readonly #heap: T[] = [];

  /** `wanted` is how many are kept at most. */
  constructor(compare: (a: T, b: T) => number, wanted: number) {
    this.#compare = compare;
    this.#wanted = wanted;
  }

  offer(item: T): void {
    const heap = this.#heap;
    if (heap.length < this.#wanted) {
      heap.push(item);
      this.#up(heap.length - 1);
      return;
    }
    const [last] = heap;
    if (last === undefined || this.#compare(item, last) >= 0) return;
    heap[0] = item;
    this.#down();
  }

  /** What was kept, the last first; it is kept no more. */
  *takeOut(): Generator<T, void, undefined> {
    const heap = this.#heap;
    for (let last = heap[0]; last !== undefined; [last] = heap) {
      const end = heap.pop();
      if (end !== undefined && heap.length > 0) {
        heap[0] = end;
        this.#down();
      }
      yield last;
    }
  }

  #up(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!this.#isBehind(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(): void {
    const { length } = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) return;
      if (child + 1 < length && this.#isBehind(child + 1, child)) child += 1;
      if (!this.#isBehind(child, at)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #isBehind(a: number, b: number): boolean {
    return this.#compare(this.#heap[a] as T, this.#heap[b] as T) > 0;
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap;
    const item = heap[a] as T;
    heap[a] = heap[b] as T;
    heap[b] = item;
  }
}
