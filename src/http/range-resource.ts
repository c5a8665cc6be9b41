import type { KeyValue } from '../kv/command.ts';
import { assert } from '../lib/assert.ts';
import type { ByteString } from '../lib/bytes.ts';
import type { StoreView } from '../node/api.ts';
import { ApiError } from '../wire/errors.ts';
import {
  type DeleteAnswer,
  PAGE_LIMIT_DEFAULT,
  PAGE_LIMIT_MAX,
  type RangeAnswer,
} from '../wire/kv.ts';
import type { IdleTimer } from './context.ts';
import { type Cursor, formatCursor, parseCursor } from './cursor.ts';
import { requireUnconditional } from './etag.ts';
import { type KeyRange, RANGE_NAMES, rangeOf } from './key-range.ts';
import { CONSISTENCIES } from './key-resource.ts';
import { keyOnlyOf, pairOf } from './pair.ts';
import type { Query } from './query.ts';
import type { Reply, Services } from './services.ts';
import { appliedOf } from './written.ts';

export const RANGE_GET_PARAMETERS = [
  ...RANGE_NAMES,
  'limit',
  'cursor',
  'order',
  'keysOnly',
  'countOnly',
  'consistency',
  'revision',
];
export const RANGE_DELETE_PARAMETERS = RANGE_NAMES;

export interface RangeRequest {
  readonly query: Query;
  readonly request: Request;
  readonly set: Reply;
  readonly server: IdleTimer | null;
}

/** A page to read: the range, what is left of it after the cursor, and how. */
interface PageRequest {
  readonly range: KeyRange;
  readonly rest: KeyRange;
  readonly limit: number;
  readonly descending: boolean;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
}

/** Reads and deletes ranges of keys. */
export class RangeResource {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  async get({ query, request, set, server }: RangeRequest): Promise<RangeAnswer> {
    const { node, contexts, config } = this.#services;
    requireUnconditional(request.headers);
    const page = pageRequestOf(query, config.limits.keyBytes);
    const context = contexts.read(request, server);
    if (query.choice('consistency', CONSISTENCIES) === 'linearizable') {
      await node.readBarrier(context);
    }
    const { store } = node;
    query.requireCurrentRevision(store.revision);
    set.headers['abcd-revision'] = String(store.revision);
    return readPage(store, page, config.limits.pageBytes);
  }

  async delete({ query, request, set, server }: RangeRequest): Promise<DeleteAnswer> {
    const { node, contexts, config } = this.#services;
    requireUnconditional(request.headers);
    const { start, end } = rangeOf(query, config.limits.keyBytes);
    const context = contexts.write(request, server);
    const range = { key: start, end, open: end === null } as const;
    const proposal = { kind: 'delete', ...range, condition: null, prev: false } as const;
    const result = appliedOf(await node.propose(proposal, context));
    assert(result.type === 'delete', `a deletion gave a result of the type ${result.type}`);
    set.headers['abcd-revision'] = String(result.revision);
    return { deleted: result.deleted, revision: result.revision };
  }
}

function pageRequestOf(query: Query, keyBytes: number): PageRequest {
  const range = rangeOf(query, keyBytes);
  const order = query.choice('order', ['asc', 'desc']);
  const token = query.bytes('cursor');
  const cursor = token === null ? null : parseCursor(token);
  if (cursor !== null && (cursor.order !== order || !contains(range, cursor.key))) {
    throw new ApiError('bad-request', 'cursor is of another range, or of another order');
  }
  return {
    range,
    rest: cursor === null ? range : restOf(range, cursor),
    limit: query.integer('limit', 1, PAGE_LIMIT_MAX) ?? PAGE_LIMIT_DEFAULT,
    descending: order === 'desc',
    keysOnly: query.flag('keysOnly'),
    countOnly: query.flag('countOnly'),
  };
}

/** Both ends count as inside: a descending cursor may be the end itself. */
function contains({ start, end }: KeyRange, key: ByteString): boolean {
  return key >= start && (end === null || key <= end);
}

function restOf({ start, end }: KeyRange, cursor: Cursor): KeyRange {
  return cursor.order === 'asc' ? { start: cursor.key, end } : { start, end: cursor.key };
}

/** Reads one page at one moment: nothing here may wait. */
function readPage(store: StoreView, page: PageRequest, pageBytes: number): RangeAnswer {
  const { range, rest, limit, descending, keysOnly } = page;
  const { revision } = store;
  const count = store.count(range.start, range.end);
  if (page.countOnly) return { revision, count, kvs: [], next: null };
  const found = store.range(rest.start, rest.end, limit + 1, descending);
  const taken = fitting(found, limit, keysOnly, pageBytes);
  const last = found[taken - 1];
  const next = found[taken];
  return {
    revision,
    count,
    kvs: found.slice(0, taken).map(keysOnly ? keyOnlyOf : pairOf),
    next:
      last === undefined || next === undefined
        ? null
        : formatCursor(
            descending
              ? { order: 'desc', revision, key: last.key }
              : { order: 'asc', revision, key: next.key },
          ),
  };
}

/** How many of the pairs fit on a page; one does, whatever its size. */
function fitting(
  pairs: readonly KeyValue[],
  limit: number,
  keysOnly: boolean,
  pageBytes: number,
): number {
  let bytes = 0;
  let taken = 0;
  for (const { key, value } of pairs) {
    bytes += key.length + (keysOnly ? 0 : value.length);
    if (taken === limit || (taken > 0 && bytes > pageBytes)) break;
    taken += 1;
  }
  return taken;
}
