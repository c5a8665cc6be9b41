import { successorOf } from '../../lib/bytes.ts';
import { parseCount, parseDuration } from '../../lib/quantities.ts';
import type { WatchedRange } from '../../node/api.ts';
import type { WatchSpec } from '../../node/watch/watch.ts';
import { ApiError } from '../../wire/errors.ts';
import { asksForLines } from '../request/accept.ts';
import { checkKey } from '../request/key.ts';
import { RANGE_NAMES, rangeOf } from '../request/key-range.ts';
import { Query } from '../request/query.ts';

const PARAMETERS = ['key', ...RANGE_NAMES, 'revision', 'prev', 'filter', 'progress'];
const PROGRESS_MIN_MS = 1000;
const PROGRESS_MAX_MS = 3_600_000;

/** How a watch is told. */
export type WatchForm = 'events' | 'lines' | 'socket';

/**
 * What a request to `/watch` asks for.
 *
 * @throws ApiError `bad-request`, `bad-revision`, and what `checkKey` and `rangeOf` throw
 */
export function watchSpecOf(request: Request, keyBytes: number): WatchSpec {
  const query = Query.of(request.url, PARAMETERS);
  // No revision is 0, and none means from now on.
  const from = query.revision() || null;
  const last = request.headers.get('last-event-id');
  return {
    range: watchedRangeOf(query, keyBytes),
    from: last === null ? from : afterEvent(last),
    only: filterOf(query.bytes('filter')),
    prev: query.flag('prev'),
    progressMs: progressOf(query.bytes('progress')),
  };
}

/** Server-sent events, unless the client says otherwise. */
export function watchFormOf(request: Request): WatchForm {
  if (request.headers.get('upgrade')?.toLowerCase() === 'websocket') return 'socket';
  return asksForLines(request) ? 'lines' : 'events';
}

function watchedRangeOf(query: Query, keyBytes: number): WatchedRange {
  const key = query.bytes('key');
  if (key === null) {
    const range = rangeOf(query, keyBytes);
    if (range.end === null || range.start < range.end) return range;
    throw new ApiError('bad-request', 'The range is empty: no key is in it');
  }
  if (RANGE_NAMES.some((name) => query.has(name))) {
    throw new ApiError('bad-request', 'key stands alone: leave out prefix, start and end');
  }
  const start = checkKey(key, keyBytes);
  return { start, end: successorOf(start) };
}

/** The revision after an event's id, which is the event's revision. */
function afterEvent(id: string): number {
  const revision = parseCount(id);
  if (revision !== null && revision < Number.MAX_SAFE_INTEGER) return revision + 1;
  throw new ApiError('bad-revision', 'Last-Event-ID must be a plain non-negative integer');
}

function filterOf(text: string | null): WatchSpec['only'] {
  if (text === null || text === 'put' || text === 'delete') return text;
  throw new ApiError('bad-request', 'filter must be put or delete: the events that are told');
}

function progressOf(text: string | null): number | null {
  if (text === null) return null;
  const ms = parseDuration(text);
  if (ms !== null && ms >= PROGRESS_MIN_MS && ms <= PROGRESS_MAX_MS) return ms;
  throw new ApiError('bad-request', 'progress must be a time from 1s to 1h, such as 5s');
}
