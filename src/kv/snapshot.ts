/**
 * SNAPSHOTS OF THE STATE MACHINE
 *
 * Lines of JSON, in this order: one `state` line with the numbers and how many items follow; the
 * pairs in byte order, the clients in order of their names, the remembered requests in order of
 * their slots, many to a line; one `end` line with the hash of the whole state. A line holds at
 * most 64 KiB of content unless a single item is larger, so that writing or reading one is a short
 * step.
 */

import { type Client, costOfRequest } from './remembered.ts';
import type { SessionState } from './session.ts';
import { encodeClient, encodePair, encodeRequest } from './snapshot-items.ts';
import type { Store } from './store.ts';

/** Of the lines; a reader refuses any other. */
export const SNAPSHOT_VERSION = 1;

const LINE_BYTES = 64 * 1024;

/** What a snapshot is made of; nothing in it changes any more. */
export interface SnapshotState {
  readonly appliedIndex: number;
  readonly store: Store;
  readonly sessions: SessionState;
  /** Of the whole state. */
  readonly hash: string;
}

/** The first line. */
export interface SnapshotHeader {
  readonly type: 'state';
  readonly v: number;
  readonly appliedIndex: number;
  readonly revision: number;
  /** The newest time of any command, ms. */
  readonly clock: number;
  readonly pairs: number;
  readonly clients: number;
  readonly requests: number;
}

/** The kinds of lines between the first and the last, in their order. */
export const ITEMS_TYPES = ['pairs', 'clients', 'requests'] as const;

export type ItemsType = (typeof ITEMS_TYPES)[number];

/** The lines, made one at a time as they are asked for. */
export function* snapshotLines(state: SnapshotState): Generator<string, void, undefined> {
  const { store, sessions } = state;
  const header: SnapshotHeader = {
    type: 'state',
    v: SNAPSHOT_VERSION,
    appliedIndex: state.appliedIndex,
    revision: store.revision,
    clock: sessions.clock,
    pairs: store.size,
    clients: sessions.clients.size,
    requests: sessions.requests.size,
  };
  yield JSON.stringify(header);
  yield* itemLines('pairs', store.pairs(), encodePair, (pair) => {
    return pair.key.length + pair.value.length + 40;
  });
  yield* itemLines('clients', sessions.clients.values(), encodeClient, costOfClientItem);
  yield* itemLines('requests', sessions.requests.values(), encodeRequest, costOfRequest);
  yield JSON.stringify({ type: 'end', hash: state.hash });
}

function costOfClientItem(client: Client): number {
  return client.name.length + 40;
}

function* itemLines<T extends object>(
  type: ItemsType,
  source: Iterable<T>,
  encode: (item: T) => unknown,
  costOf: (item: T) => number,
): Generator<string, void, undefined> {
  let items: unknown[] = [];
  let cost = 0;
  for (const item of source) {
    const itemCost = costOf(item);
    if (items.length > 0 && cost + itemCost > LINE_BYTES) {
      yield JSON.stringify({ type, items });
      items = [];
      cost = 0;
    }
    items.push(encode(item));
    cost += itemCost;
  }
  if (items.length > 0) yield JSON.stringify({ type, items });
}
