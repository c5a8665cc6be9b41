import { type ByteString, isByteString } from '../lib/bytes.ts';
import type {
  CommandBase,
  Condition,
  DeleteCommand,
  KvCommand,
  LoggedCommand,
  PutCommand,
} from './command.ts';

/** The longest key the store takes; the boundary may allow less. */
export const MAX_KEY_BYTES = 64 * 1024;

/** The longest name of a request. */
export const MAX_REQUEST_ID_LENGTH = 256;

/**
 * A committed command of a kind or version that this software does not know: a newer member wrote
 * it. The node must stop, for to skip it would be to diverge.
 */
export class UnknownCommandError extends Error {
  override readonly name = 'UnknownCommandError';

  constructor(command: LoggedCommand) {
    const { kind, v } = command;
    super(`unknown command: ${JSON.stringify({ kind, v }).slice(0, 200)}`);
  }
}

/** A command, or why it is none. */
export type Decoded =
  | { readonly ok: true; readonly command: KvCommand }
  | { readonly ok: false; readonly reason: string };

/**
 * Checks a command of the log before it is applied. The boundary has refused malformed ones long
 * before; this makes sure that one which slipped through is refused by every node in the same way
 * and cannot stop the cluster for ever.
 *
 * @throws UnknownCommandError for a kind or version this software does not know.
 */
export function decodeCommand(command: LoggedCommand): Decoded {
  if (command.v !== 1 || (command.kind !== 'put' && command.kind !== 'delete')) {
    throw new UnknownCommandError(command);
  }
  // The kind decides which fields there must be; none of them is trusted before it was looked at.
  const fields = command as Unchecked<PutCommand> & Unchecked<DeleteCommand>;
  const reason =
    baseFault(fields) ??
    (command.kind === 'put' ? bytesFault('value', fields.value) : rangeFault(fields));
  return reason === null ? { ok: true, command: command as KvCommand } : { ok: false, reason };
}

/** The fields of a command as they may come: anything. */
type Unchecked<T> = { readonly [K in keyof T]?: unknown };

function baseFault(fields: Unchecked<CommandBase> & Unchecked<PutCommand>): string | null {
  const { at, by, requestId, prev } = fields;
  if (typeof at !== 'number' || !Number.isSafeInteger(Math.floor(at)) || at < 0) {
    return 'at is not a time';
  }
  if (by !== null && typeof by !== 'string') return 'by is malformed';
  if (requestId !== null && !isRequestId(requestId)) return 'requestId is malformed';
  if (typeof prev !== 'boolean') return 'prev is not a boolean';
  return keyFault('key', fields.key) ?? conditionFault(fields.condition);
}

function rangeFault(fields: Unchecked<DeleteCommand>): string | null {
  if (typeof fields.open !== 'boolean') return 'open is not a boolean';
  return fields.end === null ? null : keyFault('end', fields.end);
}

function keyFault(name: string, key: unknown): string | null {
  const fault = bytesFault(name, key);
  if (fault !== null) return fault;
  return (key as ByteString).length > MAX_KEY_BYTES ? `${name} is too long` : null;
}

function bytesFault(name: string, bytes: unknown): string | null {
  return typeof bytes === 'string' && isByteString(bytes) ? null : `${name} is not a byte string`;
}

function isRequestId(id: unknown): boolean {
  return typeof id === 'string' && id.length <= MAX_REQUEST_ID_LENGTH && isByteString(id);
}

function conditionFault(condition: unknown): string | null {
  if (condition === null) return null;
  if (typeof condition !== 'object') return 'condition is malformed';
  const { type, revision } = condition as Unchecked<Condition & { revision: number }>;
  if (type === 'absent') return null;
  const isCompare = type === 'mod-revision' && Number.isSafeInteger(revision);
  return isCompare && Number(revision) >= 0 ? null : 'condition is malformed';
}
