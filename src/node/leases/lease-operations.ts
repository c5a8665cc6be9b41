import type { KvResult, LeaseId } from '../../kv/command.ts';
import type { StateView } from '../../kv/state-machine.ts';
import { ApiError } from '../../wire/errors.ts';
import type { KvProposal } from '../api.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import type { Reads } from '../loop/reads.ts';

export interface LeaseOperationParts {
  readonly leases: LeaseKeeper;
  readonly view: Pick<StateView, 'lease'>;
  readonly reads: Pick<Reads, 'barrier' | 'hasRoom'>;
  /** Logs a command and resolves with its result. */
  readonly propose: (proposal: KvProposal, deadline: number) => Promise<KvResult>;
}

/**
 * Renews a lease at its leader; the time to live in seconds, or null when there is no such lease.
 *
 * A renewal that is not logged is worth something only if this node still leads when it has taken
 * note of it: then every later leader begins to count later, and from the whole time. So a quorum
 * has to confirm it, in a round that begins after the renewal (Reads.barrier), in the same term.
 * That there is no such lease is confirmed likewise: a deposed leader may not know of a newer one.
 *
 * @throws ApiError `no-leader` when another node must be asked; `timeout` when the renewal may hold
 */
export async function keepAlive(
  parts: LeaseOperationParts,
  id: LeaseId,
  deadline: number,
): Promise<number | null> {
  const { leases, view, reads } = parts;
  if (!reads.hasRoom) {
    throw new ApiError(
      'too-many-requests',
      'Too many requests wait for the leader to be confirmed.',
    );
  }
  const term = leases.requireTerm();
  const outcome = leases.keepAlive(id);
  if (outcome === 'log') return await keepAliveInLog(parts, id, deadline);
  const confirmed = reads.barrier({ deadline, signal: null });
  await (outcome === 'kept' ? confirmed.catch(leaveOpen) : confirmed);
  requireSameTerm(leases, term);
  // It may have been granted, or have ended, while the quorum was asked.
  const lease = view.lease(id);
  if (lease === undefined) return null;
  if (outcome === 'unknown') return await keepAlive(parts, id, deadline);
  leases.promised();
  return lease.ttl;
}

/** Ms that are left of a lease at least; null when there is no such lease. @throws ApiError */
export async function remainingOf(
  { leases, reads }: LeaseOperationParts,
  id: LeaseId,
  deadline: number,
): Promise<number | null> {
  const term = leases.requireTerm();
  await reads.barrier({ deadline, signal: null });
  requireSameTerm(leases, term);
  return leases.remaining(id);
}

async function keepAliveInLog(
  { leases, propose }: LeaseOperationParts,
  id: LeaseId,
  deadline: number,
): Promise<number | null> {
  const result = await propose({ kind: 'lease-keepalive', id }, deadline);
  if (result.type === 'lease-not-found') return null;
  if (result.type !== 'lease-kept') {
    throw new ApiError('internal', `a keepalive gave a result of the type ${result.type}`);
  }
  leases.promised();
  return result.ttl;
}

/** Whoever led in between has begun to count anew, and its word is the one that holds. */
function requireSameTerm(leases: LeaseKeeper, term: number): void {
  if (leases.requireTerm() !== term) throw new ApiError('no-leader', 'The leader has changed.');
}

/** This leader has renewed the lease, whether or not it is confirmed that it leads. */
function leaveOpen(error: unknown): never {
  if (!(error instanceof ApiError) || error.code !== 'read-timeout') throw error;
  throw new ApiError(
    'timeout',
    'The lease may or may not have been renewed: no quorum confirmed it.',
  );
}
