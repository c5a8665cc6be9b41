/**
 * THE STORE
 *
 * Pairs of byte strings in byte order, and their history (versions.ts). The empty store has
 * revision 1; each command that changes something raises the revision by one, however many keys it
 * changes, and stamps it on them (etcd's main revision). A delete of nothing changes nothing.
 *
 * Writes happen at once, and reads see them; `commit` ends the revision that they belong to.
 */

import { assert } from '../lib/assert.ts';
import { type ByteString, EMPTY_BYTES } from '../lib/bytes.ts';
import { Collector } from './collector.ts';
import type { KeyRange, KeyValue, LeaseId } from './command.ts';
import type { KvChange, KvEvent } from './event.ts';
import { type Hash64, Hasher, HashSum } from './hash.ts';
import { Ledger } from './ledger.ts';
import { boundsOf, isSingleKey, type RevisionFault, revisionFault } from './range-query.ts';
import { SortedMap } from './sorted-map.ts';
import { SortedSet } from './sorted-set.ts';
import { StoreReader } from './store-reader.ts';
import {
  costOfVersion,
  emptyPast,
  hashOfVersion,
  isTombstone,
  type LogRecord,
  tombstoneOf,
} from './versions.ts';

/** The revision of a store nothing was ever written to. */
export const FIRST_REVISION = 1;

/** A put that happened: the pair now, and before. */
export interface PutOutcome {
  readonly pair: KeyValue;
  readonly prev: KeyValue | undefined;
}

export class Store extends StoreReader {
  /** Pairs of the present that are attached to a lease. */
  readonly #attached = new SortedSet<KeyValue, Attachment>(compareAttachments);
  /** Always the sum over `present`. */
  readonly #sum = new HashSum();
  readonly #ledger: Ledger;
  readonly #collector: Collector;
  #presentBytes = 0;
  #events: KvEvent[] = [];

  private constructor(revision: number, compactRevision: number) {
    const present = new SortedMap<ByteString, KeyValue>();
    const log = new SortedMap<number, LogRecord>();
    super({ present, past: emptyPast(), log, revision, open: [], compactRevision });
    const from = Math.max(compactRevision, FIRST_REVISION);
    this.#ledger = new Ledger(from);
    this.#collector = new Collector(from);
  }

  static empty(): Store {
    return new Store(FIRST_REVISION, 0);
  }

  /**
   * A store to be filled from a snapshot: with `loadBase`, then with `load` and `commit` for each
   * revision from the compact revision on.
   */
  static before(compactRevision: number): Store {
    return new Store(Math.max(compactRevision - 1, FIRST_REVISION), compactRevision);
  }

  /** The store's revision if the command ended here. */
  get nextRevision(): number {
    return this.revision + (this.#events.length > 0 ? 1 : 0);
  }

  /** Bytes of memory that the present takes, roughly. */
  get presentBytes(): number {
    return this.#presentBytes;
  }

  /** Bytes of memory that the history takes, roughly: of what is not forgotten. */
  get historyBytes(): number {
    return this.#ledger.bytes;
  }

  /** Of all pairs and versions that are not forgotten, and the revisions. O(1). */
  hash(): Hash64 {
    assert(this.#events.length === 0, 'hash of a revision under way');
    return new Hasher()
      .number(this.revision)
      .number(this.compactRevision)
      .hash(this.#sum.value())
      .hash(this.#ledger.hash())
      .finish();
  }

  put(key: ByteString, value: ByteString, lease: LeaseId | null = null): PutOutcome {
    const prev = this.versions.present.get(key);
    const revision = this.revision + 1;
    const pair: KeyValue = {
      key,
      value,
      createRevision: prev?.createRevision ?? revision,
      modRevision: revision,
      version: (prev?.version ?? 0) + 1,
      lease,
    };
    this.load(pair);
    return { pair, prev };
  }

  /** Deletes what is in the range; the pairs, in byte order. */
  delete(range: KeyRange): KeyValue[] {
    const pairs = this.#takeOut(range);
    for (const pair of pairs) {
      this.#supersede(pair);
      this.#note(tombstoneOf(pair.key, this.revision + 1), pair);
    }
    return pairs;
  }

  /** Writes a version as it is: a change of the revision under way, of a snapshot's log. */
  load(version: KeyValue): void {
    const { key } = version;
    const prev = this.versions.present.get(key);
    if (prev !== undefined) this.#supersede(prev);
    if (isTombstone(version)) this.versions.present.delete(key);
    else this.loadBase(version);
    this.#note(version, prev);
  }

  /** Adds a pair of a snapshot that is older than its log, as it is; its key must be new. */
  loadBase(pair: KeyValue): void {
    this.versions.present.set(pair.key, pair);
    this.#sum.add(hashOfVersion(pair));
    this.#presentBytes += costOfVersion(pair);
    if (pair.lease !== null) this.#attached.add(pair);
  }

  /** Ends the command: its changes, all of one revision; null when there are none. */
  commit(): KvChange | null {
    const events = this.#events;
    const [first] = events;
    if (first === undefined) return null;
    const revision = this.revision + 1;
    const record = events.length === 1 ? first.kv : this.versions.open;
    this.versions.log.set(revision, record);
    this.#ledger.committed(revision, record);
    this.versions.revision = revision;
    this.versions.open = [];
    this.#events = [];
    return { revision, events };
  }

  /** Takes back what the command has changed, all of it: nothing shows that it was there. */
  rollback(): void {
    for (const { kv, prev } of this.#events.toReversed()) {
      if (isTombstone(kv)) this.versions.past.delete(kv);
      else this.#leave(kv, hashOfVersion(kv), costOfVersion(kv));
      if (prev === null) this.versions.present.delete(kv.key);
      else this.#bringBack(prev);
    }
    this.versions.open = [];
    this.#events = [];
  }

  /** Forgets what no read at `revision` or later can see. */
  compact(revision: number): RevisionFault | null {
    assert(this.#events.length === 0, 'compaction of a revision under way');
    const { compactRevision } = this;
    if (revision <= compactRevision) return { type: 'compacted', compactRevision };
    const fault = revisionFault(this.versions, revision);
    if (fault !== null) return fault;
    this.#ledger.compact(this.versions, revision);
    this.versions.compactRevision = revision;
    return null;
  }

  /**
   * Takes forgotten versions out of memory, looking at up to `budget` changes; whether something is
   * left to do. It changes nothing that can be observed.
   */
  collect(budget: number): boolean {
    return this.#collector.collect(this.versions, budget);
  }

  /** A revision at which a compaction would leave at most so many bytes of history, if any does. */
  revisionLeaving(bytes: number): number {
    return this.#ledger.revisionLeaving(bytes, this.revision);
  }

  /** The keys attached to a lease, in byte order: at most `limit`, from the key `from` on. */
  keysOf(lease: LeaseId, from = EMPTY_BYTES, limit = Number.POSITIVE_INFINITY): ByteString[] {
    const keys: ByteString[] = [];
    for (const pair of this.#attached.from({ lease, key: from })) {
      if (pair.lease !== lease || keys.length >= limit) break;
      keys.push(pair.key);
    }
    return keys;
  }

  #takeOut(range: KeyRange): KeyValue[] {
    const { present } = this.versions;
    if (!isSingleKey(range)) {
      const { start, end } = boundsOf(range);
      return present.deleteRange(start, end);
    }
    const pair = present.get(range.key);
    if (pair === undefined) return [];
    present.delete(range.key);
    return [pair];
  }

  /** A pair leaves the present for the past. */
  #supersede(pair: KeyValue): void {
    assert(pair.modRevision <= this.revision, () => `two changes of a key at ${pair.modRevision}`);
    const hash = hashOfVersion(pair);
    const cost = costOfVersion(pair);
    this.#leave(pair, hash, cost);
    this.versions.past.add(pair);
    this.#ledger.superseded(hash, cost);
  }

  /** The other way round. */
  #bringBack(pair: KeyValue): void {
    this.versions.past.delete(pair);
    this.#ledger.broughtBack(hashOfVersion(pair), costOfVersion(pair));
    this.loadBase(pair);
  }

  /** A pair counts no longer as one of the present. */
  #leave(pair: KeyValue, hash: Hash64, cost: number): void {
    this.#sum.remove(hash);
    this.#presentBytes -= cost;
    if (pair.lease !== null) this.#attached.delete(pair);
  }

  #note(version: KeyValue, prev: KeyValue | undefined): void {
    if (isTombstone(version)) this.versions.past.add(version);
    this.#events.push({
      type: isTombstone(version) ? 'delete' : 'put',
      kv: version,
      prev: prev ?? null,
    });
    this.versions.open.push(version);
  }
}

/** What orders the pairs of leases. */
type Attachment = Pick<KeyValue, 'lease' | 'key'>;

function compareAttachments(a: Attachment, b: Attachment): number {
  if (a.lease === b.lease) return compareText(a.key, b.key);
  return compareText(a.lease ?? '', b.lease ?? '');
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
