/** Operations as the messages of etcd's JSON gateway. */

import type { ByteString } from '../../../src/lib/bytes.ts';
import type { Compare, DataOperation, Get, Span, Txn, Watch } from './operation.ts';

/** Revisions of the model to those of etcd; no revision stays none. */
export type ToEtcd = (revision: number) => number;

type Message = Readonly<Record<string, unknown>>;

const SORTS = {
  key: 'KEY',
  version: 'VERSION',
  create: 'CREATE',
  mod: 'MOD',
  value: 'VALUE',
} as const;
const RESULTS = { '=': 'EQUAL', '!=': 'NOT_EQUAL', '<': 'LESS', '>': 'GREATER' } as const;

export function encodeBytes(bytes: ByteString): string {
  return btoa(bytes);
}

export function encodeData(op: Exclude<DataOperation<number>, Txn<number>>, to: ToEtcd): Message {
  switch (op.type) {
    case 'put':
      return {
        key: encodeBytes(op.key),
        value: encodeBytes(op.value),
        lease: op.lease,
        prev_kv: op.prev,
        ignore_value: op.ignoreValue,
        ignore_lease: op.ignoreLease,
      };
    case 'get':
      return encodeGet(op, to);
    case 'delete':
      return { ...encodeSpan(op), prev_kv: op.prev };
  }
}

function encodeGet(op: Get<number>, to: ToEtcd): Message {
  return {
    ...encodeSpan(op),
    revision: numbered(op.revision, to),
    limit: op.limit,
    sort_target: op.sort === undefined ? undefined : SORTS[op.sort],
    sort_order: op.order === undefined ? undefined : { asc: 'ASCEND', desc: 'DESCEND' }[op.order],
    min_mod_revision: numbered(op.minModRevision, to),
    max_mod_revision: numbered(op.maxModRevision, to),
    min_create_revision: numbered(op.minCreateRevision, to),
    max_create_revision: numbered(op.maxCreateRevision, to),
    keys_only: op.keysOnly,
    count_only: op.countOnly,
  };
}

export function encodeTxn({ compare, success, failure }: Txn<number>, to: ToEtcd): Message {
  return {
    compare: compare.map((one) => encodeCompare(one, to)),
    success: success.map((op) => encodeOp(op, to)),
    failure: failure.map((op) => encodeOp(op, to)),
  };
}

function encodeOp(op: DataOperation<number>, to: ToEtcd): Message {
  switch (op.type) {
    case 'put':
      return { request_put: encodeData(op, to) };
    case 'get':
      return { request_range: encodeData(op, to) };
    case 'delete':
      return { request_delete_range: encodeData(op, to) };
    case 'txn':
      return { request_txn: encodeTxn(op, to) };
  }
}

function encodeCompare(compare: Compare<number>, to: ToEtcd): Message {
  const common = { ...encodeSpan(compare), result: RESULTS[compare.op] };
  switch (compare.target) {
    case 'value':
      return { ...common, target: 'VALUE', value: encodeBytes(compare.value) };
    case 'version':
      return { ...common, target: 'VERSION', version: String(compare.value) };
    case 'create':
      return { ...common, target: 'CREATE', create_revision: numbered(compare.value, to) };
    case 'mod':
      return { ...common, target: 'MOD', mod_revision: numbered(compare.value, to) };
    case 'lease':
      return { ...common, target: 'LEASE', lease: compare.value };
  }
}

export function encodeWatch(watch: Watch<number>, to: ToEtcd): Message {
  const create = {
    ...encodeSpan(watch),
    start_revision: numbered(watch.from, to),
    prev_kv: watch.prev,
    filters: watch.only === undefined ? [] : [watch.only === 'put' ? 'NODELETE' : 'NOPUT'],
  };
  return { create_request: create };
}

/** An end of one zero byte is etcd's "everything from the key on". */
function encodeSpan({ key, end, open }: Span): Message {
  const last = open === true ? ('\0' as ByteString) : end;
  return { key: encodeBytes(key), range_end: last === undefined ? undefined : encodeBytes(last) };
}

function numbered(revision: number | undefined, to: ToEtcd): string | undefined {
  return revision === undefined ? undefined : String(revision === 0 ? 0 : to(revision));
}
