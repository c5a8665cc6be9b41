/** Operations as requests to abcd's interface. */

import type { ByteString } from '../../../src/lib/bytes.ts';
import type { Compare, Concrete, DataOperation, Get, Put, Span, Txn, Watch } from './operation.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: Uint8Array<ArrayBuffer> | string;
}

/** Revisions of the model to those of the node; no revision stays none. */
export type ToNode = (revision: number) => number;

type Parameters = Readonly<Record<string, string | number | boolean | undefined>>;

/** In a transaction a range has an end; this is behind all keys there are. */
const BEHIND_ALL = '\xff'.repeat(8) as ByteString;

/** What one key, or one range, is asked for by itself. */
export function requestOf(
  op: Exclude<DataOperation<number>, Txn<number>>,
  to: ToNode,
): HttpRequest {
  switch (op.type) {
    case 'put':
      return putRequest(op);
    case 'get':
      return isPlain(op) ? keyRequest(op, to) : rangeRequest(op, to);
    case 'delete':
      return isSingle(op)
        ? { method: 'DELETE', path: pathOf('/kv', { prev: op.prev }, { key: op.key }) }
        : { method: 'DELETE', path: pathOf('/kv', {}, boundsOf(op)) };
  }
}

/** Whether there is a request of its own for it; otherwise it takes a transaction. */
export function hasRequest(op: DataOperation<number>): boolean {
  switch (op.type) {
    case 'put':
      return op.ignoreValue !== true && op.ignoreLease !== true;
    case 'delete':
      return op.prev !== true || isSingle(op);
    case 'get':
      return true;
    case 'txn':
      return false;
  }
}

/** Whether it asks for one pair, and for nothing special. */
export function isPlain(op: Get<number>): boolean {
  const { type: _, key: __, revision: ___, ...rest } = op;
  return Object.keys(rest).length === 0;
}

function isSingle({ end, open }: Span): boolean {
  return end === undefined && open !== true;
}

function putRequest({ key, value, lease, prev }: Put): HttpRequest {
  const body = Uint8Array.from(value, (character) => character.charCodeAt(0));
  return { method: 'PUT', path: pathOf('/kv', { lease, prev }, { key }), body };
}

function keyRequest({ key, revision }: Get<number>, to: ToNode): HttpRequest {
  const query = { revision: numbered(revision, to) };
  // Dots are resolved by clients before they send.
  const isPath = key !== '' && !/^\.+$/.test(key);
  const path = isPath ? pathOf(`/kv/${percent(key)}`, query) : pathOf('/kv', query, { key });
  return { method: 'GET', path };
}

function rangeRequest(op: Get<number>, to: ToNode): HttpRequest {
  const query = {
    ...optionsOf(op, to),
    keysOnly: op.keysOnly,
    countOnly: op.countOnly,
  };
  return { method: 'GET', path: pathOf('/kv', query, boundsOf(op)) };
}

/** A zero for a limit means none; over HTTP it is left out. */
function optionsOf(op: Get<number>, to: ToNode) {
  return {
    revision: numbered(op.revision, to),
    limit: op.limit === 0 ? undefined : op.limit,
    sort: op.sort,
    order: op.order,
    minModRevision: numbered(op.minModRevision, to),
    maxModRevision: numbered(op.maxModRevision, to),
    minCreateRevision: numbered(op.minCreateRevision, to),
    maxCreateRevision: numbered(op.maxCreateRevision, to),
  };
}

/** By its prefix, where the range is one. */
function boundsOf(span: Span): Readonly<Record<string, ByteString>> {
  const { key, end, open } = span;
  if (key === '' && isSingle(span)) return { key };
  if (open === true) return /^\xff*$/.test(key) ? { prefix: key } : { start: key };
  if (end === undefined) return { start: key, end: `${key}\0` as ByteString };
  return end === prefixEnd(key) ? { prefix: key } : { start: key, end };
}

function prefixEnd(prefix: ByteString): string | null {
  const stem = prefix.replace(/\u00ff+$/, '');
  if (stem === '') return null;
  return stem.slice(0, -1) + String.fromCharCode(stem.charCodeAt(stem.length - 1) + 1);
}

export function txnRequest(txn: Txn<number>, to: ToNode): HttpRequest {
  return { method: 'POST', path: '/txn', body: JSON.stringify(txnBody(txn, to)) };
}

function txnBody({ compare, success, failure }: Txn<number>, to: ToNode): object {
  return {
    compare: compare.map((one) => compareBody(one, to)),
    success: success.map((op) => opBody(op, to)),
    failure: failure.map((op) => opBody(op, to)),
  };
}

function opBody(op: DataOperation<number>, to: ToNode): object {
  switch (op.type) {
    case 'put': {
      const { type: _, key, value, ...rest } = op;
      const isLeftOut = op.ignoreValue === true && value === '';
      return {
        put: { key: jsonBytes(key), ...(isLeftOut ? {} : { value: jsonBytes(value) }), ...rest },
      };
    }
    case 'get': {
      const { keysOnly, countOnly } = op;
      return { get: { ...spanBody(op), ...optionsOf(op, to), keysOnly, countOnly } };
    }
    case 'delete':
      return { delete: { ...spanBody(op), prev: op.prev } };
    case 'txn':
      return { txn: txnBody(op, to) };
  }
}

function compareBody(compare: Compare<number>, to: ToNode): object {
  const { target, op } = compare;
  const common = { ...spanBody(compare), target, op };
  switch (compare.target) {
    case 'value':
      return { ...common, value: jsonBytes(compare.value) };
    case 'create':
    case 'mod':
      return { ...common, value: numbered(compare.value, to) };
    case 'version':
    case 'lease':
      return { ...common, value: compare.value };
  }
}

function spanBody({ key, end, open }: Span): object {
  const last = open === true ? BEHIND_ALL : end;
  return { key: jsonBytes(key), ...(last === undefined ? {} : { end: jsonBytes(last) }) };
}

export function leaseRequest(
  operation: Extract<Concrete, { type: `lease-${string}` }>,
): HttpRequest {
  switch (operation.type) {
    case 'lease-grant': {
      const { id, ttl } = operation;
      return { method: 'POST', path: '/leases', body: JSON.stringify({ id, ttl }) };
    }
    case 'lease-keepalive':
      return { method: 'POST', path: `/leases/${operation.id}/keepalive` };
    case 'lease-revoke':
      return { method: 'DELETE', path: `/leases/${operation.id}` };
    case 'lease-get':
      return { method: 'GET', path: `/leases/${operation.id}` };
    case 'lease-list':
      return { method: 'GET', path: '/leases' };
  }
}

export function watchPath(watch: Watch<number>, to: ToNode): string {
  const query = { revision: numbered(watch.from, to), prev: watch.prev, filter: watch.only };
  return pathOf('/watch', query, isSingle(watch) ? { key: watch.key } : boundsOf(watch));
}

function numbered(revision: number | undefined, to: ToNode): number | undefined {
  return revision === undefined || revision === 0 ? revision : to(revision);
}

function pathOf(
  path: string,
  query: Parameters,
  bytes: Readonly<Record<string, ByteString>> = {},
): string {
  const parts = [
    ...Object.entries(bytes).map(([name, value]) => `${name}=${percent(value)}`),
    ...Object.entries(query).flatMap(([name, value]) => {
      return value === undefined ? [] : [`${name}=${value}`];
    }),
  ];
  return parts.length === 0 ? path : `${path}?${parts.join('&')}`;
}

/** Every byte that is not a letter or a digit, so that no client touches it. */
function percent(bytes: ByteString): string {
  return bytes.replace(/[^A-Za-z0-9_-]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

/** As text where the bytes are UTF-8, and as base64 otherwise. */
function jsonBytes(bytes: ByteString): string | { readonly base64: string } {
  const buffer = Uint8Array.from(bytes, (character) => character.charCodeAt(0));
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(buffer);
  } catch {
    return { base64: btoa(bytes) };
  }
}
