import type {
  FailedResult,
  LeaseCheckpointCommand,
  LeaseCommand,
  LeaseExpireCommand,
  LeaseGrant,
  LeaseGrantCommand,
  LeaseId,
  LeaseResult,
} from './command.ts';
import { MAX_LEASES } from './leases.ts';
import type { ReplicatedState } from './replicated-state.ts';

/** The entry a command came in. */
export interface EntryPlace {
  readonly index: number;
  readonly term: number;
}

export function applyLease(
  state: ReplicatedState,
  command: LeaseCommand,
  place: EntryPlace,
): LeaseResult | FailedResult {
  switch (command.kind) {
    case 'lease-grant':
      return grant(state, command, place);
    case 'lease-revoke':
      return revoke(state, command.id, 'lease-revoked');
    case 'lease-keepalive':
      return keepAlive(state, command.id, place);
    case 'lease-checkpoint':
      return checkpoint(state, command, place);
    case 'lease-expire':
      return expire(state, command, place);
  }
}

function grant(
  state: ReplicatedState,
  command: LeaseGrantCommand,
  place: EntryPlace,
): LeaseResult | FailedResult {
  const fault = faultOfGrant(state, command);
  if (fault !== null) return fault;
  grantLease(state, command, place);
  const { id, ttl } = command;
  return { type: 'lease-granted', revision: state.store.revision, id, ttl };
}

/** Why a lease cannot be granted; null when it can. */
export function faultOfGrant(
  { store, leases }: ReplicatedState,
  { id }: LeaseGrant,
): FailedResult | null {
  const { revision } = store;
  if (leases.get(id) !== undefined) return { type: 'lease-exists', revision };
  return leases.size >= MAX_LEASES ? { type: 'too-many-leases', revision } : null;
}

/** A grant that has no fault. */
export function grantLease(
  { leases }: ReplicatedState,
  { id, ttl }: LeaseGrant,
  { index }: EntryPlace,
): void {
  leases.set({ id, ttl, remaining: ttl * 1000, epoch: index });
}

function keepAlive(
  { store, leases }: ReplicatedState,
  id: LeaseId,
  { index }: EntryPlace,
): LeaseResult | FailedResult {
  const { revision } = store;
  const lease = leases.get(id);
  if (lease === undefined) return { type: 'lease-not-found', revision };
  const { ttl } = lease;
  leases.set({ id, ttl, remaining: ttl * 1000, epoch: index });
  return { type: 'lease-kept', revision, id, ttl };
}

/** The lease goes, and in one revision its keys, in their order. */
function revoke(
  { store, leases }: ReplicatedState,
  id: LeaseId,
  type: 'lease-revoked' | 'lease-expired',
): LeaseResult | FailedResult {
  if (leases.get(id) === undefined) return { type: 'lease-not-found', revision: store.revision };
  const keys = store.keysOf(id);
  for (const key of keys) store.delete({ key });
  leases.delete(id);
  return { type, revision: store.nextRevision, id, deleted: keys.length };
}

/** Time only ever runs down: a checkpoint that would give some back changes nothing. */
function checkpoint(
  { store, leases }: ReplicatedState,
  command: LeaseCheckpointCommand,
  { term }: EntryPlace,
): LeaseResult {
  const { revision } = store;
  let count = 0;
  for (const { id, epoch, remaining } of command.term < term ? [] : command.leases) {
    const lease = leases.get(id);
    if (lease?.epoch !== epoch || remaining >= lease.remaining) continue;
    leases.set({ ...lease, remaining });
    count += 1;
  }
  return { type: 'lease-checkpointed', revision, count };
}

function expire(
  state: ReplicatedState,
  { id, epoch, term: stamped }: LeaseExpireCommand,
  { term }: EntryPlace,
): LeaseResult | FailedResult {
  const { store, leases } = state;
  const { revision } = store;
  const lease = leases.get(id);
  if (lease === undefined) return { type: 'lease-not-found', revision };
  if (lease.epoch !== epoch || stamped < term) return { type: 'lease-alive', revision, id };
  return revoke(state, id, 'lease-expired');
}
