/**
 * BYTE STRINGS
 *
 * Keys and values are bytes. Inside the program a run of bytes is a JavaScript string with one
 * character (0 to 255) per byte: compact in memory, ordered by bytes under `<`, and lossless in
 * JSON. The brand keeps text and bytes apart; this file is the only place that converts.
 *
 * Base64 is the road between buffers and byte strings: `btoa` and `atob` speak byte strings,
 * `Uint8Array` speaks base64, both are native and exist in browsers too. (`TextDecoder('latin1')`
 * is no alternative: the Encoding Standard makes it windows-1252, which moves 0x80 to 0x9F.)
 */

declare const byteString: unique symbol;

/** Bytes, one character (U+0000 to U+00FF) per byte. */
export type ByteString = string & { readonly [byteString]: true };

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** No bytes. */
export const EMPTY_BYTES = '' as ByteString;

/** The UTF-8 bytes of a text. A lone surrogate becomes U+FFFD, as `TextEncoder` defines. */
export function bytesOfText(text: string): ByteString {
  return isAscii(text) ? (text as ByteString) : bytesOfBuffer(utf8.encode(text));
}

/** The same bytes as a byte string. */
export function bytesOfBuffer(buffer: Uint8Array): ByteString {
  return atob(buffer.toBase64()) as ByteString;
}

/**
 * The same bytes as a buffer of their own.
 *
 * @throws when a character above U+00FF was smuggled past the type.
 */
export function bufferOfBytes(bytes: ByteString): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(btoa(bytes));
}

/**
 * The text these bytes encode in UTF-8, or null when they are not valid UTF-8 (overlong forms,
 * surrogates and unfinished sequences are not). A byte order mark is a character like any other,
 * so `bytesOfText` of the answer always gives the same bytes again.
 */
export function textOfBytes(bytes: ByteString): string | null {
  if (isAscii(bytes)) return bytes;
  const buffer = bufferOfBytes(bytes);
  try {
    return strictUtf8.decode(buffer);
  } catch {
    return null;
  }
}

/** Standard base64 with padding (RFC 4648 §4). @throws as `bufferOfBytes` does. */
export function base64OfBytes(bytes: ByteString): string {
  return btoa(bytes);
}

/**
 * The bytes of a base64 text, or null when it is not exactly what `base64OfBytes` writes: no white
 * space, padded, standard alphabet, no stray bits at the end. So each run of bytes has one form.
 */
export function bytesOfBase64(base64: string): ByteString | null {
  let bytes: string;
  try {
    bytes = atob(base64);
  } catch {
    return null;
  }
  return btoa(bytes) === base64 ? (bytes as ByteString) : null;
}

/**
 * The first key after every key with this prefix: the prefix with its last byte below 0xFF raised
 * by one and the rest cut. Null means "no upper bound" (an empty prefix, or one of 0xFF only).
 */
export function prefixEnd(prefix: ByteString): ByteString | null {
  let length = prefix.length;
  while (length > 0 && prefix.charCodeAt(length - 1) === 0xff) length -= 1;
  if (length === 0) return null;
  const raised = String.fromCharCode(prefix.charCodeAt(length - 1) + 1);
  return (prefix.slice(0, length - 1) + raised) as ByteString;
}

/** The first key after a key. */
export function successorOf(key: ByteString): ByteString {
  return `${key}\0` as ByteString;
}

/** Whether a string read from disk or a peer is a byte string: no character above U+00FF. */
export function isByteString(text: string): text is ByteString {
  return /^[\u0000-\u00ff]*$/.test(text);
}

function isAscii(text: string): boolean {
  return /^[\u0000-\u007f]*$/.test(text);
}
