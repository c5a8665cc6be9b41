import type { ByteString } from '../lib/bytes.ts';
import { EMPTY_BYTES } from '../lib/bytes.ts';
import type { KeyRange, KeyValue, RangeOptions, SortTarget } from './command.ts';
import { type Bounds, countAt, scanAt } from './scan.ts';
import type { Versions } from './versions.ts';

/** What a read of a range gave. */
export interface RangePage {
  readonly type: 'range';
  /** The revision that was read at. */
  readonly revision: number;
  /** Of the whole range, before limit and filters, as in etcd. */
  readonly count: number;
  readonly kvs: readonly KeyValue[];
  /** Whether the limit left pairs out. */
  readonly more: boolean;
}

/** Why there is nothing to read at a revision. */
export type RevisionFault =
  | { readonly type: 'compacted'; readonly compactRevision: number }
  | { readonly type: 'future-revision' };

/** What the range reaches, in the form the trees are searched by. */
export function boundsOf(range: KeyRange): Bounds {
  const end = range.end ?? null;
  if (end !== null || range.open === true) return { start: range.key, end };
  return { start: range.key, end: successorOf(range.key) };
}

export function isSingleKey(range: KeyRange): boolean {
  return (range.end ?? null) === null && range.open !== true;
}

/** The first key after a key. */
export function successorOf(key: ByteString): ByteString {
  return `${key}\0` as ByteString;
}

/** Whether the revision can be read at; null when it can. */
export function revisionFault(versions: Versions, revision: number): RevisionFault | null {
  const { compactRevision } = versions;
  if (revision < compactRevision) return { type: 'compacted', compactRevision };
  return revision > versions.revision ? { type: 'future-revision' } : null;
}

/**
 * Reads a range with etcd's semantics: the count is of the whole range; filters come before the
 * order, the order before the limit. Pairs that are equal in what they are sorted by come in the
 * order of their keys, downwards when the order is.
 */
export function queryRange(
  versions: Versions,
  range: KeyRange,
  options: RangeOptions = {},
): RangePage | RevisionFault {
  const asked = options.revision ?? 0;
  const fault = asked === 0 ? null : revisionFault(versions, asked);
  if (fault !== null) return fault;
  const newest = versions.revision + (versions.open.length > 0 ? 1 : 0);
  const revision = asked === 0 ? newest : asked;
  const bounds = boundsOf(range);
  const count = countAt(versions, bounds, revision);
  const page = { type: 'range', revision, count } as const;
  if (options.countOnly === true) return { ...page, kvs: [], more: false };
  const limit = options.limit ?? 0;
  const wanted = limit === 0 ? Number.POSITIVE_INFINITY : limit;
  const found = select(versions, bounds, revision, options, wanted + 1);
  const kvs = found.length > wanted ? found.slice(0, wanted) : found;
  const shown = options.keysOnly === true ? kvs.map(withoutValue) : kvs;
  return { ...page, kvs: shown, more: found.length > wanted };
}

/** The first `wanted` pairs that pass, in order. */
function select(
  versions: Versions,
  bounds: Bounds,
  revision: number,
  options: RangeOptions,
  wanted: number,
): KeyValue[] {
  const descending = options.order === 'desc';
  const sort = options.sort ?? 'key';
  const passes = filterOf(options);
  const best = new Best(sort === 'key' ? null : comparatorOf(sort, descending), wanted);
  for (const pair of scanAt(versions, bounds, revision, descending)) {
    if (passes(pair) && !best.take(pair)) break;
  }
  return best.finish();
}

/** Keeps the first few under an order, without holding on to all that were offered. */
class Best {
  readonly #compare: ((a: KeyValue, b: KeyValue) => number) | null;
  readonly #wanted: number;
  #kept: KeyValue[] = [];

  /** Without an order they come in order already. */
  constructor(compare: ((a: KeyValue, b: KeyValue) => number) | null, wanted: number) {
    this.#compare = compare;
    this.#wanted = wanted;
  }

  /** Whether more are wanted. */
  take(pair: KeyValue): boolean {
    this.#kept.push(pair);
    if (this.#compare === null) return this.#kept.length < this.#wanted;
    if (this.#kept.length > 2 * this.#wanted + 1000) this.#cut(this.#compare);
    return true;
  }

  finish(): KeyValue[] {
    if (this.#compare !== null) this.#cut(this.#compare);
    return this.#kept;
  }

  #cut(compare: (a: KeyValue, b: KeyValue) => number): void {
    this.#kept.sort(compare);
    if (this.#kept.length > this.#wanted) this.#kept = this.#kept.slice(0, this.#wanted);
  }
}

function filterOf(options: RangeOptions): (pair: KeyValue) => boolean {
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

function withoutValue(pair: KeyValue): KeyValue {
  return { ...pair, value: EMPTY_BYTES };
}
