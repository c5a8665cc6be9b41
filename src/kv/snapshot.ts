/**
 * SNAPSHOTS OF THE STATE MACHINE
 *
 * Lines of JSON, in this order: one `state` line with the numbers; the leases in order of their
 * ids; the store as of its compact revision (`base`, in byte order: what is older than that
 * revision) and everything that has happened from that revision on (`log`, in the order it did);
 * the clients in order of their names; the remembered requests in order of their slots, each
 * followed by the pairs of its answer; one `end` line with how many items there were of each, and
 * the hash of the whole state. Many items stand on a line: it holds at most 64 KiB of content
 * unless a single item is larger, so that writing or reading one is a short step.
 */

import type { KeyValue, LeaseId } from './command.ts';
import type { Lease } from './leases.ts';
import { costWithoutPairs, pairsOf, type Remembered } from './remembered.ts';
import type { SessionState } from './session.ts';
import { encodeClient, encodeLease, encodeRequest, encodeVersion } from './snapshot-items.ts';
import type { SortedMap } from './sorted-map.ts';
import type { StoreReader } from './store-reader.ts';
import { recordList } from './versions.ts';

/** Of the lines; a reader refuses any other. */
export const SNAPSHOT_VERSION = 2;

const LINE_BYTES = 64 * 1024;

/** What a snapshot is made of; nothing in it changes any more. */
export interface SnapshotState {
  readonly appliedIndex: number;
  readonly term: number;
  readonly store: StoreReader;
  readonly leases: SortedMap<LeaseId, Lease>;
  readonly sessions: SessionState;
  /** Of the whole state. */
  readonly hash: string;
}

/** The first line. */
export interface SnapshotHeader {
  readonly type: 'state';
  readonly v: number;
  readonly appliedIndex: number;
  /** The newest term of any entry. */
  readonly term: number;
  readonly revision: number;
  readonly compactRevision: number;
  /** The newest time of any command, ms. */
  readonly clock: number;
}

/** The kinds of lines between the first and the last, in their order. */
export const ITEMS_TYPES = ['leases', 'base', 'log', 'clients', 'requests'] as const;

export type ItemsType = (typeof ITEMS_TYPES)[number];

/** The last line: how many items there were, and the hash. */
export type SnapshotEnd = { readonly type: 'end'; readonly hash: string } & Readonly<
  Record<ItemsType, number>
>;

/** An item and about how many bytes it takes; null where a step without one is over. */
type Sized = { readonly item: unknown; readonly bytes: number } | null;

/** The lines, made one at a time as they are asked for. */
export function* snapshotLines(state: SnapshotState): Generator<string, void, undefined> {
  const { store, sessions, appliedIndex, term } = state;
  const { revision, compactRevision } = store;
  const header: SnapshotHeader = {
    type: 'state',
    v: SNAPSHOT_VERSION,
    appliedIndex,
    term,
    revision,
    compactRevision,
    clock: sessions.clock,
  };
  yield JSON.stringify(header);
  const sources: Readonly<Record<ItemsType, () => Generator<Sized, void, undefined>>> = {
    leases: () => sized(state.leases.values(), encodeLease, ({ id }) => id.length + 40),
    base: () => sized(store.base(), encodeVersion, bytesOfVersion),
    log: () => sized(versionsOf(store), encodeVersion, bytesOfVersion),
    clients: () => sized(sessions.clients.values(), encodeClient, ({ name }) => name.length + 40),
    requests: () => requestItems(sessions.requests.values()),
  };
  const counts: Record<ItemsType, number> = { leases: 0, base: 0, log: 0, clients: 0, requests: 0 };
  for (const type of ITEMS_TYPES) counts[type] = yield* itemLines(type, sources[type]());
  const end: SnapshotEnd = { type: 'end', ...counts, hash: state.hash };
  yield JSON.stringify(end);
}

/** Everything that happened, one change after another. */
function* versionsOf(store: StoreReader): Generator<KeyValue, void, undefined> {
  for (const record of store.records()) yield* recordList(record);
}

function bytesOfVersion({ key, value }: KeyValue): number {
  return key.length + value.length + 50;
}

function* requestItems(requests: Iterable<Remembered>): Generator<Sized, void, undefined> {
  for (const request of requests) {
    yield { item: encodeRequest(request), bytes: costWithoutPairs(request) };
    yield* sized(pairsOf(request.result), encodeVersion, bytesOfVersion);
  }
}

function* sized<T>(
  source: Iterable<T | null>,
  encode: (item: T) => unknown,
  bytesOf: (item: T) => number,
): Generator<Sized, void, undefined> {
  for (const item of source) {
    yield item === null ? null : { item: encode(item), bytes: bytesOf(item) };
  }
}

/** Answers how many items there were. */
function* itemLines(
  type: ItemsType,
  source: Iterable<Sized>,
): Generator<string, number, undefined> {
  let items: unknown[] = [];
  let bytes = 0;
  let count = 0;
  for (const next of source) {
    const isFull = items.length > 0 && bytes + (next?.bytes ?? 0) > LINE_BYTES;
    if (isFull || next === null) {
      yield JSON.stringify({ type, items });
      items = [];
      bytes = 0;
    }
    if (next === null) continue;
    items.push(next.item);
    bytes += next.bytes;
    count += 1;
  }
  if (items.length > 0) yield JSON.stringify({ type, items });
  return count;
}
