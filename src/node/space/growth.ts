import type { LeaseGrant, PutFields, TxnFields, TxnOp } from '../../kv/command.ts';
import { COST_OF_LEASE } from '../../kv/leases.ts';
import type { StateView } from '../../kv/state-machine.ts';
import { costOfVersion } from '../../kv/versions.ts';
import type { KvProposal } from '../api.ts';

/** What a command adds at most, in bytes as `StateView.sizeBytes` counts them. */
export interface Growth {
  /** To the present: keys, values and leases. */
  readonly present: number;
  /** To the present and the history together: what is replaced becomes history. */
  readonly total: number;
}

export const NO_GROWTH: Growth = { present: 0, total: 0 };

/** What gives room back, or keeps promises that were made: it is taken however full a node is. */
const FREEING: ReadonlySet<KvProposal['kind']> = new Set<KvProposal['kind']>([
  'delete',
  'compact',
  'lease-revoke',
  'lease-expire',
  'lease-keepalive',
  'lease-checkpoint',
  'remember',
]);

/** Whether a command writes nothing new: deletes, compactions, what ends or keeps leases. */
export function isFreeing(proposal: KvProposal): boolean {
  if (proposal.kind !== 'txn') return FREEING.has(proposal.kind);
  return (proposal.grant ?? null) === null && !writes(proposal);
}

/** By the store as it is now; what is on its way to it may change the outcome a little. */
export function growthOf(proposal: KvProposal, store: Pick<StateView, 'get'>): Growth {
  switch (proposal.kind) {
    case 'put':
      return sum(ofGrant(proposal.grant), ofPut(proposal, store));
    case 'txn':
      return sum(ofGrant(proposal.grant), ofTxn(proposal, store));
    case 'lease-grant':
      return ofGrant(proposal);
    default:
      return NO_GROWTH;
  }
}

function writes({ success, failure }: TxnFields): boolean {
  return [...success, ...failure].some((op) => {
    return op.type === 'put' || (op.type === 'txn' && writes(op));
  });
}

function ofTxn({ success, failure }: TxnFields, store: Pick<StateView, 'get'>): Growth {
  const [one, other] = [ofOps(success, store), ofOps(failure, store)];
  return {
    present: Math.max(one.present, other.present),
    total: Math.max(one.total, other.total),
  };
}

/** What the deletes among them give back is left out: other operations decide whether they do. */
function ofOps(ops: readonly TxnOp[], store: Pick<StateView, 'get'>): Growth {
  let growth = NO_GROWTH;
  for (const op of ops) {
    if (op.type === 'put') growth = sum(growth, ofPut(op, store));
    else if (op.type === 'txn') growth = sum(growth, ofTxn(op, store));
  }
  return growth;
}

function ofPut({ key, value, ignoreValue }: PutFields, store: Pick<StateView, 'get'>): Growth {
  const old = store.get(key);
  const kept = ignoreValue === true && old !== undefined ? old.value : value;
  const total = costOfVersion({ key, value: kept });
  return { present: Math.max(0, total - (old === undefined ? 0 : costOfVersion(old))), total };
}

function ofGrant(grant: Pick<LeaseGrant, 'id'> | null | undefined): Growth {
  return (grant ?? null) === null ? NO_GROWTH : { present: COST_OF_LEASE, total: COST_OF_LEASE };
}

function sum(a: Growth, b: Growth): Growth {
  return { present: a.present + b.present, total: a.total + b.total };
}
