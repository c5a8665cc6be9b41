import type { ByteString } from '../../lib/bytes.ts';
import { ApiError } from '../../wire/errors.ts';
import { bytesOfToken, tokenOfBytes } from '../answer/token.ts';

/**
 * A cursor of a list that goes on after an item, as a token that needs no encoding in a URL. `list`
 * names what is listed: a cursor of one list is none of another.
 */
export function formatAfter(list: string, item: ByteString): string {
  return tokenOfBytes(`${headOf(list)}${item}` as ByteString);
}

/** Reads a token back. @throws ApiError `bad-request` when no page of the list ended with it */
export function parseAfter(list: string, token: string): ByteString {
  const head = headOf(list);
  const bytes = bytesOfToken(token);
  if (bytes?.startsWith(head) === true) return bytes.slice(head.length) as ByteString;
  throw new ApiError('bad-request', 'cursor is not one that a page of this list ended with');
}

/** Differs from how the cursors of ranges of keys begin. */
function headOf(list: string): string {
  return `after ${list}:`;
}
