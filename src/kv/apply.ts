import { applyLease, type EntryPlace, faultOfGrant, grantLease } from './apply-lease.ts';
import { applyTxn, carryOutDelete, carryOutPut, faultOfPut } from './apply-txn.ts';
import type {
  AppliedResult,
  CompactCommand,
  Condition,
  DeleteCommand,
  KvCommand,
  PutCommand,
} from './command.ts';
import type { KvListener } from './event.ts';
import type { ReplicatedState } from './replicated-state.ts';

/**
 * Carries out one command that was decoded (decode.ts): total and deterministic, decided by the
 * command, its place in the log and the state alone. What it changes is one revision. Exactly-once
 * is not its business (session.ts).
 */
export function applyCommand(
  state: ReplicatedState,
  command: KvCommand,
  place: EntryPlace,
  listener: KvListener | null = null,
): AppliedResult {
  const result = carryOut(state, command, place);
  const change = state.store.commit();
  if (change !== null) listener?.(change);
  return result;
}

function carryOut(state: ReplicatedState, command: KvCommand, place: EntryPlace): AppliedResult {
  switch (command.kind) {
    case 'put':
      return applyPut(state, command, place);
    case 'delete':
      return applyDelete(state, command);
    case 'txn':
      return applyTxn(state, command, place);
    case 'compact':
      return applyCompact(state, command);
    case 'lease-grant':
    case 'lease-revoke':
    case 'lease-keepalive':
    case 'lease-checkpoint':
    case 'lease-expire':
      return applyLease(state, command, place);
    case 'remember':
      return { type: 'remembered', revision: state.store.revision, answer: command.answer };
  }
}

function applyPut(state: ReplicatedState, command: PutCommand, place: EntryPlace): AppliedResult {
  const grant = command.grant ?? null;
  const failed =
    conditionFailure(state, command) ??
    (grant === null ? null : faultOfGrant(state, grant)) ??
    faultOfPut(state, command, grant);
  if (failed !== null) return failed;
  const result = carryOutPut(state, command);
  if (grant === null) return result;
  grantLease(state, grant, place);
  return { ...result, granted: grant.id };
}

function applyDelete(state: ReplicatedState, command: DeleteCommand): AppliedResult {
  return conditionFailure(state, command) ?? carryOutDelete(state, command, command.prev);
}

function applyCompact({ store }: ReplicatedState, { revision }: CompactCommand): AppliedResult {
  const fault = store.compact(revision);
  if (fault !== null) return { ...fault, revision: store.revision };
  return { type: 'compact', revision: store.revision, compactRevision: revision };
}

function conditionFailure(
  { store }: ReplicatedState,
  { key, condition }: PutCommand | DeleteCommand,
): AppliedResult | null {
  if (condition === null) return null;
  const modRevision = store.get(key)?.modRevision ?? 0;
  if (holds(condition, modRevision)) return null;
  return { type: 'condition-failed', revision: store.revision, modRevision };
}

/** `modRevision` is the key's, 0 when it is absent: so a compare with 0 asks for absence too. */
function holds(condition: Condition, modRevision: number): boolean {
  return modRevision === (condition.type === 'absent' ? 0 : condition.revision);
}
