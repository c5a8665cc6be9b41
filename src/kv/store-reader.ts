import { type ByteString, EMPTY_BYTES } from '../lib/bytes.ts';
import type { KeyRange, KeyValue, RangeOptions } from './command.ts';
import { hashSteps } from './hash-at.ts';
import { type OrderOptions, orderedAt } from './ordered.ts';
import { queryRange, type RangePage, type RevisionFault, revisionFault } from './range-query.ts';
import { type Replay, replay } from './replay.ts';
import { type Bounds, countSteps, isPresent, pastKeys, scanAt, visitAt } from './scan.ts';
import { historyOf, type LogRecord, pairAt, type Versions } from './versions.ts';

/** Keys without a pair for the base of a snapshot, before it says so. */
const LONG_STRETCH = 2048;

/** The versions of a store, which alone moves them on. */
export interface MutableVersions extends Versions {
  revision: number;
  open: KeyValue[];
  compactRevision: number;
}

/** What can be read of a store: of one that goes on, or of a copy that stays as it is. */
export class StoreReader {
  protected readonly versions: MutableVersions;

  constructor(versions: MutableVersions) {
    this.versions = versions;
  }

  get revision(): number {
    return this.versions.revision;
  }

  /** Reads below it, and watches from below it, are refused; 0 when nothing was compacted. */
  get compactRevision(): number {
    return this.versions.compactRevision;
  }

  /** How many keys there are. */
  get size(): number {
    return this.versions.present.size;
  }

  /** How many versions are in memory besides the present ones, and how many revisions. */
  get retained(): { readonly past: number; readonly log: number } {
    return { past: this.versions.past.size, log: this.versions.log.size };
  }

  get(key: ByteString): KeyValue | undefined {
    return this.versions.present.get(key);
  }

  /** Why a revision cannot be read at; null when it can. */
  faultOf(revision: number): RevisionFault | null {
    return revisionFault(this.versions, revision);
  }

  /** The pair as of a revision without fault. */
  getAt(key: ByteString, revision: number): KeyValue | undefined {
    return pairAt(this.versions, key, revision);
  }

  /** Pairs with start <= key < end (null: no bound), in byte order, at most `limit`. */
  range(start: ByteString, end: ByteString | null, limit: number, descending = false): KeyValue[] {
    const { present } = this.versions;
    return descending
      ? present.rangeDescending(start, end, limit)
      : present.range(start, end, limit);
  }

  /** How many keys there are with start <= key < end (null: no bound): O(log size). */
  count(start: ByteString, end: ByteString | null): number {
    return this.versions.present.count(start, end);
  }

  /**
   * How many keys with start <= key < end (null: no bound) have a past that is not forgotten, or
   * was not a moment ago; no more than `limit`, for each takes a microsecond.
   */
  countPast(start: ByteString, end: ByteString | null, limit: number): number {
    const keys = pastKeys(this.versions, { start, end });
    let count = 0;
    while (count < limit && keys.next().done !== true) count += 1;
    return count;
  }

  /** A page of a range, with etcd's semantics (range-query.ts). */
  query(range: KeyRange, options: RangeOptions = {}): RangePage | RevisionFault {
    return queryRange(this.versions, range, options);
  }

  /** As `range`, as of a revision without fault, without counting. */
  rangeAt(
    start: ByteString,
    end: ByteString | null,
    revision: number,
    limit: number,
    descending = false,
  ): KeyValue[] {
    if (isPresent(this.versions, revision)) return this.range(start, end, limit, descending);
    const found: KeyValue[] = [];
    if (limit < 1) return found;
    for (const pair of scanAt(this.versions, { start, end }, revision, descending)) {
      found.push(pair);
      if (found.length >= limit) break;
    }
    return found;
  }

  /**
   * The versions of a key up to a revision (all without one) that are not forgotten, newest
   * first; a tombstone has version 0.
   */
  history(key: ByteString, limit: number, upTo?: number): KeyValue[] {
    return historyOf(this.versions, key, limit, upTo);
  }

  /** The changes of keys with start <= key < end (null: no bound) from a revision on: replay.ts. */
  replay(
    start: ByteString,
    end: ByteString | null,
    from: number,
    budget: number,
  ): Replay | RevisionFault {
    return replay(this.versions, { start, end }, from, budget);
  }

  /** The store as it is now, for as long as the copy lives. Free: both copy what they change. */
  clone(): StoreReader {
    const { present, past, log, revision, compactRevision } = this.versions;
    return new StoreReader({
      present: present.clone(),
      past: past.clone(),
      log: log.clone(),
      revision,
      open: [],
      compactRevision,
    });
  }

  /** As `count`, as of a revision without fault, in short steps: of a clone. */
  counting(bounds: Bounds, revision: number): Generator<undefined, number, undefined> {
    return countSteps(this.versions, bounds, revision);
  }

  /** Pairs as of a revision without fault, in any order (ordered.ts), step by step: of a clone. */
  ordered(
    bounds: Bounds,
    revision: number,
    options: OrderOptions,
    after: KeyValue | null,
    wanted: number,
  ): Generator<KeyValue | null, void, undefined> {
    return orderedAt(this.versions, bounds, revision, options, after, wanted);
  }

  /** The hash as of a revision without fault (hash-at.ts), in short steps: of a clone. */
  hashing(revision: number): Generator<undefined, string, undefined> {
    return hashSteps(this.versions, revision);
  }

  /**
   * The pairs that a snapshot begins with: those of the compact revision that are older than it, in
   * byte order. The log has all the rest. Now and then it gives null for a stretch without any, so
   * that no step takes long. The store must not change meanwhile: use a clone.
   */
  *base(): Generator<KeyValue | null, void, undefined> {
    const { compactRevision } = this;
    const everything = { start: EMPTY_BYTES, end: null };
    if (compactRevision === 0) return;
    let passed = 0;
    for (const pair of visitAt(this.versions, everything, compactRevision, false)) {
      passed += 1;
      const isBase = pair !== null && pair.modRevision < compactRevision;
      if (!isBase && passed < LONG_STRETCH) continue;
      passed = 0;
      yield isBase ? pair : null;
    }
  }

  /** What each revision from the compact revision on changed, ascending. As `base`, of a clone. */
  records(): Generator<LogRecord, void, undefined> {
    return this.versions.log.walk(this.compactRevision, null);
  }
}
