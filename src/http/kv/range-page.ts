import type { KeyValue } from '../../kv/command.ts';
import type { StoreReader } from '../../kv/store-reader.ts';
import { ApiError } from '../../wire/errors.ts';
import { type Cursor, formatCursor } from './cursor.ts';
import { PageItems } from '../answer/page-items.ts';
import { keyOnlyOf, pairOf } from '../answer/pair.ts';
import type { PageQuery } from './range-query.ts';
import type { Steps } from '../answer/slices.ts';

/**
 * One page of a range as of a revision without fault, read from a pinned copy of the store: the
 * JSON of a RangeAnswer.
 *
 * @throws ApiError `bad-request` for a cursor that no page ended with
 */
export function* pageSteps(
  reader: StoreReader,
  query: PageQuery,
  revision: number,
  pageBytes: number,
): Steps<string> {
  const { range, options, limit, cursor, seal } = query;
  const count = cursor?.count ?? (yield* reader.counting(range, revision));
  if (query.countOnly) return answerOf(revision, count, [], null);
  const page = new PageItems(pageBytes);
  const encode = query.keysOnly ? keyOnlyOf : pairOf;
  const after = cursor === null ? null : afterOf(reader, cursor);
  let last: KeyValue | null = null;
  let hasMore = false;
  for (const pair of reader.ordered(range, revision, options, after, limit + 1)) {
    yield;
    if (pair === null) continue;
    hasMore = page.count === limit || !page.add(JSON.stringify(encode(pair)));
    if (hasMore) break;
    last = pair;
  }
  const next =
    last !== null && hasMore ? formatCursor({ revision, count, key: last.key }, seal) : null;
  return answerOf(revision, count, page.texts, next);
}

/** The pair to go on after: it was there as of the revision of all pages. */
function afterOf(reader: StoreReader, cursor: Cursor): KeyValue {
  const { key, revision } = cursor;
  const pair = reader.getAt(key, revision);
  if (pair !== undefined) return pair;
  throw new ApiError('bad-request', 'cursor is not one that a page of this range ended with');
}

function answerOf(
  revision: number,
  count: number,
  kvs: readonly string[],
  next: string | null,
): string {
  const head = `{"revision":${revision},"count":${count}`;
  return `${head},"kvs":[${kvs.join(',')}],"next":${JSON.stringify(next)}}`;
}
