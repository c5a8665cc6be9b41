import type { Condition, DeleteCommand, PutCommand } from '../../../src/kv/command.ts';
import { type ByteString, bytesOfText } from '../../../src/lib/bytes.ts';

/** Bytes of a text. */
export function b(text: string): ByteString {
  return bytesOfText(text);
}

/** A put of texts; `fields` replaces what is not the usual. */
export function put(key: string, value: string, fields: Partial<PutCommand> = {}): PutCommand {
  return {
    v: 1,
    kind: 'put',
    requestId: null,
    at: 1000,
    by: null,
    key: b(key),
    value: b(value),
    condition: null,
    prev: false,
    ...fields,
  };
}

/** A delete of one key; `fields` replaces what is not the usual. */
export function del(key: string, fields: Partial<DeleteCommand> = {}): DeleteCommand {
  return {
    v: 1,
    kind: 'delete',
    requestId: null,
    at: 1000,
    by: null,
    key: b(key),
    end: null,
    open: false,
    condition: null,
    prev: false,
    ...fields,
  };
}

export const ABSENT: Condition = { type: 'absent' };

/** The condition that a key was last changed at a revision. */
export function changedAt(revision: number): Condition {
  return { type: 'mod-revision', revision };
}
