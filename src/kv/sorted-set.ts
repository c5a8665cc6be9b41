import { BTree } from './btree.ts';

/**
 * A set of immutable things under an order of their own, whose clones are free, as those of
 * `SortedMap`. `P` is the part of a thing that the order looks at, so that it can be searched by
 * something that is no member.
 */
export class SortedSet<T extends P, P> {
  readonly #tree: BTree<P, undefined>;

  constructor(compare: ((a: P, b: P) => number) | BTree<P, undefined>) {
    this.#tree = typeof compare === 'function' ? new BTree<P, undefined>([], compare) : compare;
  }

  get size(): number {
    return this.#tree.size;
  }

  /** Adds what is not there yet. */
  add(item: T): void {
    this.#tree.set(item, undefined);
  }

  /** Whether it was there. */
  delete(probe: P): boolean {
    return this.#tree.delete(probe);
  }

  /** The greatest item that is at most the probe. */
  floor(probe: P): T | undefined {
    return itemOf<T>(this.#tree.getPairOrNextLower(probe));
  }

  /** The least item that is at least the probe. */
  ceiling(probe: P): T | undefined {
    return itemOf<T>(this.#tree.getPairOrNextHigher(probe));
  }

  /** The least item of all. */
  first(): T | undefined {
    return this.#tree.minKey() as T | undefined;
  }

  /** The greatest item of all. */
  last(): T | undefined {
    return this.#tree.maxKey() as T | undefined;
  }

  /** The items from the probe on, in order. The set must not change meanwhile. */
  from(probe: P): IterableIterator<T> {
    return this.#tree.keys(probe) as IterableIterator<T>;
  }

  clone(): SortedSet<T, P> {
    return new SortedSet(this.#tree.clone());
  }

  /** Throws when the tree is broken; for tests. O(size). */
  checkValid(): void {
    this.#tree.checkValid(true);
  }
}

/** Only whole items are ever added, so what comes out is one. */
function itemOf<T>(found: readonly [unknown, undefined] | undefined): T | undefined {
  return found?.[0] as T | undefined;
}
