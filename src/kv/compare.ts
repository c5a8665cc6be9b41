import type { Compare, CompareOp, KeyValue } from './command.ts';
import { isSingleKey } from './range-query.ts';
import type { Store } from './store.ts';

/**
 * Whether every key of the compare's range satisfies it. Of a key that does not exist every number
 * is 0, but no compare with its value holds (etcd's applyCompare).
 */
export function holds(store: Store, compare: Compare): boolean {
  if (isSingleKey(compare)) return holdsOf(compare, store.get(compare.key));
  const page = store.query(compare);
  if (page.type !== 'range') return false;
  return page.kvs.length === 0
    ? holdsOf(compare, undefined)
    : page.kvs.every((pair) => holdsOf(compare, pair));
}

function holdsOf(compare: Compare, pair: KeyValue | undefined): boolean {
  const { op } = compare;
  switch (compare.target) {
    case 'value':
      return pair !== undefined && satisfies(op, orderOf(pair.value, compare.value));
    case 'version':
      return satisfies(op, (pair?.version ?? 0) - compare.value);
    case 'create':
      return satisfies(op, (pair?.createRevision ?? 0) - compare.value);
    case 'mod':
      return satisfies(op, (pair?.modRevision ?? 0) - compare.value);
    case 'lease':
      return satisfies(op, orderOfIds(pair?.lease ?? '0', compare.value));
  }
}

/** `order` is negative, zero or positive, as the key's side is less, equal or greater. */
function satisfies(op: CompareOp, order: number): boolean {
  switch (op) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '>':
      return order > 0;
  }
}

function orderOf(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Of numbers in decimal without leading zeros: the longer one is greater. */
function orderOfIds(a: string, b: string): number {
  return a.length - b.length || orderOf(a, b);
}
