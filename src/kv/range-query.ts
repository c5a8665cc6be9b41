import { EMPTY_BYTES, successorOf } from '../lib/bytes.ts';
import type { KeyRange, KeyValue, RangeOptions } from './command.ts';
import { orderedAt } from './ordered.ts';
import { type Bounds, countAt } from './scan.ts';
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
  const found: KeyValue[] = [];
  for (const pair of orderedAt(versions, bounds, revision, options, null, wanted)) {
    if (pair === null) continue;
    found.push(pair);
    if (found.length >= wanted) break;
  }
  return found;
}

function withoutValue(pair: KeyValue): KeyValue {
  return { ...pair, value: EMPTY_BYTES };
}
