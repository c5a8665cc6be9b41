/** What etcd's JSON gateway says, as answers. Whatever is 0, empty or false is left out by it. */

import type { ByteString } from '../../../src/lib/bytes.ts';
import {
  type DataAnswer,
  type DeleteAnswer,
  type Event,
  type Failed,
  failed,
  type GetAnswer,
  type Pair,
  type PutAnswer,
  type TxnAnswer,
  UNTOLD,
} from './answer.ts';
import type { DataOperation, Txn } from './operation.ts';

/** Revisions of etcd to those of the model; 0 stays 0. */
export type FromEtcd = (revision: number) => number;

interface Header {
  readonly revision?: string;
}

interface Kv {
  readonly key?: string;
  readonly value?: string;
  readonly create_revision?: string;
  readonly mod_revision?: string;
  readonly version?: string;
  readonly lease?: string;
}

/** The fields of the answers to range, put, delete range, and to a transaction. */
interface Data {
  readonly header?: Header;
  readonly kvs?: readonly Kv[];
  readonly count?: string;
  readonly more?: boolean;
  readonly prev_kv?: Kv;
  readonly deleted?: string;
  readonly prev_kvs?: readonly Kv[];
  readonly succeeded?: boolean;
  readonly responses?: readonly Response[];
}

type Response = {
  readonly [K in 'put' | 'range' | 'delete_range' | 'txn' as `response_${K}`]?: Data;
};

export interface WatchMessage {
  readonly result?: {
    readonly header?: Header;
    readonly created?: boolean;
    readonly canceled?: boolean;
    readonly compact_revision?: string;
    readonly cancel_reason?: string;
    readonly events?: readonly { type?: string; kv?: Kv; prev_kv?: Kv }[];
  };
}

/** The kinds of refusals, by a part of the message. */
const REFUSALS: readonly (readonly [part: string, kind: Failed['kind']])[] = [
  ['required revision has been compacted', 'compacted'],
  ['required revision is a future revision', 'future-revision'],
  ['duplicate key given in txn request', 'duplicate-key'],
  ['too many operations in txn request', 'too-many-operations'],
  ['key not found', 'key-not-found'],
  ['requested lease not found', 'lease-not-found'],
  ['lease already exists', 'lease-exists'],
  ['key is not provided', 'invalid'],
  ['value is provided', 'invalid'],
  ['lease is provided', 'invalid'],
  ['too large lease TTL', 'invalid'],
];

/** @throws Error for a message that no operation of ours should bring about */
export function decodeRefusal(message: string): Failed {
  const found = REFUSALS.find(([part]) => message.includes(part));
  if (found === undefined) throw new Error(`etcd: ${message}`);
  return failed(found[1]);
}

export function revisionOf({ header }: { readonly header?: Header }, from: FromEtcd): number {
  if (header?.revision === undefined) throw new Error('etcd told no revision');
  return from(Number(header.revision));
}

/** `op` is what was asked: etcd does not say what it answers to. */
export function decodeData(op: DataOperation<number>, data: Data, from: FromEtcd): DataAnswer {
  switch (op.type) {
    case 'put':
      return decodePut(data, op.prev === true, from);
    case 'get':
      return decodeGet(data, from);
    case 'delete':
      return decodeDelete(data, from);
    case 'txn':
      return { ...decodeTxn(op, data, from), revision: revisionOf(data, from) };
  }
}

function decodePut(data: Data, hasPrev: boolean, from: FromEtcd): PutAnswer {
  const prev = data.prev_kv === undefined ? null : decodePair(data.prev_kv, from);
  const created = hasPrev ? prev === null : UNTOLD;
  return { type: 'put', revision: revisionOf(data, from), created, prev };
}

function decodeGet(data: Data, from: FromEtcd): GetAnswer {
  const { kvs = [], count = '0', more = false } = data;
  const revision = revisionOf(data, from);
  return { type: 'get', revision, count: Number(count), kvs: decodePairs(kvs, from), more };
}

function decodeDelete(data: Data, from: FromEtcd): DeleteAnswer {
  const { deleted = '0', prev_kvs = [] } = data;
  const revision = revisionOf(data, from);
  return { type: 'delete', revision, deleted: Number(deleted), prev: decodePairs(prev_kvs, from) };
}

/** A nested transaction has no revision of its own. */
function decodeTxn(txn: Txn<number>, data: Data, from: FromEtcd): TxnAnswer {
  const { succeeded = false, responses = [] } = data;
  const ops = succeeded ? txn.success : txn.failure;
  if (ops.length !== responses.length) throw new Error('etcd answered other operations');
  const results = ops.map((op, i): DataAnswer => {
    const { response_put, response_range, response_delete_range, response_txn } =
      responses[i] ?? {};
    const asked = { put: response_put, get: response_range, delete: response_delete_range };
    if (op.type === 'txn') return decodeTxn(op, given(response_txn), from);
    return decodeData(op, given(asked[op.type]), from);
  });
  return { type: 'txn', revision: UNTOLD, succeeded, results };
}

function given(data: Data | undefined): Data {
  if (data === undefined) throw new Error('etcd answered another operation');
  return data;
}

export function decodeEvents({ result }: WatchMessage, from: FromEtcd): Event[] {
  return (result?.events ?? []).map(({ type = 'PUT', kv = {}, prev_kv }) => ({
    type: type === 'DELETE' ? 'delete' : 'put',
    pair: decodePair(kv, from),
    prev: prev_kv === undefined ? null : decodePair(prev_kv, from),
  }));
}

function decodePairs(kvs: readonly Kv[], from: FromEtcd): Pair[] {
  return kvs.map((kv) => decodePair(kv, from));
}

function decodePair(kv: Kv, from: FromEtcd): Pair {
  return {
    key: atob(kv.key ?? '') as ByteString,
    value: atob(kv.value ?? '') as ByteString,
    createRevision: from(Number(kv.create_revision ?? 0)),
    modRevision: from(Number(kv.mod_revision ?? 0)),
    version: Number(kv.version ?? 0),
    lease: kv.lease ?? null,
  };
}
