/**
 * WHAT A PEER MAY ASK OF A LEADER: arguments of forwarded operations are input from outside, like
 * any other. A command that gets into the log and that nodes do not know, because a newer member
 * sent it or one that is not what it seems, stops all of them, and again after each start.
 */
import type { LoggedCommand } from '../../kv/command.ts';
import { decodeCommand, UnknownCommandError } from '../../kv/decode.ts';
import { isObject } from '../../kv/fields.ts';
import { ARGUMENT_CHECKS, type Check } from '../../wire/raft-schemas.ts';

/** What is wrong with the arguments of an operation under the id of its request; null: nothing. */
export type ArgumentFault = (body: unknown, requestId: string) => string | null;

/** The leader alone says this of a command. */
const STAMP = ['v', 'at', 'by', 'requestId'] as const;

/** Of a command that is to be proposed. */
export function proposalFault(body: unknown, requestId: string): string | null {
  if (!isObject(body)) return 'not a command';
  const stamped = STAMP.find((name) => Object.hasOwn(body, name));
  if (stamped !== undefined) return `${stamped} is for the leader to say`;
  const command = { v: 1, at: 0, by: null, requestId, ...body } as unknown as LoggedCommand;
  try {
    const decoded = decodeCommand(command);
    return decoded.ok ? null : decoded.reason;
  } catch (error) {
    if (error instanceof UnknownCommandError) return error.message;
    throw error;
  }
}

/** Of anything that has a form. */
export function formFault(check: Check<unknown>): ArgumentFault {
  return (body) => (check.Check(body) ? null : 'the arguments are malformed');
}

export const anything: ArgumentFault = () => null;
export const memberFault = formFault(ARGUMENT_CHECKS.addMember);
export const updateFault = formFault(ARGUMENT_CHECKS.updateMember);
export const idFault = formFault(ARGUMENT_CHECKS.id);
export const nullableIdFault = formFault(ARGUMENT_CHECKS.nullableId);
