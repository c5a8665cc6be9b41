/**
 * TRANSACTIONS
 *
 *     await client.txn({
 *       compare: [when.modified('a', '=', 7), when.absent('b')],
 *       success: [op.put('b', 'moved'), op.delete('a')],
 *       failure: [op.get('a')],
 *     });
 */

import type { TxnAnswer } from '../wire/txn.ts';
import { type Bytes, type JsonBytes, jsonBytes } from './bytes.ts';
import type { Caller } from './caller.ts';
import { type LeaseReference, leaseIdOf } from './lease-reference.ts';
import type { CallOptions } from './options.ts';
import { postJson } from './post-json.ts';
import type { Ordering } from './range.ts';

export type CompareOperator = '=' | '!=' | '<' | '>';

/** What must hold of a key, or of every key of a range. */
export interface Compare {
  readonly key: JsonBytes;
  readonly end?: JsonBytes;
  readonly target: 'value' | 'version' | 'create' | 'mod' | 'lease';
  readonly op: CompareOperator;
  readonly value: JsonBytes | number;
}

/** One operation; `op` makes them. */
export type TxnOp =
  | { readonly put: PutOp }
  | { readonly get: GetOp }
  | { readonly delete: DeleteOp }
  | { readonly txn: Txn };

export interface Txn {
  /** All of these must hold. */
  readonly compare?: readonly Compare[];
  /** What is done then. */
  readonly success?: readonly TxnOp[];
  /** What is done otherwise. */
  readonly failure?: readonly TxnOp[];
}

interface PutOp {
  readonly key: JsonBytes;
  readonly value?: JsonBytes;
  readonly lease?: string;
  readonly prev?: boolean;
  readonly ignoreValue?: boolean;
  readonly ignoreLease?: boolean;
}

interface GetOp extends GetOpOptions {
  readonly key: JsonBytes;
  readonly end?: JsonBytes;
}

interface DeleteOp {
  readonly key: JsonBytes;
  readonly end?: JsonBytes;
  readonly prev?: boolean;
}

export interface GetOpOptions extends Ordering {
  readonly limit?: number;
  readonly revision?: number;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
}

/** Makes compares. A key that is not there has version, revisions and lease 0, and no value. */
export const when = {
  value: (key: Bytes, operator: CompareOperator, value: Bytes): Compare => ({
    key: jsonBytes(key),
    target: 'value',
    op: operator,
    value: jsonBytes(value),
  }),
  version: (key: Bytes, operator: CompareOperator, version: number) =>
    numeric('version', key, operator, version),
  created: (key: Bytes, operator: CompareOperator, revision: number) =>
    numeric('create', key, operator, revision),
  modified: (key: Bytes, operator: CompareOperator, revision: number) =>
    numeric('mod', key, operator, revision),
  lease: (key: Bytes, operator: CompareOperator, lease: LeaseReference): Compare => ({
    key: jsonBytes(key),
    target: 'lease',
    op: operator,
    value: leaseIdOf(lease),
  }),
  exists: (key: Bytes) => numeric('version', key, '>', 0),
  absent: (key: Bytes) => numeric('version', key, '=', 0),
  /** The same of every key from the compare's own up to, not including, `end`. */
  upTo: (end: Bytes, compare: Compare): Compare => ({ ...compare, end: jsonBytes(end) }),
} as const;

/** Makes operations. */
export const op = {
  put: (
    key: Bytes,
    value: Bytes,
    options: { readonly lease?: LeaseReference; readonly prev?: boolean } = {},
  ): TxnOp => {
    const { lease, ...rest } = options;
    const attached = lease === undefined ? {} : { lease: leaseIdOf(lease) };
    return { put: { key: jsonBytes(key), value: jsonBytes(value), ...attached, ...rest } };
  },
  get: (key: Bytes, options: GetOpOptions & { readonly end?: Bytes } = {}): TxnOp => {
    const { end, ...rest } = options;
    return { get: { key: jsonBytes(key), ...endOf(end), ...rest } };
  },
  delete: (key: Bytes, options: { readonly end?: Bytes; readonly prev?: boolean } = {}): TxnOp => {
    const { end, ...rest } = options;
    return { delete: { key: jsonBytes(key), ...endOf(end), ...rest } };
  },
  txn: (txn: Txn): TxnOp => ({ txn: complete(txn) }),
} as const;

export function carryOutTxn(caller: Caller, txn: Txn, options: CallOptions): Promise<TxnAnswer> {
  return postJson(caller, '/txn', complete(txn), options);
}

/** What is given and not known here is the node's to judge. */
function complete(txn: Txn): Required<Txn> {
  return { compare: [], success: [], failure: [], ...txn };
}

function numeric(
  target: 'version' | 'create' | 'mod',
  key: Bytes,
  operator: CompareOperator,
  value: number,
): Compare {
  return { key: jsonBytes(key), target, op: operator, value };
}

function endOf(end: Bytes | undefined): { readonly end?: JsonBytes } {
  return end === undefined ? {} : { end: jsonBytes(end) };
}
