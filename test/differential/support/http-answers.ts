/** What abcd says over HTTP, as answers. */

import type { ByteString } from '../../../src/lib/bytes.ts';
import {
  type DataAnswer,
  type Event,
  type Failed,
  failed,
  type GetAnswer,
  type Pair,
  UNTOLD,
} from './answer.ts';
import type { DataOperation, Txn } from './operation.ts';

/** Revisions of the node to those of the model; 0 stays 0. */
export type FromNode = (revision: number) => number;

export interface HttpKey {
  readonly key: string;
  readonly keyEncoding?: 'base64';
}

interface HttpPair extends HttpKey {
  readonly value?: string;
  readonly encoding?: 'base64';
  readonly createRevision?: number;
  readonly modRevision: number;
  readonly version?: number;
  readonly lease?: string;
}

export interface HttpPut extends HttpKey {
  readonly revision: number;
  readonly created: boolean;
  readonly lease?: string;
  readonly prev?: HttpPair | null;
}

export interface HttpDelete {
  readonly deleted: number;
  readonly revision: number;
  readonly prev?: HttpPair | null | readonly HttpPair[];
}

export interface HttpPage {
  readonly revision: number;
  readonly count: number;
  readonly kvs: readonly HttpPair[];
  /** Of a range. */
  readonly next?: string | null;
  /** In a transaction. */
  readonly more?: boolean;
}

export interface HttpTxn {
  readonly succeeded: boolean;
  readonly revision?: number;
  readonly results: readonly {
    readonly put?: HttpPut;
    readonly get?: HttpPage;
    readonly delete?: HttpDelete;
    readonly txn?: HttpTxn;
  }[];
}

interface HttpEvent extends HttpPair {
  readonly type: 'put' | 'delete';
  readonly prev?: HttpPair | null;
}

export interface WatchLine {
  readonly event: 'change' | 'progress' | 'canceled';
  readonly revision?: number;
  readonly events?: readonly HttpEvent[];
  readonly reason?: string;
}

const REFUSALS: ReadonlyMap<string, Failed['kind']> = new Map<string, Failed['kind']>([
  ['compacted', 'compacted'],
  ['future-revision', 'future-revision'],
  ['key-not-found', 'key-not-found'],
  ['lease-not-found', 'lease-not-found'],
  ['lease-exists', 'lease-exists'],
  ['duplicate-key', 'duplicate-key'],
  ['too-many-operations', 'too-many-operations'],
  ['bad-key', 'invalid'],
  ['bad-request', 'invalid'],
]);

/** @throws Error for a refusal that no operation of ours should bring about */
export function decodeProblem(problem: { readonly code?: string }): Failed {
  const kind = REFUSALS.get(problem.code ?? '');
  if (kind === undefined) throw new Error(`abcd: ${JSON.stringify(problem)}`);
  return failed(kind);
}

export function decodePut(put: HttpPut, from: FromNode): DataAnswer {
  const { revision, created, prev = null } = put;
  const before = prev === null ? null : decodePair(prev, from);
  return { type: 'put', revision: from(revision), created, prev: before };
}

export function decodeDelete({ deleted, revision, prev }: HttpDelete, from: FromNode): DataAnswer {
  const pairs = [prev ?? []].flat().map((pair) => decodePair(pair, from));
  return { type: 'delete', revision: from(revision), deleted, prev: pairs };
}

/** `revision` is the store's, which a page in the past does not show. */
export function decodePage(page: HttpPage, revision: number, from: FromNode): GetAnswer {
  const { count, kvs, next = null, more = next !== null } = page;
  const pairs = kvs.map((pair) => decodePair(pair, from));
  return { type: 'get', revision: from(revision), count, kvs: pairs, more };
}

export function decodeTxn(txn: Txn<number>, answer: HttpTxn, from: FromNode): DataAnswer {
  const { succeeded, revision } = answer;
  const ops = succeeded ? txn.success : txn.failure;
  if (ops.length !== answer.results.length) throw new Error('abcd answered other operations');
  return {
    type: 'txn',
    revision: revision === undefined ? UNTOLD : from(revision),
    succeeded,
    results: ops.map((op, i) => decodeOp(op, answer.results[i] ?? {}, from)),
  };
}

function decodeOp(
  op: DataOperation<number>,
  result: HttpTxn['results'][number],
  from: FromNode,
): DataAnswer {
  const { put, get, delete: deletion, txn } = result;
  if (op.type === 'put' && put !== undefined) {
    requireSame(op.key, put, op.lease);
    return decodePut(put, from);
  }
  if (op.type === 'get' && get !== undefined) return decodePage(get, get.revision, from);
  if (op.type === 'delete' && deletion !== undefined) return decodeDelete(deletion, from);
  if (op.type === 'txn' && txn !== undefined) return decodeTxn(op, txn, from);
  throw new Error(`abcd answered another operation: ${JSON.stringify(result)}`);
}

/** A put repeats its key, and its lease. @throws Error */
export function requireSame(key: ByteString, put: HttpPut, lease: string | undefined): void {
  if (decodeKey(put) === key && put.lease === lease) return;
  throw new Error(`abcd answered another put: ${JSON.stringify(put)}`);
}

export function decodeEvents({ revision, events = [] }: WatchLine, from: FromNode): Event[] {
  return events.map(({ type, prev = null, ...pair }) => {
    if (pair.modRevision !== revision) throw new Error(`an event of another revision: ${revision}`);
    return {
      type,
      pair: decodePair(pair, from),
      prev: prev === null ? null : decodePair(prev, from),
    };
  });
}

export function decodePair(pair: HttpPair, from: FromNode): Pair {
  const { value = '', encoding, createRevision = 0, modRevision, version = 0, lease } = pair;
  return {
    key: decodeKey(pair),
    value: decodeBytes(value, encoding),
    createRevision: from(createRevision),
    modRevision: from(modRevision),
    version,
    lease: lease ?? null,
  };
}

export function decodeKey({ key, keyEncoding }: HttpKey): ByteString {
  return decodeBytes(key, keyEncoding);
}

/** Text stands for its UTF-8. */
export function decodeBytes(text: string, encoding?: 'base64'): ByteString {
  if (encoding === 'base64') return atob(text) as ByteString;
  const characters = Array.from(new TextEncoder().encode(text), (byte) =>
    String.fromCharCode(byte),
  );
  return characters.join('') as ByteString;
}
