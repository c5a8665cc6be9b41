import type { OrderOptions } from '../../kv/ordered.ts';
import type { ClusterId } from '../../lib/ids.ts';
import { ApiError } from '../../wire/errors.ts';
import type { HttpLimits } from '../config.ts';
import { type Cursor, parseCursor } from './cursor.ts';
import { type KeyRange, RANGE_NAMES, rangeOf } from '../request/key-range.ts';
import { pageLimitOf } from '../answer/page-items.ts';
import type { Query } from '../request/query.ts';

/** Bounds that pairs are filtered by; 0 is none. */
export const FILTERS = [
  'minModRevision',
  'maxModRevision',
  'minCreateRevision',
  'maxCreateRevision',
] as const;

/** What pairs can be sorted by, the key by default. */
export const SORTS = ['key', 'version', 'create', 'mod', 'value'] as const;

export const RANGE_GET_PARAMETERS = [
  ...RANGE_NAMES,
  ...FILTERS,
  'limit',
  'cursor',
  'order',
  'sort',
  'keysOnly',
  'countOnly',
  'consistency',
  'revision',
];

/** What a page and a stream have in common: which pairs, in which order, and what of each. */
export interface RangeSelection {
  readonly range: KeyRange;
  readonly options: OrderOptions & Required<Pick<OrderOptions, 'sort' | 'order'>>;
  /** The revision asked for; 0 for the newest. */
  readonly revision: number;
  readonly keysOnly: boolean;
}

export interface PageQuery extends RangeSelection {
  readonly limit: number;
  readonly countOnly: boolean;
  readonly cursor: Cursor | null;
  /** What the cursors of this request are bound to. */
  readonly seal: string;
}

export interface StreamQuery extends RangeSelection {
  /** How many pairs at most. */
  readonly limit: number;
}

/** What a query asks of one page. @throws ApiError `bad-request`, and what `rangeOf` throws */
export function pageQueryOf(query: Query, limits: HttpLimits, cluster: ClusterId): PageQuery {
  const selection = selectionOf(query, limits);
  const limit = pageLimitOf(query, limits);
  const { range, options } = selection;
  const filters = FILTERS.map((name) => options[name]);
  const seal = JSON.stringify([
    cluster,
    range.start,
    range.end,
    options.sort,
    options.order,
    ...filters,
  ]);
  const token = query.bytes('cursor');
  const cursor = token === null ? null : parseCursor(token, seal);
  const countOnly = query.flag('countOnly');
  if (cursor === null) return { ...selection, limit, countOnly, cursor, seal };
  if (selection.revision !== 0 && selection.revision !== cursor.revision) {
    throw new ApiError('bad-request', `cursor is of revision ${cursor.revision}, not of that one`);
  }
  return { ...selection, revision: cursor.revision, limit, countOnly, cursor, seal };
}

/** What a query asks of a stream. @throws ApiError `bad-request`, and what `rangeOf` throws */
export function streamQueryOf(query: Query, limits: HttpLimits): StreamQuery {
  const selection = selectionOf(query, limits);
  if (selection.options.sort !== 'key') {
    throw new ApiError(
      'bad-request',
      'A stream is in the order of the keys: any other would have to hold all of it in memory',
    );
  }
  for (const name of ['cursor', 'countOnly']) {
    if (!query.has(name)) continue;
    throw new ApiError('bad-request', `${name} is for pages, as application/json has them`);
  }
  const limit = query.integer('limit', 1, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY;
  return { ...selection, limit };
}

function selectionOf(query: Query, limits: HttpLimits): RangeSelection {
  const range = rangeOf(query, limits.keyBytes);
  const sort = query.choice('sort', SORTS);
  const order = query.choice('order', ['asc', 'desc']);
  return {
    range,
    options: {
      sort,
      order,
      minModRevision: query.revision('minModRevision'),
      maxModRevision: query.revision('maxModRevision'),
      minCreateRevision: query.revision('minCreateRevision'),
      maxCreateRevision: query.revision('maxCreateRevision'),
    },
    revision: query.revision(),
    keysOnly: query.flag('keysOnly'),
  };
}
