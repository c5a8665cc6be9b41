/**
 * THE STORE
 *
 * Pairs of byte strings in byte order, as of now. The empty store has revision 1; each writing
 * command that changes something raises the revision by one, however many keys it changes, and
 * stamps it on them (etcd's main revision). A delete of nothing changes nothing.
 *
 * Only the newest version of each key is kept. History will stand beside this map in a structure of
 * its own, ordered by key and revision, fed by the same two writing methods; this map then still
 * answers reads of the present, and counts, without looking at history.
 */

import type { ByteString } from '../lib/bytes.ts';
import type { KeyValue } from './command.ts';
import type { KvListener } from './event.ts';
import { type Hash64, Hasher, HashSum } from './hash.ts';
import { SortedMap } from './sorted-map.ts';

/** The revision of a store nothing was ever written to. */
export const FIRST_REVISION = 1;

/** A put that happened: the pair now, and before. */
export interface PutOutcome {
  readonly pair: KeyValue;
  readonly prev: KeyValue | undefined;
}

export class Store {
  readonly #pairs: SortedMap<ByteString, KeyValue>;
  /** Always the sum over `#pairs`. */
  readonly #sum: HashSum;
  #revision: number;

  private constructor(pairs: SortedMap<ByteString, KeyValue>, sum: HashSum, revision: number) {
    this.#pairs = pairs;
    this.#sum = sum;
    this.#revision = revision;
  }

  /** A store without pairs at a revision. */
  static at(revision: number): Store {
    return new Store(new SortedMap(), new HashSum(), revision);
  }

  /** Adds a pair of a snapshot as it is; its key must be new. */
  load(pair: KeyValue): void {
    this.#pairs.set(pair.key, pair);
    this.#sum.add(hashOfPair(pair));
  }

  get revision(): number {
    return this.#revision;
  }

  get size(): number {
    return this.#pairs.size;
  }

  get(key: ByteString): KeyValue | undefined {
    return this.#pairs.get(key);
  }

  /** Pairs with start <= key < end (null: no bound), in byte order, at most `limit`. */
  range(start: ByteString, end: ByteString | null, limit: number, descending = false): KeyValue[] {
    return descending
      ? this.#pairs.rangeDescending(start, end, limit)
      : this.#pairs.range(start, end, limit);
  }

  /** How many keys there are with start <= key < end (null: no bound): O(log size). */
  count(start: ByteString, end: ByteString | null): number {
    return this.#pairs.count(start, end);
  }

  /** Of every pair and the revision. O(1): it is kept up to date on each write. */
  hash(): Hash64 {
    return new Hasher().number(this.#revision).hash(this.#sum.value()).finish();
  }

  put(key: ByteString, value: ByteString, listener: KvListener | null): PutOutcome {
    const prev = this.#pairs.get(key);
    this.#revision += 1;
    const pair: KeyValue = {
      key,
      value,
      createRevision: prev?.createRevision ?? this.#revision,
      modRevision: this.#revision,
      version: (prev?.version ?? 0) + 1,
    };
    if (prev !== undefined) this.#sum.remove(hashOfPair(prev));
    this.load(pair);
    listener?.({ type: 'put', key, revision: this.#revision });
    return { pair, prev };
  }

  /** Deletes one key; the pair that was there, or none. */
  delete(key: ByteString, listener: KvListener | null): KeyValue[] {
    const pair = this.#pairs.get(key);
    if (pair === undefined) return [];
    this.#pairs.delete(key);
    return this.#deleted([pair], listener);
  }

  /** Deletes every key with start <= key < end (null: no bound); the pairs, in byte order. */
  deleteRange(start: ByteString, end: ByteString | null, listener: KvListener | null): KeyValue[] {
    return this.#deleted(this.#pairs.deleteRange(start, end), listener);
  }

  /** The store as it is now, for as long as the copy lives. Free: both copy what they change. */
  clone(): Store {
    return new Store(this.#pairs.clone(), new HashSum(this.#sum.value()), this.#revision);
  }

  /** Every pair in byte order. The store must not change meanwhile: iterate over a clone. */
  pairs(): IterableIterator<KeyValue> {
    return this.#pairs.values();
  }

  #deleted(pairs: KeyValue[], listener: KvListener | null): KeyValue[] {
    if (pairs.length === 0) return pairs;
    this.#revision += 1;
    for (const pair of pairs) {
      this.#sum.remove(hashOfPair(pair));
      listener?.({ type: 'delete', key: pair.key, revision: this.#revision });
    }
    return pairs;
  }
}

function hashOfPair(pair: KeyValue): Hash64 {
  return hashPair(new Hasher(), pair).finish();
}

/** Adds all of a pair. */
export function hashPair(hasher: Hasher, pair: KeyValue): Hasher {
  return hasher
    .text(pair.key)
    .text(pair.value)
    .number(pair.createRevision)
    .number(pair.modRevision)
    .number(pair.version);
}
