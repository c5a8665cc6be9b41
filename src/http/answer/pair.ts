import type { KeyValue } from '../../kv/command.ts';
import { base64OfBytes, type ByteString, textOfBytes } from '../../lib/bytes.ts';
import type { KeyOnly, Pair } from '../../wire/kv.ts';

/** A key as answers show it: text, or base64 that says so. */
export function keyFieldsOf(key: ByteString): { key: string; keyEncoding?: 'base64' } {
  const text = textOfBytes(key);
  return text === null ? { key: base64OfBytes(key), keyEncoding: 'base64' } : { key: text };
}

/** The same of a value. */
export function valueFieldsOf(value: ByteString): { value: string; encoding?: 'base64' } {
  const text = textOfBytes(value);
  return text === null ? { value: base64OfBytes(value), encoding: 'base64' } : { value: text };
}

/** A pair as answers show it. */
export function pairOf(pair: KeyValue): Pair {
  return { ...keyFieldsOf(pair.key), ...valueFieldsOf(pair.value), ...numbersOf(pair) };
}

/** A pair as answers show it with `keysOnly`. */
export function keyOnlyOf(pair: KeyValue): KeyOnly {
  return { ...keyFieldsOf(pair.key), ...numbersOf(pair) };
}

function numbersOf({ createRevision, modRevision, version, lease }: KeyValue) {
  return lease === null
    ? { createRevision, modRevision, version }
    : { createRevision, modRevision, version, lease };
}
