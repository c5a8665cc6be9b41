import { hashValue } from './canonical.ts';
import type { KvCommand } from './command.ts';
import { Hasher, hexOfHash } from './hash.ts';

/** As `digestOfCommand`, of the command that remembers the answer to what the content says. */
export function digestOfRemembered(content: string): string {
  const answer = { status: 0, body: '' };
  const base = { v: 1, requestId: null, at: 0, by: null } as const;
  return digestOfCommand({ ...base, kind: 'remember', content, answer });
}

/**
 * What a command asks for and who asks, in sixteen hexadecimal digits: equal for a request that is
 * sent again, different for another one under the same name. Time and name are left out.
 */
export function digestOfCommand(command: KvCommand): string {
  const hasher = new Hasher();
  hashValue(hasher, { ...contentOf(command), at: null, requestId: null });
  return hexOfHash(hasher.finish());
}

/** Without what is not asked for, but made up on the way: an answer, a drawn id. */
function contentOf(command: KvCommand): object {
  if (command.kind === 'remember') return { ...command, answer: null };
  if (command.kind !== 'put' || (command.grant ?? null) === null) return command;
  return { ...command, lease: null, grant: { ...command.grant, id: null } };
}
