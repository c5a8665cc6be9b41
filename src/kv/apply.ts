import type { AppliedResult, Condition, DeleteCommand, KvCommand, PutCommand } from './command.ts';
import type { KvListener } from './event.ts';
import type { Store } from './store.ts';

/**
 * Carries out one command that was decoded (decode.ts): total and deterministic, decided by the
 * command and the store alone. Exactly-once is not its business (session.ts).
 */
export function applyCommand(
  store: Store,
  command: KvCommand,
  listener: KvListener | null = null,
): AppliedResult {
  if (command.condition !== null) {
    const modRevision = store.get(command.key)?.modRevision ?? 0;
    if (!holds(command.condition, modRevision)) {
      return { type: 'condition-failed', revision: store.revision, modRevision };
    }
  }
  switch (command.kind) {
    case 'put':
      return applyPut(store, command, listener);
    case 'delete':
      return applyDelete(store, command, listener);
  }
}

/** `modRevision` is the key's, 0 when it is absent: so a compare with 0 asks for absence too. */
function holds(condition: Condition, modRevision: number): boolean {
  return modRevision === (condition.type === 'absent' ? 0 : condition.revision);
}

function applyPut(store: Store, command: PutCommand, listener: KvListener | null): AppliedResult {
  const { pair, prev } = store.put(command.key, command.value, listener);
  return {
    type: 'put',
    revision: pair.modRevision,
    created: prev === undefined,
    prev: command.prev ? (prev ?? null) : null,
  };
}

function applyDelete(
  store: Store,
  command: DeleteCommand,
  listener: KvListener | null,
): AppliedResult {
  const { key, end, open, prev } = command;
  const pairs =
    end === null && !open ? store.delete(key, listener) : store.deleteRange(key, end, listener);
  return {
    type: 'delete',
    revision: store.revision,
    deleted: pairs.length,
    prev: prev ? pairs : [],
  };
}
