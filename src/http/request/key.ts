/**
 * KEYS AND NAMES FROM THE RAW URL
 *
 * This is the one place that percent-decodes. It works on the URL as it came, because a framework
 * that has decoded it to text has already lost what was not UTF-8.
 */

import type { ByteString } from '../../lib/bytes.ts';
import { ApiError } from '../../wire/errors.ts';

/** From here on a slash in an absolute URL begins its path: hosts have one character at least. */
export const PATH_SEARCH_START = 'http://n'.length;

/**
 * The bytes of a percent-encoded part of a URL, decoded once.
 *
 * @throws ApiError `bad-key` for a `%` without two hex digits, and for what must be encoded.
 */
export function percentDecode(raw: string): ByteString {
  if (!/[%#\x00-\x20\x7f-\uffff]/.test(raw)) return raw as ByteString;
  if (/%(?![0-9A-Fa-f]{2})/.test(raw)) {
    throw new ApiError(
      'bad-key',
      'A % must be followed by two hexadecimal digits; write %25 for %',
    );
  }
  if (/[#\x00-\x20\x7f-\uffff]/.test(raw)) {
    throw new ApiError('bad-key', 'White space, # and what is not ASCII must be percent-encoded');
  }
  return raw.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  ) as ByteString;
}

/**
 * The key in the path of a request, all of it that comes after `before`: `/kv/`, `/history/`.
 *
 * @throws ApiError `bad-key`, `key-too-long`
 */
export function keyOfUrl(url: string, keyBytes: number, before = '/kv/'): ByteString {
  return checkKey(percentDecode(restOfPath(url, before)), keyBytes);
}

/** What follows the beginning of the path of an absolute URL, as it came, without the query. */
export function restOfPath(url: string, beginning: string): string {
  const start = url.indexOf('/', PATH_SEARCH_START) + beginning.length;
  const query = url.indexOf('?', start);
  return query === -1 ? url.slice(start) : url.slice(start, query);
}

/** @throws ApiError `bad-key` for the empty key, `key-too-long` */
export function checkKey(key: ByteString, keyBytes: number): ByteString {
  if (key.length === 0) throw new ApiError('bad-key', 'The key is empty');
  if (key.length > keyBytes) throw tooLong(key.length, keyBytes);
  return key;
}

/** @throws ApiError `key-too-long` */
export function checkBound(bound: ByteString, keyBytes: number): ByteString {
  if (bound.length > keyBytes) throw tooLong(bound.length, keyBytes);
  return bound;
}

function tooLong(length: number, limit: number): ApiError {
  return new ApiError('key-too-long', `The key has ${length} bytes, more than ${limit}`, { limit });
}

/**
 * The key that a query names.
 *
 * @throws ApiError `bad-request` when there is none, and what `checkKey` throws
 */
export function requireKey(key: ByteString | null, keyBytes: number): ByteString {
  if (key === null) throw new ApiError('bad-request', 'The parameter key is required');
  return checkKey(key, keyBytes);
}
