/**
 * The items of a snapshot as JSON values: arrays, whose places are the fields named in the types.
 * Every `decode` answers null for what no `encode` wrote, and trusts nothing.
 */

import { type ByteString, isByteString } from '../lib/bytes.ts';
import type { AppliedResult, KeyValue } from './command.ts';
import { isHashHex } from './hash.ts';
import type { Client, Remembered } from './remembered.ts';
import { parseRequestId, parseSlot } from './request-id.ts';

export type PairItem = readonly [
  key: ByteString,
  value: ByteString,
  createRevision: number,
  modRevision: number,
  version: number,
];

export type ClientItem = readonly [name: string, lastAt: number, floor: number];

export type RequestItem = readonly [
  slot: string,
  digest: string,
  at: number,
  type: AppliedResult['type'],
  revision: number,
  /** created (1 or 0), deleted, or modRevision, as the type has it. */
  detail: number,
  prev: readonly PairItem[],
];

export function encodePair(pair: KeyValue): PairItem {
  return [pair.key, pair.value, pair.createRevision, pair.modRevision, pair.version];
}

export function decodePair(item: unknown): KeyValue | null {
  if (!Array.isArray(item) || item.length !== 5) return null;
  const [key, value, createRevision, modRevision, version] = item as readonly unknown[];
  if (typeof key !== 'string' || !isByteString(key)) return null;
  if (typeof value !== 'string' || !isByteString(value)) return null;
  if (!isCount(createRevision) || !isCount(modRevision) || !isCount(version)) return null;
  const versions = modRevision - createRevision + 1;
  if (createRevision < 1 || version < 1 || version > versions) return null;
  return { key, value, createRevision, modRevision, version };
}

export function encodeClient(client: Client): ClientItem {
  return [client.name, client.lastAt, client.floor];
}

export function decodeClient(item: unknown): Client | null {
  if (!Array.isArray(item) || item.length !== 3) return null;
  const [name, lastAt, floor] = item as readonly unknown[];
  if (typeof name !== 'string' || parseRequestId(`${name}.0`).type !== 'counted') return null;
  if (!isCount(lastAt)) return null;
  return floor === -1 || isCount(floor) ? { name, lastAt, floor } : null;
}

export function encodeRequest(request: Remembered): RequestItem {
  const { slot, digest, at, result } = request;
  const { type, revision } = result;
  switch (result.type) {
    case 'put': {
      const prev = result.prev === null ? [] : [encodePair(result.prev)];
      return [slot, digest, at, type, revision, result.created ? 1 : 0, prev];
    }
    case 'delete':
      return [slot, digest, at, type, revision, result.deleted, result.prev.map(encodePair)];
    case 'condition-failed':
      return [slot, digest, at, type, revision, result.modRevision, []];
  }
}

export function decodeRequest(item: unknown): Remembered | null {
  if (!Array.isArray(item) || item.length !== 7) return null;
  const [slot, digest, at, type, revision, detail, prev] = item as readonly unknown[];
  if (typeof slot !== 'string' || parseSlot(slot) === null || !isCount(at)) return null;
  if (typeof digest !== 'string' || !isHashHex(digest)) return null;
  if (!isCount(revision) || !isCount(detail) || !Array.isArray(prev)) return null;
  const pairs: KeyValue[] = [];
  for (const pairItem of prev) {
    const pair = decodePair(pairItem);
    if (pair === null) return null;
    pairs.push(pair);
  }
  const result = resultOf(type, revision, detail, pairs);
  return result === null ? null : { slot, digest, at, result };
}

function resultOf(
  type: unknown,
  revision: number,
  detail: number,
  pairs: readonly KeyValue[],
): AppliedResult | null {
  switch (type) {
    case 'put':
      if (detail > 1 || pairs.length > 1) return null;
      return { type, revision, created: detail === 1, prev: pairs[0] ?? null };
    case 'delete':
      return { type, revision, deleted: detail, prev: pairs };
    case 'condition-failed':
      return pairs.length === 0 ? { type, revision, modRevision: detail } : null;
    default:
      return null;
  }
}

/** An integer from 0 to 2^53 - 1. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
