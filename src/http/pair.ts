import type { KeyValue } from '../kv/command.ts';
import { base64OfBytes, type ByteString, textOfBytes } from '../lib/bytes.ts';
import type { KeyOnly, Pair } from '../wire/kv.ts';

/** A key as answers show it: text, or base64 that says so. */
export function keyFieldsOf(key: ByteString): { key: string; keyEncoding?: 'base64' } {
  const text = textOfBytes(key);
  return text === null ? { key: base64OfBytes(key), keyEncoding: 'base64' } : { key: text };
}

function valueFieldsOf(value: ByteString): { value: string; encoding?: 'base64' } {
  const text = textOfBytes(value);
  return text === null ? { value: base64OfBytes(value), encoding: 'base64' } : { value: text };
}

/** A pair as answers show it. */
export function pairOf(pair: KeyValue): Pair {
  const { key, value, createRevision, modRevision, version } = pair;
  return { ...keyFieldsOf(key), ...valueFieldsOf(value), createRevision, modRevision, version };
}

/** A pair as answers show it with `keysOnly`. */
export function keyOnlyOf(pair: KeyValue): KeyOnly {
  const { key, createRevision, modRevision, version } = pair;
  return { ...keyFieldsOf(key), createRevision, modRevision, version };
}
