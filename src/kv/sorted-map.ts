import { must } from '../lib/assert.ts';
import { BTree } from './btree.ts';

/**
 * A map ordered by its keys under `<` (for byte strings: by their bytes), whose clones are free:
 * both go on from the same nodes and copy what they change. Values must be immutable, for clones
 * share them. A thin skin over the B+ tree of `sorted-btree`.
 */
export class SortedMap<K extends string | number, V> {
  readonly #tree: BTree<K, V>;

  constructor(tree: BTree<K, V> = new BTree<K, V>(undefined, compareKeys)) {
    this.#tree = tree;
  }

  get size(): number {
    return this.#tree.size;
  }

  get(key: K): V | undefined {
    return this.#tree.get(key);
  }

  set(key: K, value: V): void {
    this.#tree.set(key, value);
  }

  /** Whether the key was there. */
  delete(key: K): boolean {
    return this.#tree.delete(key);
  }

  /** Takes out all with start <= key < end (null: no bound); answers the values, in order. */
  deleteRange(start: K, end: K | null): V[] {
    const removed = this.range(start, end, Number.POSITIVE_INFINITY);
    const last = this.#tree.maxKey();
    if (removed.length === this.size || last === undefined) this.#tree.clear();
    else if (removed.length > 0) this.#tree.deleteRange(start, end ?? last, end === null);
    return removed;
  }

  /** The value of the least key that is at least `key`. */
  firstFrom(key: K): V | undefined {
    return this.#tree.getPairOrNextHigher(key)?.[1];
  }

  /** At most `limit` values with start <= key < end (null: no bound), in order of their keys. */
  range(start: K, end: K | null, limit: number): V[] {
    const found: V[] = [];
    if (limit < 1) return found;
    for (const [key, value] of this.#tree.entries(start, [])) {
      if (end !== null && key >= end) break;
      found.push(value);
      if (found.length >= limit) break;
    }
    return found;
  }

  /** As `range`, from the greatest key down. */
  rangeDescending(start: K, end: K | null, limit: number): V[] {
    const found: V[] = [];
    if (limit < 1) return found;
    for (const [key, value] of this.#tree.entriesReversed(end ?? undefined, [], true)) {
      if (key < start) break;
      found.push(value);
      if (found.length >= limit) break;
    }
    return found;
  }

  /** How many keys there are with start <= key < end (null: no bound): O(log size). */
  count(start: K, end: K | null): number {
    const root = rootOf(this.#tree);
    const below = rank(root, start);
    return Math.max(0, (end === null ? this.size : rank(root, end)) - below);
  }

  /**
   * As `range` or `rangeDescending` without a limit, one value at a time. The map must not change
   * meanwhile.
   */
  *walk(start: K, end: K | null, descending = false): Generator<V, void, undefined> {
    const entries = descending
      ? this.#tree.entriesReversed(end ?? undefined, [], true)
      : this.#tree.entries(start, []);
    for (const [key, value] of entries) {
      if (descending ? key < start : end !== null && key >= end) return;
      yield value;
    }
  }

  /** Every value, in order of the keys. The map must not change meanwhile: iterate over a clone. */
  values(): IterableIterator<V> {
    return this.#tree.values();
  }

  clone(): SortedMap<K, V> {
    return new SortedMap(this.#tree.clone());
  }

  /** Throws when the tree is broken; for tests. O(size). */
  checkValid(): void {
    this.#tree.checkValid(true);
  }
}

/**
 * What this file knows of the tree's inner nodes beyond its public types: an inner node holds its
 * children, the greatest key of each, and how many pairs are below it. The counts are what makes
 * `count` cheap; the exact version in package.json and the tests keep this true.
 */
interface TreeNode {
  readonly keys: readonly (string | number)[];
  readonly children?: readonly TreeNode[];
  size(): number;
}

function rootOf(tree: object): TreeNode {
  return (tree as { readonly _root: TreeNode })._root;
}

/** How many keys of the tree are less than `key`. */
function rank(root: TreeNode, key: string | number): number {
  let before = 0;
  let node: TreeNode | undefined = root;
  while (node !== undefined) {
    const position = lowerBound(node.keys, key);
    if (node.children === undefined) return before + position;
    for (let i = 0; i < position; i += 1) before += node.children[i]?.size() ?? 0;
    node = node.children[position];
  }
  return before;
}

/** The first position whose key is not less than `key`. */
function lowerBound(keys: readonly (string | number)[], key: string | number): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (must(keys[middle], 'a key of the tree') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compareKeys<K extends string | number>(a: K, b: K): number {
  // Equality first: it is much the cheaper test of the two.
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
