import type { LeaseId } from '../../kv/command.ts';
import {
  base64OfBytes,
  bytesOfText,
  type ByteString,
  EMPTY_BYTES,
  successorOf,
  textOfBytes,
} from '../../lib/bytes.ts';
import type { StoreView } from '../../node/api.ts';
import type { LeaseDetailsAnswer, LeaseKey, LeasesAnswer } from '../../wire/leases.ts';
import { formatAfter, parseAfter } from './after-cursor.ts';
import type { HttpLimits } from '../config.ts';
import { fitting, pageLimitOf } from '../answer/page-items.ts';
import type { Query } from '../request/query.ts';

type PageLimits = Pick<HttpLimits, 'pageItems' | 'pageItemsMax' | 'pageBytes'>;

/** How to read the page of the list of leases that is asked for. @throws ApiError `bad-request` */
export function leasesPage(query: Query, limits: PageLimits): (store: StoreView) => LeasesAnswer {
  const list = 'leases';
  const limit = pageLimitOf(query, limits);
  const after = afterOf(query, list) ?? EMPTY_BYTES;
  return (store) => {
    // Ids are ASCII: their text is their bytes.
    const found = store.leases(after as string as LeaseId | '', limit + 1);
    const leases = found.slice(0, limit).map(({ id, ttl }) => ({ id, ttl }));
    const last = found.length > limit ? leases.at(-1) : undefined;
    return { leases, next: last === undefined ? null : formatAfter(list, bytesOfText(last.id)) };
  };
}

/** How to read the page of a lease's keys that is asked for. @throws ApiError `bad-request` */
export function leaseKeysPage(
  query: Query,
  id: LeaseId,
  limits: PageLimits,
): (store: StoreView) => Pick<LeaseDetailsAnswer, 'keys' | 'next'> {
  const list = `keys of ${id}`;
  const limit = pageLimitOf(query, limits);
  const after = afterOf(query, list);
  const from = after === null ? EMPTY_BYTES : successorOf(after);
  return (store) => {
    const found = store.keysOf(id, from, limit + 1);
    const sizes = found.map((key) => key.length);
    const keys = found.slice(0, fitting(sizes, limit, limits.pageBytes));
    const last = found.length > keys.length ? keys.at(-1) : undefined;
    return {
      keys: keys.map(keyOf),
      next: last === undefined ? null : formatAfter(list, last),
    };
  };
}

function afterOf(query: Query, list: string): ByteString | null {
  const token = query.bytes('cursor');
  return token === null ? null : parseAfter(list, token);
}

function keyOf(key: ByteString): LeaseKey {
  return textOfBytes(key) ?? { base64: base64OfBytes(key) };
}
