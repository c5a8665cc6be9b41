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
  const request = command.kind === 'remember' ? { ...command, answer: null } : command;
  hashValue(hasher, { ...request, at: null, requestId: null });
  return hexOfHash(hasher.finish());
}
