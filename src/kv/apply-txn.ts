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
  PutFields,
  PutResult,
  TxnFields,
  TxnOp,
  TxnOpResult,
  TxnResult,
} from './command.ts';
import { holds } from './compare.ts';
import { assert, must } from '../lib/assert.ts';
import type { ReplicatedState } from './replicated-state.ts';

type GetOp = TxnOp & { readonly type: 'get' };

/** A transaction whose compares are decided. */
interface Plan {
  readonly type: 'plan';
  readonly succeeded: boolean;
  readonly steps: readonly (Exclude<TxnOp, { type: 'txn' }> | Plan)[];
}

export function applyTxn(state: ReplicatedState, txn: TxnFields): TxnResult | FailedResult {
  const plan = planOf(state, txn);
  return faultOfPlan(state, plan) ?? carryOut(state, plan);
}

function planOf(state: ReplicatedState, txn: TxnFields): Plan {
  const succeeded = txn.compare.every((compare) => holds(state.store, compare));
  const steps = (succeeded ? txn.success : txn.failure).map((op) =>
    op.type === 'txn' ? planOf(state, op) : op,
  );
  return { type: 'plan', succeeded, steps };
}

/** The first fault in the order of the operations. */
function faultOfPlan(state: ReplicatedState, { steps }: Plan): FailedResult | null {
  for (const step of steps) {
    const fault = faultOfStep(state, step);
    if (fault !== null) return fault;
  }
  return null;
}

function faultOfStep(state: ReplicatedState, step: Plan['steps'][number]): FailedResult | null {
  switch (step.type) {
    case 'plan':
      return faultOfPlan(state, step);
    case 'put':
      return faultOfPut(state, step);
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

/** Why a put cannot be carried out; null when it can. */
export function faultOfPut(
  { store, leases }: ReplicatedState,
  { key, lease, ignoreValue, ignoreLease }: PutFields,
): FailedResult | null {
  const { revision } = store;
  const needsKey = ignoreValue === true || ignoreLease === true;
  if (needsKey && store.get(key) === undefined) return { type: 'key-not-found', revision };
  const isUnknown = (lease ?? null) !== null && leases.get(must(lease, 'lease')) === undefined;
  return isUnknown ? { type: 'lease-not-found', revision } : null;
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
