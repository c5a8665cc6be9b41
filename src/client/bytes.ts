/**
 * KEYS AND VALUES
 *
 * A key or a value is bytes. Given as text it stands for the text's UTF-8 bytes. Nodes answer with
 * text where the bytes are UTF-8 and with base64, marked as such, where they are not; the functions
 * here read both.
 *
 * Only what every browser, Node 18 and Bun have is used: no Buffer, no `Uint8Array.toBase64`.
 */

import { AbcdError } from './errors.ts';

/** Bytes, or the text whose UTF-8 bytes are meant. */
export type Bytes = string | Uint8Array;

/** The fields that say what a key is, in answers and events. */
export interface KeyFields {
  readonly key: string;
  readonly keyEncoding?: 'base64';
}

/** The fields that say what a value is, in answers and events. */
export interface ValueFields {
  readonly value: string;
  readonly encoding?: 'base64';
}

/** Bytes inside a JSON body: text where they are text. */
export type JsonBytes = string | { readonly base64: string };

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The bytes of a key, whatever its encoding. */
export function keyBytes({ key, keyEncoding }: KeyFields): Uint8Array {
  return keyEncoding === 'base64' ? fromBase64(key) : encoder.encode(key);
}

/** The bytes of a value, whatever its encoding. */
export function valueBytes({ value, encoding }: ValueFields): Uint8Array {
  return encoding === 'base64' ? fromBase64(value) : encoder.encode(value);
}

/** The text of a value. @throws AbcdError `not-text` when its bytes are not UTF-8 */
export function valueText({ value, encoding }: ValueFields): string {
  if (encoding !== 'base64') return value;
  throw new AbcdError('not-text', 'The value is not UTF-8: read it as bytes', { applied: 'no' });
}

/** @throws AbcdError `bad-text` for a text that has no UTF-8 form */
export function toBytes(bytes: Bytes): Uint8Array {
  return typeof bytes === 'string' ? encoder.encode(checkedText(bytes)) : bytes;
}

/** As part of a URL. @throws AbcdError `bad-text` */
export function percentEncode(bytes: Bytes): string {
  if (typeof bytes === 'string') return encodeURIComponent(checkedText(bytes));
  let encoded = '';
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    encoded += /[A-Za-z0-9_.~-]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** As a field of a JSON body. @throws AbcdError `bad-text` */
export function jsonBytes(bytes: Bytes): JsonBytes {
  if (typeof bytes === 'string') return checkedText(bytes);
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return { base64: toBase64(bytes) };
  }
}

/** The bytes of a standard base64 text. */
export function fromBase64(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** Standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  let characters = '';
  // `apply` takes so many arguments that no engine's stack minds.
  for (let start = 0; start < bytes.length; start += 4096) {
    characters += String.fromCharCode(...bytes.subarray(start, start + 4096));
  }
  return btoa(characters);
}

/** Encoders replace half of a surrogate pair by U+FFFD: two different keys would become one. */
function checkedText(text: string): string {
  if (!/\p{Surrogate}/u.test(text)) return text;
  const detail = 'A text with half of a surrogate pair has no UTF-8 form: give the bytes';
  throw new AbcdError('bad-text', detail, { applied: 'no' });
}
