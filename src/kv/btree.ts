import SortedBTree from 'sorted-btree';

/**
 * The class of B+ trees, whoever loads this: of a CommonJS module such as this one, the runtime
 * takes the default export for the class, and a bundle for the object that holds it.
 */
export const BTree =
  'default' in SortedBTree ? (SortedBTree.default as typeof SortedBTree) : SortedBTree;

export type BTree<K, V> = SortedBTree<K, V>;
