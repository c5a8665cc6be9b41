import type { KvEvent } from '../../kv/event.ts';
import { base64OfBytes, textOfBytes } from '../../lib/bytes.ts';
import type { Message } from '../../raft/message.ts';

/** A change of a key as `/events` shows it: keys are bytes, and text where they can be. */
export function changeEvent({ type, kv: { key, modRevision: revision } }: KvEvent) {
  const text = textOfBytes(key);
  if (text !== null) return { type, key: text, revision };
  return { type, key: base64OfBytes(key), keyEncoding: 'base64', revision };
}

/** A message as `/events` shows it: without the entries' contents. */
export function messageEvent(direction: 'sent' | 'received', message: Message) {
  const { type, ...fields } = message;
  const entries = message.type === 'append' ? message.entries.length : 0;
  return { type: 'message', direction, message: type, ...fields, entries };
}
