import type { Compare, TxnCommand, TxnFields, TxnOp } from './command.ts';
import {
  bytesFault,
  countFault,
  type Fault,
  grantFault,
  isLeaseId,
  isObject,
  optionsFault,
  putFault,
  rangeFault,
  switchFault,
  type Unchecked,
} from './fields.ts';
import { MAX_TXN_OPS, validateTxn } from './txn-rules.ts';

/** What is wrong with a transaction of the log, of which nothing is known yet. */
export function txnCommandFault(fields: Unchecked<TxnCommand>): Fault {
  const fault = grantFault(fields.grant);
  if (fault !== null) return fault;
  // From here on the shape is known, and how deep it is.
  return shapeFault(fields, MAX_TXN_OPS) ?? validateTxn(fields as TxnFields);
}

/** `depth` bounds the nesting, so that no hostile command can exhaust the stack. */
function shapeFault(fields: Unchecked<TxnFields>, depth: number): Fault {
  const { compare, success, failure } = fields;
  if (depth === 0) return 'too-many-operations';
  return (
    listFault('compare', compare, compareFault) ??
    listFault('success', success, (op) => opFault(op, depth)) ??
    listFault('failure', failure, (op) => opFault(op, depth))
  );
}

function listFault(name: string, list: unknown, faultOf: (item: unknown) => Fault): Fault {
  if (!Array.isArray(list)) return `${name} is not a list`;
  if (list.length > MAX_TXN_OPS) return 'too-many-operations';
  for (const item of list) {
    const fault = faultOf(item);
    if (fault !== null) return fault;
  }
  return null;
}

function opFault(op: unknown, depth: number): Fault {
  if (!isObject(op)) return 'an operation is malformed';
  const fields: Unchecked<Extract<TxnOp, { type: 'get' }>> & Unchecked<TxnFields> = op;
  switch (op['type']) {
    case 'put':
      return putFault(fields);
    case 'get':
      return rangeFault(fields) ?? optionsFault(fields);
    case 'delete':
      return rangeFault(fields) ?? switchFault('prev', op['prev']);
    case 'txn':
      return shapeFault(fields, depth - 1);
    default:
      return 'an operation is of an unknown type';
  }
}

const OPS: ReadonlySet<unknown> = new Set(['=', '!=', '<', '>']);

function compareFault(compare: unknown): Fault {
  if (!isObject(compare)) return 'a compare is malformed';
  const { op, target, value }: Unchecked<Compare> = compare;
  if (!OPS.has(op)) return 'op is malformed';
  const fault = rangeFault(compare);
  if (fault !== null) return fault;
  switch (target) {
    case 'value':
      return bytesFault('value', value);
    case 'version':
    case 'create':
    case 'mod':
      return countFault('value', value);
    case 'lease':
      return value === '0' || isLeaseId(value) ? null : 'value is not the id of a lease';
    default:
      return 'target is malformed';
  }
}
