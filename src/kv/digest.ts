import type { Condition, KvCommand } from './command.ts';
import { Hasher, hexOfHash } from './hash.ts';

/**
 * What a command asks for and who asks, in sixteen hexadecimal digits: equal for a request that is
 * sent again, different for another one under the same name. Time and name are left out.
 */
export function digestOfCommand(command: KvCommand): string {
  const hasher = new Hasher().text(command.kind).text(command.key);
  addOptional(hasher, command.by);
  addCondition(hasher, command.condition);
  hasher.number(command.prev ? 1 : 0);
  switch (command.kind) {
    case 'put':
      hasher.text(command.value);
      break;
    case 'delete':
      addOptional(hasher, command.end);
      hasher.number(command.open ? 1 : 0);
      break;
  }
  return hexOfHash(hasher.finish());
}

function addOptional(hasher: Hasher, text: string | null): void {
  hasher.number(text === null ? 0 : 1).text(text ?? '');
}

function addCondition(hasher: Hasher, condition: Condition | null): void {
  hasher.text(condition?.type ?? '');
  if (condition?.type === 'mod-revision') hasher.number(condition.revision);
}
