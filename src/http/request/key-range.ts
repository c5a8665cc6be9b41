import { type ByteString, EMPTY_BYTES, prefixEnd } from '../../lib/bytes.ts';
import { ApiError } from '../../wire/errors.ts';
import { checkBound } from './key.ts';
import type { Query } from './query.ts';

export const RANGE_NAMES = ['prefix', 'start', 'end'];

/** Keys from `start` up to, not including, `end`; null: no end. */
export interface KeyRange {
  readonly start: ByteString;
  readonly end: ByteString | null;
}

/**
 * The range that a query names, by `prefix` or by `start` and `end`.
 *
 * @throws ApiError `bad-request` when it names none or two, or one that ends before it starts;
 *   `key-too-long`
 */
export function rangeOf(query: Query, keyBytes: number): KeyRange {
  const prefix = boundOf(query, 'prefix', keyBytes);
  const start = boundOf(query, 'start', keyBytes);
  const end = boundOf(query, 'end', keyBytes);
  if (prefix !== null) {
    if (start === null && end === null) return { start: prefix, end: prefixEnd(prefix) };
    throw new ApiError('bad-request', 'prefix stands alone: leave out start and end');
  }
  if (start === null && end === null) {
    throw new ApiError('bad-request', 'One of key, prefix, start and end is required');
  }
  if (end !== null && end < (start ?? '')) {
    throw new ApiError('bad-request', 'The range ends before it starts');
  }
  return { start: start ?? EMPTY_BYTES, end };
}

function boundOf(query: Query, name: string, keyBytes: number): ByteString | null {
  const bound = query.bytes(name);
  return bound === null ? null : checkBound(bound, keyBytes);
}
