/** Operations as commands of the state machine. */

import type { CommandBase, KvCommand, LeaseId, TxnOp } from '../../../src/kv/command.ts';
import { EMPTY_BYTES } from '../../../src/lib/bytes.ts';
import type { Concrete, DataOperation, Txn } from './operation.ts';

type Writing = Exclude<Concrete, { type: 'watch' | 'get' | 'lease-get' | 'lease-list' }>;

const BASE: CommandBase = { v: 1, requestId: null, at: 1000, by: null };

export function commandOf(operation: Writing): KvCommand {
  switch (operation.type) {
    case 'put': {
      const { lease, prev = false, ...fields } = operation;
      const attached = lease === undefined ? {} : { lease: lease as LeaseId };
      return { ...BASE, ...fields, ...attached, kind: 'put', prev, condition: null };
    }
    case 'delete': {
      const { key, end = null, open = false, prev = false } = operation;
      return { ...BASE, kind: 'delete', key, end, open, prev, condition: null };
    }
    case 'txn':
      return { ...BASE, kind: 'txn', ...txnFieldsOf(operation) };
    case 'compact':
      return { ...BASE, kind: 'compact', revision: operation.revision };
    case 'lease-grant':
      return { ...BASE, kind: operation.type, id: operation.id as LeaseId, ttl: operation.ttl };
    case 'lease-revoke':
    case 'lease-keepalive':
      return { ...BASE, kind: operation.type, id: operation.id as LeaseId };
  }
}

/** The forms differ in name only. */
function txnFieldsOf({ compare, success, failure }: Txn<number>) {
  return {
    compare: compare as Extract<KvCommand, { kind: 'txn' }>['compare'],
    success: success.map(txnOpOf),
    failure: failure.map(txnOpOf),
  };
}

function txnOpOf(op: DataOperation<number>): TxnOp {
  switch (op.type) {
    case 'put': {
      const { lease, ...fields } = op;
      return {
        ...fields,
        value: op.value ?? EMPTY_BYTES,
        lease: (lease ?? null) as LeaseId | null,
      };
    }
    case 'get':
    case 'delete':
      return op;
    case 'txn':
      return { type: 'txn', ...txnFieldsOf(op) };
  }
}
