/**
 * The items of a snapshot as JSON values: arrays, whose places are the fields named in the types.
 * Every `decode` answers null for what no `encode` wrote, and trusts nothing.
 */

import { type ByteString, isByteString } from '../lib/bytes.ts';
import { type AnswerItem, encodeAnswer, pairsOfAnswer } from './answer-items.ts';
import type { KeyValue, LeaseId } from './command.ts';
import { isCount, isLeaseId } from './fields.ts';
import { isHashHex } from './hash.ts';
import { type Lease, MAX_LEASE_TTL } from './leases.ts';
import type { Client, Remembered } from './remembered.ts';
import { parseRequestId, parseSlot } from './request-id.ts';

/** A version; a tombstone has the version 0. No lease is null. */
export type VersionItem = readonly [
  key: ByteString,
  value: ByteString,
  createRevision: number,
  modRevision: number,
  version: number,
  lease: LeaseId | null,
];

export type LeaseItem = readonly [id: LeaseId, ttl: number, remaining: number, epoch: number];

export type ClientItem = readonly [name: string, lastAt: number, floor: number];

/** The pairs of its answer follow as items of their own. */
export type RequestItem = readonly [
  slot: string,
  digest: string,
  at: number,
  /** See answer-items.ts. */
  answer: AnswerItem,
];

/** A request whose answer's pairs are still to come. */
export interface RequestHead extends Omit<Remembered, 'result'> {
  readonly answer: AnswerItem;
  readonly pairs: number;
}

export function encodeVersion(version: KeyValue): VersionItem {
  const { key, value, createRevision, modRevision, lease } = version;
  return [key, value, createRevision, modRevision, version.version, lease];
}

export function decodeVersion(item: unknown): KeyValue | null {
  if (!Array.isArray(item) || item.length !== 6) return null;
  const [key, value, createRevision, modRevision, version, lease] = item as readonly unknown[];
  if (typeof key !== 'string' || !isByteString(key)) return null;
  if (typeof value !== 'string' || !isByteString(value)) return null;
  if (!isCount(createRevision) || !isCount(modRevision) || !isCount(version)) return null;
  if (lease !== null && !isLeaseId(lease)) return null;
  const found = { key, value, createRevision, modRevision, version, lease };
  return isConsistent(found) ? found : null;
}

function isConsistent({ value, createRevision, modRevision, version, lease }: KeyValue): boolean {
  if (version === 0) {
    return value === '' && createRevision === 0 && modRevision > 0 && lease === null;
  }
  return createRevision > 0 && version <= modRevision - createRevision + 1;
}

export function encodeLease({ id, ttl, remaining, epoch }: Lease): LeaseItem {
  return [id, ttl, remaining, epoch];
}

export function decodeLease(item: unknown): Lease | null {
  if (!Array.isArray(item) || item.length !== 4) return null;
  const [id, ttl, remaining, epoch] = item as readonly unknown[];
  if (!isLeaseId(id) || !isCount(ttl) || !isCount(remaining) || !isCount(epoch)) return null;
  const isWhole = ttl >= 1 && ttl <= MAX_LEASE_TTL && remaining <= ttl * 1000;
  return isWhole ? { id, ttl, remaining, epoch } : null;
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

export function encodeRequest({ slot, digest, at, result }: Remembered): RequestItem {
  return [slot, digest, at, encodeAnswer(result)];
}

export function decodeRequest(item: unknown): RequestHead | null {
  if (!Array.isArray(item) || item.length !== 4) return null;
  const [slot, digest, at, answer] = item as readonly unknown[];
  if (typeof slot !== 'string' || parseSlot(slot) === null || !isCount(at)) return null;
  if (typeof digest !== 'string' || !isHashHex(digest)) return null;
  const pairs = pairsOfAnswer(answer);
  return pairs === null ? null : { slot, digest, at, answer: answer as AnswerItem, pairs };
}
