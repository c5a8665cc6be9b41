/**
 * THE QUEUE OF A LOCK, as it stands in the key space (etcd's concurrency.Mutex and Election)
 *
 * Everyone who holds a lock or waits for it has a key `<name>/<lease>`, the lease in lower-case
 * hexadecimal, attached to that lease. Whose key was created first holds the lock; the others
 * follow in the order of creation. The revision of the creation is the fencing token.
 *
 * Other keys under the name are nobody's: those of a lock `a/b` have no say in a lock `a`. (etcd
 * counts every key under the prefix; its clients write no others than these, so both agree on who
 * holds what.)
 */

import type { KeyValue, LeaseId } from '../../kv/command.ts';
import { must } from '../../lib/assert.ts';
import { type ByteString, prefixEnd, successorOf } from '../../lib/bytes.ts';
import { isId } from '../../lib/ids.ts';
import type { StoreView, WatchedRange } from '../api.ts';

/** Someone who holds a lock, or waits for it. */
export interface Contender {
  readonly pair: KeyValue;
  readonly lease: LeaseId;
}

/** The longest that is added to the name, in bytes. */
export const SUFFIX_BYTES_MAX = '/'.length + 16;

const LEASE_IN_HEX = /^[1-9a-f][0-9a-f]{0,15}$/;
const PAGE_MIN = 16;
const PAGE_MAX = 1024;

export function contenderKey(name: ByteString, lease: LeaseId): ByteString {
  return `${name}/${BigInt(lease).toString(16)}` as ByteString;
}

/** All keys that can be contenders' are in it, and perhaps others. */
export function queueRange(name: ByteString): WatchedRange {
  const start = `${name}/` as ByteString;
  return { start, end: prefixEnd(start) };
}

/** The lease that a key stands for in the queue of a name; null when it is no contender's key. */
export function leaseOfKey(name: ByteString, key: ByteString): LeaseId | null {
  if (key.charAt(name.length) !== '/' || !key.startsWith(name)) return null;
  const suffix = key.slice(name.length + 1);
  if (!LEASE_IN_HEX.test(suffix)) return null;
  const id = BigInt(`0x${suffix}`).toString();
  return isId(id) ? (id as LeaseId) : null;
}

/** Those who hold a lock or wait for it, by the present state of this node, in their order. */
export function contendersOf(store: StoreView, name: ByteString): Contender[] {
  const found: Contender[] = [];
  for (const pair of candidates(store, name)) {
    const lease = leaseOfKey(name, pair.key);
    if (lease !== null) found.push({ pair, lease });
  }
  return found.sort(byArrival);
}

/** Two keys that one transaction created come in the order of the keys, so that one is first. */
export function byArrival({ pair: a }: Contender, { pair: b }: Contender): number {
  if (a.createRevision !== b.createRevision) return a.createRevision - b.createRevision;
  return a.key < b.key ? -1 : 1;
}

/** Goes through the keys under a name, past all that lie deeper, however many these are. */
function* candidates(store: StoreView, name: ByteString): Generator<KeyValue, void, undefined> {
  const prefix = `${name}/`;
  // Hexadecimal digits lie from `0` to `f`.
  const end = `${prefix}g` as ByteString;
  let start = `${prefix}0` as ByteString;
  let limit = PAGE_MIN;
  for (;;) {
    const page = store.range(start, end, limit);
    const isDeeper = ({ key }: KeyValue): boolean => key.includes('/', prefix.length);
    const found = page.findIndex(isDeeper);
    yield* found === -1 ? page : page.slice(0, found);
    const last = page[found] ?? page.at(-1);
    if (last === undefined || (found === -1 && page.length < limit)) return;
    limit = found === -1 ? Math.min(2 * limit, PAGE_MAX) : PAGE_MIN;
    start = found === -1 ? successorOf(last.key) : afterSiblings(last.key, prefix.length);
  }
}

/** The first key after all that have the next part of the key's path in common with it. */
function afterSiblings(key: ByteString, from: number): ByteString {
  const folder = key.slice(0, key.indexOf('/', from) + 1) as ByteString;
  return must(prefixEnd(folder), 'the end of a folder');
}
