/**
 * TRANSACTIONS, with etcd's semantics: all compares, those of nested transactions too, are decided
 * by the state before the transaction; then it is made sure that no operation on the way that was
 * taken can fail; then they are carried out in order, and reads see the writes before them. All
 * writes have one revision, and a key is written at most once (txn-rules.ts).
 */

import type {
  DeleteResult,
  FailedResult,
  GetResult,
  KeyRange,
  LeaseGrant,
  PutFields,
  PutResult,
  TxnCommand,
  TxnFields,
  TxnOp,
  TxnOpResult,
  TxnResult,
} from './command.ts';
import { type EntryPlace, faultOfGrant, grantLease } from './apply-lease.ts';
import { holds } from './compare.ts';
import { assert, must } from '../lib/assert.ts';
import { pairsOf } from './remembered.ts';
import type { ReplicatedState } from './replicated-state.ts';
import { isReadOnly } from './txn-rules.ts';

type GetOp = TxnOp & { readonly type: 'get' };

/** A transaction whose compares are decided. */
interface Plan {
  readonly type: 'plan';
  readonly succeeded: boolean;
  readonly steps: readonly (Exclude<TxnOp, { type: 'txn' }> | Plan)[];
}

/** The pairs in the answer of one transaction may have so many bytes, as `costOfAnswer` counts. */
export const MAX_TXN_ANSWER_BYTES = 4 * 2 ** 20;

/**
 * When the compares hold, the lease of `grant` is there for the operations; it is granted if they
 * can all be carried out. A transaction that would answer too much is taken back as a whole.
 */
export function applyTxn(
  state: ReplicatedState,
  txn: TxnFields & Pick<TxnCommand, 'grant'>,
  place: EntryPlace,
): TxnResult | FailedResult {
  const plan = planOf(state, txn);
  const grant = plan.succeeded ? (txn.grant ?? null) : null;
  const fault =
    (grant === null ? null : faultOfGrant(state, grant)) ?? faultOfPlan(state, plan, grant);
  if (fault !== null) return fault;
  const result = bounded(state, carryOut(state, plan));
  if (result.type !== 'txn' || grant === null) return result;
  grantLease(state, grant, place);
  return { ...result, granted: grant.id };
}

/** What a transaction that only reads (`isReadOnly`) gives by the present state. */
export function readTxn(state: ReplicatedState, txn: TxnFields): TxnResult | FailedResult {
  assert(isReadOnly(txn), 'a transaction that writes was to be read');
  const plan = planOf(state, txn);
  return faultOfPlan(state, plan, null) ?? bounded(state, carryOut(state, plan));
}

function bounded({ store }: ReplicatedState, result: TxnResult): TxnResult | FailedResult {
  if (costOfAnswer(result) <= MAX_TXN_ANSWER_BYTES) return result;
  store.rollback();
  return { type: 'answer-too-large', revision: store.revision };
}

/** Bytes of the pairs in an answer; each counts for some more, which its form takes. */
function costOfAnswer(result: TxnOpResult): number {
  let cost = 0;
  for (const { key, value } of pairsOf(result)) cost += 100 + key.length + value.length;
  return cost;
}

function planOf(state: ReplicatedState, txn: TxnFields): Plan {
  const succeeded = txn.compare.every((compare) => holds(state.store, compare));
  const steps = (succeeded ? txn.success : txn.failure).map((op) =>
    op.type === 'txn' ? planOf(state, op) : op,
  );
  return { type: 'plan', succeeded, steps };
}

/** The first fault in the order of the operations. */
function faultOfPlan(
  state: ReplicatedState,
  { steps }: Plan,
  grant: LeaseGrant | null,
): FailedResult | null {
  for (const step of steps) {
    const fault = faultOfStep(state, step, grant);
    if (fault !== null) return fault;
  }
  return null;
}

function faultOfStep(
  state: ReplicatedState,
  step: Plan['steps'][number],
  grant: LeaseGrant | null,
): FailedResult | null {
  switch (step.type) {
    case 'plan':
      return faultOfPlan(state, step, grant);
    case 'put':
      return faultOfPut(state, step, grant);
    case 'get':
      return faultOfGet(state, step);
    case 'delete':
      return null;
  }
}

function faultOfGet({ store }: ReplicatedState, { revision: asked }: GetOp): FailedResult | null {
  const fault = (asked ?? 0) === 0 ? null : store.faultOf(asked ?? 0);
  return fault === null ? null : { ...fault, revision: store.revision };
}

/** Why a put cannot be carried out; null when it can. The lease of `grant` counts as there. */
export function faultOfPut(
  { store, leases }: ReplicatedState,
  { key, lease, ignoreValue, ignoreLease }: PutFields,
  grant: LeaseGrant | null,
): FailedResult | null {
  const { revision } = store;
  const needsKey = ignoreValue === true || ignoreLease === true;
  if (needsKey && store.get(key) === undefined) return { type: 'key-not-found', revision };
  if (lease === undefined || lease === null || lease === grant?.id) return null;
  return leases.get(lease) === undefined ? { type: 'lease-not-found', revision } : null;
}

function carryOut(state: ReplicatedState, { succeeded, steps }: Plan): TxnResult {
  const results = steps.map((step) => carryOutStep(state, step));
  return { type: 'txn', revision: state.store.nextRevision, succeeded, results };
}

function carryOutStep(state: ReplicatedState, step: Plan['steps'][number]): TxnOpResult {
  switch (step.type) {
    case 'plan':
      return carryOut(state, step);
    case 'put':
      return carryOutPut(state, step);
    case 'get':
      return carryOutGet(state, step);
    case 'delete':
      return carryOutDelete(state, step, step.prev === true);
  }
}

/** A put that has no fault. */
export function carryOutPut({ store }: ReplicatedState, op: PutFields): PutResult {
  const before = store.get(op.key);
  const value = op.ignoreValue === true ? must(before, 'value to keep').value : op.value;
  const lease = op.ignoreLease === true ? must(before, 'lease to keep').lease : op.lease;
  const { pair, prev = null } = store.put(op.key, value, lease);
  const shown = op.prev === true ? prev : null;
  return { type: 'put', revision: pair.modRevision, created: prev === null, prev: shown };
}

export function carryOutDelete(
  { store }: ReplicatedState,
  range: KeyRange,
  wantsPrev: boolean,
): DeleteResult {
  const pairs = store.delete(range);
  const revision = store.nextRevision;
  return { type: 'delete', revision, deleted: pairs.length, prev: wantsPrev ? pairs : [] };
}

function carryOutGet({ store }: ReplicatedState, op: GetOp): GetResult {
  const page = store.query(op, op);
  assert(page.type === 'range', 'a read that was found to be possible is not');
  const { count, kvs, more } = page;
  return { type: 'get', revision: store.nextRevision, count, kvs, more };
}
