import type { KeyValue } from './command.ts';
import type { Client, Remembered } from './remembered.ts';
import { parseSlot } from './request-id.ts';
import { type SessionLimits, Sessions } from './session.ts';
import { ITEMS_TYPES, type ItemsType, SNAPSHOT_VERSION, type SnapshotHeader } from './snapshot.ts';
import { decodeClient, decodePair, decodeRequest, isCount } from './snapshot-items.ts';
import { hashOfState } from './state-hash.ts';
import { Store } from './store.ts';

/** The lines are not what `snapshotLines` wrote. Nothing was changed by them. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';

  constructor(line: number, fault: string) {
    super(`snapshot line ${line}: ${fault}`);
  }
}

/** The state that a snapshot holds. */
export interface RestoredState {
  readonly appliedIndex: number;
  readonly store: Store;
  readonly sessions: Sessions;
}

/** What was read of one kind of items. */
interface Tally {
  count: number;
  /** The key of the last one: they ascend. */
  last: string | null;
}

/** The fields of a line as they may come: anything. */
interface UnknownLine extends Partial<Record<keyof SnapshotHeader | 'items' | 'hash', unknown>> {}

/**
 * Reads the lines of a snapshot (snapshot.ts) into a state of its own, one by one, trusting
 * nothing. Every fault is a SnapshotError that names the line.
 */
export class SnapshotReader {
  readonly #limits: SessionLimits;
  readonly #tallies: Readonly<Record<ItemsType, Tally>> = {
    pairs: { count: 0, last: null },
    clients: { count: 0, last: null },
    requests: { count: 0, last: null },
  };
  #header: SnapshotHeader | null = null;
  #store = Store.at(0);
  #sessions: Sessions;
  /** Where in `ITEMS_TYPES` the last line of items was. */
  #stage = 0;
  #lines = 0;
  /** As the last line says. */
  #hash: string | null = null;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
    this.#sessions = Sessions.at(0, limits);
  }

  /** Takes the next line, without its newline. */
  line(text: string): void {
    this.#lines += 1;
    const line = this.#parse(text);
    if (this.#hash !== null) throw this.#fault('a line after the end');
    if (this.#header === null) this.#begin(line);
    else if (line.type === 'end') this.#end(line, this.#header);
    else this.#items(line, this.#header);
  }

  /** The whole state, after the last line; its hash is what the snapshot said. */
  finish(): RestoredState {
    if (this.#header === null || this.#hash === null) throw this.#fault('the end is missing');
    const hash = hashOfState(this.#store, this.#sessions);
    if (hash !== this.#hash) throw this.#fault(`the state hashes to ${hash}, not ${this.#hash}`);
    const { appliedIndex } = this.#header;
    return { appliedIndex, store: this.#store, sessions: this.#sessions };
  }

  #parse(text: string): UnknownLine {
    let line: unknown;
    try {
      line = JSON.parse(text);
    } catch {
      throw this.#fault('not JSON');
    }
    if (typeof line !== 'object' || line === null) throw this.#fault('not an object');
    return line;
  }

  #begin(line: UnknownLine): void {
    const { type, v, appliedIndex, revision, clock, pairs, clients, requests } = line;
    if (type !== 'state') throw this.#fault('not the first line of a snapshot');
    if (v !== SNAPSHOT_VERSION) throw this.#fault(`unknown version ${JSON.stringify(v)}`);
    const isWhole =
      isCount(appliedIndex) &&
      isCount(revision) &&
      isCount(clock) &&
      isCount(pairs) &&
      isCount(clients) &&
      isCount(requests);
    if (!isWhole || revision < 1) throw this.#fault('malformed numbers');
    this.#header = { type, v, appliedIndex, revision, clock, pairs, clients, requests };
    this.#store = Store.at(revision);
    this.#sessions = Sessions.at(clock, this.#limits);
  }

  #items(line: UnknownLine, header: SnapshotHeader): void {
    const stage = ITEMS_TYPES.findIndex((type) => type === line.type);
    const type = ITEMS_TYPES[stage];
    if (type === undefined) throw this.#fault('unknown type');
    if (stage < this.#stage) throw this.#fault(`${type} after ${ITEMS_TYPES[this.#stage]}`);
    if (!Array.isArray(line.items)) throw this.#fault('items are missing');
    this.#stage = stage;
    for (const item of line.items as readonly unknown[]) {
      const key = this.#load(type, item, header);
      if (key === null) throw this.#fault(`malformed item of ${type}`);
      const tally = this.#tallies[type];
      if (tally.last !== null && key <= tally.last) throw this.#fault(`${type} out of order`);
      tally.last = key;
      tally.count += 1;
    }
  }

  /** The item's key, or null when it is malformed or does not fit what was read before. */
  #load(type: ItemsType, item: unknown, header: SnapshotHeader): string | null {
    switch (type) {
      case 'pairs':
        return this.#loadPair(decodePair(item), header);
      case 'clients':
        return this.#loadClient(decodeClient(item), header);
      case 'requests':
        return this.#loadRequest(decodeRequest(item), header);
    }
  }

  #loadPair(pair: KeyValue | null, header: SnapshotHeader): string | null {
    if (pair === null || pair.modRevision > header.revision) return null;
    this.#store.load(pair);
    return pair.key;
  }

  #loadClient(client: Client | null, header: SnapshotHeader): string | null {
    if (client === null || client.lastAt > header.clock) return null;
    this.#sessions.loadClient(client);
    return client.name;
  }

  #loadRequest(request: Remembered | null, header: SnapshotHeader): string | null {
    if (request === null || request.at > header.clock) return null;
    const id = parseSlot(request.slot);
    if (id?.type === 'counted') {
      const client = this.#sessions.client(id.client);
      if (client === undefined || id.number <= client.floor) return null;
    }
    this.#sessions.loadRequest(request);
    return request.slot;
  }

  #end(line: UnknownLine, header: SnapshotHeader): void {
    for (const type of ITEMS_TYPES) {
      const { count } = this.#tallies[type];
      if (count !== header[type]) {
        throw this.#fault(`${count} ${type} where ${header[type]} were announced`);
      }
    }
    if (typeof line.hash !== 'string') throw this.#fault('the hash is missing');
    this.#hash = line.hash;
  }

  #fault(fault: string): SnapshotError {
    return new SnapshotError(this.#lines, fault);
  }
}
