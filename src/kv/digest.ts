import { hashValue } from './canonical.ts';
import type { KvCommand } from './command.ts';
import { Hasher, hexOfHash } from './hash.ts';

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
