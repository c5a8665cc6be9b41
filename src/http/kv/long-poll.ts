import { type ByteString, successorOf } from '../../lib/bytes.ts';
import { parseDuration } from '../../lib/quantities.ts';
import type { StoreView } from '../../node/api.ts';
import { ApiError } from '../../wire/errors.ts';
import { clientGone, shuttingDown } from '../../wire/usual-errors.ts';
import { etagOf } from '../request/etag.ts';
import type { Query } from '../request/query.ts';
import { CONSISTENCIES } from '../answer/read-state.ts';
import { IDLE_TIMEOUT_S } from '../server.ts';
import type { Exchange, Reply, Services } from '../services.ts';

export const LONG_POLL_PARAMETERS = ['after', 'wait'];

const WAIT_DEFAULT_MS = 30_000;
const WAIT_MAX_MS = 300_000;

/** What a read waits for: the key to change after a revision. */
export interface LongPoll {
  readonly after: number;
  readonly waitMs: number;
}

/** The request that waits. */
interface WaitingRequest extends Omit<Exchange, 'set'> {
  readonly key: ByteString;
  readonly query: Query;
}

/** Null when the read does not wait. @throws ApiError `bad-revision`, `bad-request` */
export function longPollOf(query: Query): LongPoll | null {
  const wait = query.bytes('wait');
  if (!query.has('after')) {
    if (wait === null) return null;
    throw new ApiError('bad-request', 'wait needs after: the revision that the key is to pass');
  }
  if (query.has('revision')) {
    throw new ApiError(
      'bad-request',
      'A read of the past has nothing to wait for: leave out after',
    );
  }
  const after = query.revision('after');
  return { after, waitMs: wait === null ? WAIT_DEFAULT_MS : waitOf(wait) };
}

/**
 * Whether the key changed after the revision, at once or in time. The state must be as new as the
 * read demands before.
 *
 * @throws ApiError `future-revision`, `shutting-down`
 */
export async function changesInTime(
  { node, shutdown }: Services,
  { key, query, request, server }: WaitingRequest,
  { after, waitMs }: LongPoll,
): Promise<boolean> {
  const { store } = node;
  const { revision } = store;
  // What is beyond the newest revision of this node alone may exist elsewhere.
  const isNewest = query.choice('consistency', CONSISTENCIES) === 'linearizable';
  if (isNewest && after > revision) {
    const detail = `The newest revision is ${revision}`;
    throw new ApiError('future-revision', detail, { revision });
  }
  if (hasPassed(store, key, after)) return true;
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const look = (): void => {
    if (hasPassed(store, key, after)) resolve(true);
  };
  const gone = (): void => reject(clientGone());
  const stop = (): void => reject(shuttingDown());
  const range = { start: key, end: successorOf(key) };
  const forget = node.onChange(range, { changed: look, jumped: look });
  const timer = setTimeout(() => resolve(false), waitMs);
  request.signal.addEventListener('abort', gone);
  shutdown.addEventListener('abort', stop);
  if (request.signal.aborted) gone();
  if (shutdown.aborted) stop();
  server?.timeout(request, 0);
  try {
    return await promise;
  } finally {
    forget();
    clearTimeout(timer);
    request.signal.removeEventListener('abort', gone);
    shutdown.removeEventListener('abort', stop);
    // It holds for the connection, which may serve others after this one.
    server?.timeout(request, IDLE_TIMEOUT_S);
  }
}

/** The answer when time is over: as it was. */
export function answerUnchanged(store: StoreView, key: ByteString, set: Reply): null {
  const pair = store.get(key);
  set.headers['abcd-revision'] = String(store.revision);
  if (pair !== undefined) set.headers['etag'] = etagOf(pair.modRevision);
  set.status = 304;
  return null;
}

/**
 * Whether the key was written or deleted after a revision. Where its deletion may be forgotten it
 * counts: who waits would otherwise wait for ever. At revision 0 no key was there to be deleted.
 */
function hasPassed(store: StoreView, key: ByteString, after: number): boolean {
  const newest = store.get(key) ?? store.history(key, 1)[0];
  if (newest !== undefined) return newest.modRevision > after;
  return after > 0 && after < store.compactRevision;
}

function waitOf(text: string): number {
  const ms = parseDuration(text);
  if (ms !== null && ms <= WAIT_MAX_MS) return ms;
  throw new ApiError('bad-request', 'wait must be a time of at most 5m, such as 30s');
}
