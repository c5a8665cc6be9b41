import { type ByteString, successorOf } from '../lib/bytes.ts';
import { Best } from './best.ts';
import type { KeyValue, RangeOptions, SortTarget } from './command.ts';
import { type Bounds, visitAt } from './scan.ts';
import type { Versions } from './versions.ts';

/** Which pairs, in which order; what is absent, or 0, is off. */
export type OrderOptions = Pick<
  RangeOptions,
  'sort' | 'order' | 'minModRevision' | 'maxModRevision' | 'minCreateRevision' | 'maxCreateRevision'
>;

/**
 * The pairs that a read at a revision sees and that pass the filters, in the order asked for, those
 * after `after` alone; with null for each step that gave none. Pairs that are equal in what they
 * are sorted by come in the order of their keys, downwards when the order is. Sorted by anything
 * but the key, only the first `wanted` are given, for so many are held in memory. Nothing may
 * change meanwhile.
 */
export function* orderedAt(
  versions: Versions,
  bounds: Bounds,
  revision: number,
  options: OrderOptions,
  after: KeyValue | null,
  wanted: number,
): Generator<KeyValue | null, void, undefined> {
  const descending = options.order === 'desc';
  const sort = options.sort ?? 'key';
  const passes = filterOf(options);
  if (sort === 'key') {
    const rest = after === null ? bounds : restOf(bounds, after.key, descending);
    for (const pair of visitAt(versions, rest, revision, descending)) {
      yield pair !== null && passes(pair) ? pair : null;
    }
    return;
  }
  const compare = comparatorOf(sort, descending);
  const best = new Best(compare, wanted);
  for (const pair of visitAt(versions, bounds, revision, descending)) {
    const isLater = pair !== null && (after === null || compare(pair, after) > 0);
    if (isLater && passes(pair)) best.offer(pair);
    yield null;
  }
  const backwards: KeyValue[] = [];
  for (const pair of best.takeOut()) {
    backwards.push(pair);
    yield null;
  }
  for (let pair = backwards.pop(); pair !== undefined; pair = backwards.pop()) yield pair;
}

function restOf({ start, end }: Bounds, key: ByteString, descending: boolean): Bounds {
  return descending ? { start, end: key } : { start: successorOf(key), end };
}

function filterOf(options: OrderOptions): (pair: KeyValue) => boolean {
  const { minModRevision = 0, minCreateRevision = 0 } = options;
  // As in etcd, 0 is no bound.
  const maxModRevision = bound(options.maxModRevision);
  const maxCreateRevision = bound(options.maxCreateRevision);
  return ({ modRevision, createRevision }) =>
    modRevision >= minModRevision &&
    modRevision <= maxModRevision &&
    createRevision >= minCreateRevision &&
    createRevision <= maxCreateRevision;
}

function bound(max: number | undefined): number {
  return max === undefined || max === 0 ? Number.POSITIVE_INFINITY : max;
}

function comparatorOf(
  sort: Exclude<SortTarget, 'key'>,
  descending: boolean,
): (a: KeyValue, b: KeyValue) => number {
  const sign = descending ? -1 : 1;
  const order = ORDERS[sort];
  return (a, b) => sign * (order(a, b) || compareBytes(a.key, b.key));
}

const ORDERS: Readonly<Record<Exclude<SortTarget, 'key'>, (a: KeyValue, b: KeyValue) => number>> = {
  version: (a, b) => a.version - b.version,
  create: (a, b) => a.createRevision - b.createRevision,
  mod: (a, b) => a.modRevision - b.modRevision,
  value: (a, b) => compareBytes(a.value, b.value),
};

function compareBytes(a: ByteString, b: ByteString): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
