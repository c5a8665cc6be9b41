import { base64OfBytes, type ByteString, bytesOfBase64 } from '../lib/bytes.ts';
import { ApiError } from '../wire/errors.ts';

export type Order = 'asc' | 'desc';

/** Where the next page begins: opaque to clients, so that its form may change. */
export interface Cursor {
  readonly order: Order;
  /** Of the first page; later versions will go on reading as of it. */
  readonly revision: number;
  /** Ascending: the first key of the page. Descending: the first key after the page. */
  readonly key: ByteString;
}

/** The cursor as a token that needs no encoding in a URL. */
export function formatCursor({ order, revision, key }: Cursor): string {
  const bytes = `1${order === 'asc' ? 'a' : 'd'}${revision}:${key}` as ByteString;
  return base64OfBytes(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** Reads a token back. @throws ApiError `bad-request` when this node cannot have made it */
export function parseCursor(token: string): Cursor {
  const bytes = decode(token);
  const match = bytes === null ? null : /^1([ad])([0-9]{1,16}):([^]*)$/.exec(bytes);
  if (match === null) throw new ApiError('bad-request', 'cursor is not one that a page ended with');
  const [, order, revision, key] = match;
  return {
    order: order === 'a' ? 'asc' : 'desc',
    revision: Number(revision),
    key: (key ?? '') as ByteString,
  };
}

function decode(token: string): ByteString | null {
  if (!/^[A-Za-z0-9_-]+$/.test(token)) return null;
  const base64 = token.replaceAll('-', '+').replaceAll('_', '/');
  return bytesOfBase64(base64.padEnd(Math.ceil(base64.length / 4) * 4, '='));
}
