import { createHash } from 'node:crypto';
import type { ByteString } from '../../lib/bytes.ts';
import { ApiError } from '../../wire/errors.ts';
import { bytesOfToken, tokenOfBytes } from '../answer/token.ts';

/** Where the next page begins: opaque to clients, so that its form may change. */
export interface Cursor {
  /** Of the first page; every later one is as of it. */
  readonly revision: number;
  /** What the first page counted: to count anew might cost as much as reading everything. */
  readonly count: number;
  /** The last key of the page before. What it is sorted by is looked up, for it may be large. */
  readonly key: ByteString;
}

/**
 * The cursor as a token that needs no encoding in a URL. `seal` is all of the request that must not
 * change between pages. The hash of both finds what was mixed up or cut off; it keeps nobody from
 * making up a cursor, which reads nothing that the request could not read anyway.
 */
export function formatCursor(cursor: Cursor, seal: string): string {
  const { revision, count, key } = cursor;
  const content = `${revision}.${count}.${key}`;
  return tokenOfBytes(`2${hashOf(content, seal)}${content}` as ByteString);
}

/** Reads a token back. @throws ApiError `bad-request` when no page of this request ended with it */
export function parseCursor(token: string, seal: string): Cursor {
  const bytes = bytesOfToken(token);
  const match = bytes === null ? null : FORM.exec(bytes);
  const [, hash, content = '', revision, count, key = ''] = match ?? [];
  if (match === null || hash !== hashOf(content, seal)) {
    throw new ApiError(
      'bad-request',
      'cursor is not one that a page of this range ended with: repeat the other parameters as ' +
        'they were, but for limit and keysOnly',
    );
  }
  return { revision: Number(revision), count: Number(count), key: key as ByteString };
}

const FORM = /^2([0-9a-f]{16})(([0-9]{1,15})\.([0-9]{1,15})\.([^]*))$/;

function hashOf(content: string, seal: string): string {
  const text = `${seal.length}.${seal}${content}`;
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
