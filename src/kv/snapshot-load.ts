import { decodeAnswer } from './answer-items.ts';
import type { KeyValue } from './command.ts';
import { type Lease, Leases } from './leases.ts';
import type { Client } from './remembered.ts';
import type { ReplicatedState } from './replicated-state.ts';
import { parseSlot } from './request-id.ts';
import { type SessionLimits, Sessions } from './session.ts';
import type { ItemsType, SnapshotHeader } from './snapshot.ts';
import {
  decodeClient,
  decodeLease,
  decodeRequest,
  decodeVersion,
  type RequestHead,
} from './snapshot-items.ts';
import { Store } from './store.ts';
import { isTombstone } from './versions.ts';

/** The state that a snapshot holds. */
export interface RestoredState extends ReplicatedState {
  readonly appliedIndex: number;
}

export type ItemFault = typeof MALFORMED | typeof OUT_OF_ORDER;

const MALFORMED = 'malformed item';
const OUT_OF_ORDER = 'item out of order';

/** A request, and what has come of its answer. */
interface PartialRequest {
  readonly head: RequestHead;
  readonly pairs: KeyValue[];
}

/** What was read of one kind of items. */
interface Tally {
  count: number;
  /** The key of the last one: they ascend. */
  last: string | null;
}

/** A state that grows from the items of a snapshot. */
export class SnapshotLoad {
  readonly state: RestoredState;
  readonly #header: SnapshotHeader;
  readonly #tallies: Readonly<Record<ItemsType, Tally>> = {
    leases: { count: 0, last: null },
    base: { count: 0, last: null },
    log: { count: 0, last: null },
    clients: { count: 0, last: null },
    requests: { count: 0, last: null },
  };
  /** The request whose answer is being read. */
  #request: PartialRequest | null = null;

  constructor(header: SnapshotHeader, limits: SessionLimits) {
    this.#header = header;
    this.state = {
      appliedIndex: header.appliedIndex,
      term: header.term,
      store: Store.before(header.compactRevision),
      leases: new Leases(),
      sessions: Sessions.at(header.clock, limits),
    };
  }

  count(type: ItemsType): number {
    return this.#tallies[type].count;
  }

  /** What is wrong with an item, by itself or where it stands; null when nothing is. */
  take(type: ItemsType, item: unknown): ItemFault | null {
    this.#tallies[type].count += 1;
    switch (type) {
      case 'leases':
        return this.#takeLease(decodeLease(item));
      case 'base':
        return this.#takeBase(decodeVersion(item));
      case 'log':
        return this.#takeChange(decodeVersion(item));
      case 'clients':
        return this.#takeClient(decodeClient(item));
      case 'requests':
        return this.#request === null
          ? this.#takeRequest(decodeRequest(item))
          : this.#takePair(this.#request, decodeVersion(item));
    }
  }

  /** What is wrong with the whole; null when nothing is. */
  end(): string | null {
    const { store } = this.state;
    store.commit();
    if (this.#request !== null) return 'the last answer is not complete';
    const { revision } = this.#header;
    return store.revision === revision
      ? null
      : `the log ends at ${store.revision}, not ${revision}`;
  }

  #takeLease(lease: Lease | null): ItemFault | null {
    if (lease === null || lease.epoch > this.#header.appliedIndex) return MALFORMED;
    if (!this.#ascends('leases', lease.id)) return OUT_OF_ORDER;
    this.state.leases.set(lease);
    return null;
  }

  #takeBase(pair: KeyValue | null): ItemFault | null {
    const { compactRevision } = this.#header;
    if (pair === null || isTombstone(pair) || pair.modRevision >= compactRevision) return MALFORMED;
    if (!this.#ascends('base', pair.key)) return OUT_OF_ORDER;
    this.state.store.loadBase(pair);
    return null;
  }

  #takeChange(version: KeyValue | null): ItemFault | null {
    const { store } = this.state;
    if (version === null) return MALFORMED;
    if (version.modRevision === store.revision + 2) store.commit();
    if (version.modRevision !== store.revision + 1) return OUT_OF_ORDER;
    if (!this.#follows(version, store.get(version.key))) return MALFORMED;
    store.load(version);
    return null;
  }

  /** Whether a version can come after another one, or after one that is forgotten. */
  #follows(version: KeyValue, prev: KeyValue | undefined): boolean {
    const { modRevision, createRevision } = version;
    if (modRevision === this.#header.compactRevision) return prev === undefined;
    if (prev?.modRevision === modRevision) return false;
    if (isTombstone(version)) return prev !== undefined;
    const created = prev?.createRevision ?? modRevision;
    return createRevision === created && version.version === (prev?.version ?? 0) + 1;
  }

  #takeClient(client: Client | null): ItemFault | null {
    if (client === null || client.lastAt > this.#header.clock) return MALFORMED;
    if (!this.#ascends('clients', client.name)) return OUT_OF_ORDER;
    this.state.sessions.loadClient(client);
    return null;
  }

  #takeRequest(head: RequestHead | null): ItemFault | null {
    if (head === null || head.at > this.#header.clock) return MALFORMED;
    const id = parseSlot(head.slot);
    if (id?.type === 'counted') {
      const client = this.state.sessions.client(id.client);
      if (client === undefined || id.number <= client.floor) return MALFORMED;
    }
    if (!this.#ascends('requests', head.slot)) return OUT_OF_ORDER;
    return this.#remember({ head, pairs: [] });
  }

  #takePair(request: PartialRequest, pair: KeyValue | null): ItemFault | null {
    if (pair === null || isTombstone(pair)) return MALFORMED;
    request.pairs.push(pair);
    return this.#remember(request);
  }

  /** Remembers a request whose answer is complete; waits for the rest of another. */
  #remember(request: PartialRequest): ItemFault | null {
    const { head, pairs } = request;
    this.#request = pairs.length < head.pairs ? request : null;
    if (this.#request !== null) return null;
    const result = decodeAnswer(head.answer, pairs);
    if (result === null) return MALFORMED;
    const { slot, digest, at } = head;
    this.state.sessions.loadRequest({ slot, digest, at, result });
    return null;
  }

  #ascends(type: Exclude<ItemsType, 'log'>, key: string): boolean {
    const tally = this.#tallies[type];
    if (tally.last !== null && key <= tally.last) return false;
    tally.last = key;
    return true;
  }
}
