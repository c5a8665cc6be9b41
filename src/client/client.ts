/**
 * THE CLIENT
 *
 * For programs that use a cluster, in Bun, in Node from 18 on, and in browsers. It needs nothing
 * but `fetch`.
 *
 *     const client = createClient({ endpoints: ['http://10.0.0.1:8080', 'http://10.0.0.2:8080'] });
 *     await client.put('greeting', 'hello', { ttl: 60 });
 *     const pair = await client.get('greeting');
 *
 * Requests go to another node when one fails, and writes are carried out exactly once however often
 * they are sent. What fails for good is an AbcdError, whose `applied` says what is known of the
 * effect.
 */

import type { CompactAnswer, HistoryAnswer } from '../wire/history.ts';
import type { DeleteAnswer, Pair, PutAnswer } from '../wire/kv.ts';
import type { LockStateAnswer } from '../wire/locks.ts';
import type { TxnAnswer } from '../wire/txn.ts';
import { json } from './answer.ts';
import { type Bytes, valueText } from './bytes.ts';
import { Caller } from './caller.ts';
import { backup, Cluster, Node } from './cluster.ts';
import { Election } from './election.ts';
import { isAbcdError } from './errors.ts';
import {
  deletePair,
  type DeleteOptions,
  getBytes,
  getPair,
  putPair,
  type PutOptions,
  type ReadOptions,
  waitFor,
  type WaitOptions,
} from './keys.ts';
import { Leases } from './lease.ts';
import { acquireLock, type Lock, type LockOptions, readLock, withLock } from './lock.ts';
import { type CallOptions, type ClientOptions, settingsOf } from './options.ts';
import { postJson } from './post-json.ts';
import { keyPath, type KeyOrRange, query, type Range } from './range.ts';
import {
  allPairs,
  count,
  deleteRange,
  type KeyPage,
  listKeys,
  type ListOptions,
  listPairs,
  type PairPage,
} from './ranges.ts';
import { carryOutTxn, type Txn } from './txn.ts';
import { Watch, type WatchOptions } from './watch.ts';

export { keyBytes, valueBytes, valueText } from './bytes.ts';
export { AbcdError, isAbcdError } from './errors.ts';
export { op, when } from './txn.ts';
export type { Bytes } from './bytes.ts';
export type { ClientOptions } from './options.ts';

/** A client of the cluster that has these nodes. @throws AbcdError for options that are no good */
export function createClient(options: ClientOptions): AbcdClient {
  return new AbcdClient(options);
}

export class AbcdClient {
  readonly #caller: Caller;
  readonly leases: Leases;
  readonly cluster: Cluster;

  constructor(options: ClientOptions) {
    this.#caller = new Caller(settingsOf(options));
    this.leases = new Leases(this.#caller);
    this.cluster = new Cluster(this.#caller);
  }

  /** The pair of a key; null when there is none. */
  get(key: Bytes, options: ReadOptions = {}): Promise<Pair | null> {
    return getPair(this.#caller, key, options);
  }

  /** The value of a key as text. @throws AbcdError `not-text` when it is not UTF-8 */
  async getText(key: Bytes, options: ReadOptions = {}): Promise<string | null> {
    const pair = await this.get(key, options);
    return pair === null ? null : valueText(pair);
  }

  /** The value of a key as bytes. */
  getBytes(key: Bytes, options: ReadOptions = {}): Promise<Uint8Array | null> {
    return getBytes(this.#caller, key, options);
  }

  /**
   * Gives a key a value.
   *
   * @throws AbcdError `precondition-failed`, with the key's `modRevision` (0 when it is absent)
   */
  put(key: Bytes, value: Bytes, options: PutOptions = {}): Promise<PutAnswer> {
    return putPair(this.#caller, key, value, options);
  }

  /** Deletes a key; that it was not there is no error. @throws AbcdError `precondition-failed` */
  delete(key: Bytes, options: DeleteOptions = {}): Promise<DeleteAnswer> {
    return deletePair(this.#caller, key, options);
  }

  /** Deletes every key of a range, in one revision. */
  deleteRange(range: Range, options: CallOptions = {}): Promise<DeleteAnswer> {
    return deleteRange(this.#caller, range, options);
  }

  /**
   * Puts what `change` makes of the present value (null when there is none), and begins again when
   * somebody else was faster. `change` may be called several times, and must have no other effect;
   * the answer is of the one write that counted.
   */
  async update(
    key: Bytes,
    change: (pair: Pair | null) => Bytes | Promise<Bytes>,
    options: CallOptions = {},
  ): Promise<PutAnswer> {
    for (;;) {
      const pair = await this.get(key, options);
      const value = await change(pair);
      try {
        return await this.put(key, value, { ...options, ifRevision: pair?.modRevision ?? 0 });
      } catch (error) {
        if (!isAbcdError(error, 'precondition-failed')) throw error;
      }
    }
  }

  /** A page of pairs. */
  list(range: Range, options: ListOptions = {}): Promise<PairPage> {
    return listPairs(this.#caller, range, options);
  }

  /** A page of keys without values. */
  listKeys(range: Range, options: ListOptions = {}): Promise<KeyPage> {
    return listKeys(this.#caller, range, options);
  }

  /** Every pair of a range, in pages, all as of one revision. */
  all(
    range: Range,
    options: Omit<ListOptions, 'cursor'> = {},
  ): AsyncGenerator<Pair, void, undefined> {
    return allPairs(this.#caller, range, options);
  }

  /** How many keys a range has. */
  async count(range: Range, options: ReadOptions = {}): Promise<number> {
    return (await count(this.#caller, range, options)).count;
  }

  /** The versions of a key that are still kept, newest first. */
  async history(
    key: Bytes,
    options: CallOptions & { readonly limit?: number } = {},
  ): Promise<HistoryAnswer> {
    const path = query(keyPath('/history', key), { limit: options.limit });
    return await this.#caller.call({ method: 'GET', path }, options, json<HistoryAnswer>);
  }

  /** Does several things at once, if what they ask for holds; `when` and `op` make the parts. */
  txn(txn: Txn, options: CallOptions = {}): Promise<TxnAnswer> {
    return carryOutTxn(this.#caller, txn, options);
  }

  /** Forgets history before a revision. */
  compact(revision: number, options: CallOptions = {}): Promise<CompactAnswer> {
    return postJson(this.#caller, '/compact', { revision }, options);
  }

  /** Follows the changes of a key or of several, across broken connections and nodes. */
  watch(target: KeyOrRange, options: WatchOptions = {}): Watch {
    return new Watch(this.#caller, target, options);
  }

  /** Waits until a key changes. Null: it was deleted. @throws AbcdError `timeout` */
  waitFor(key: Bytes, options: WaitOptions = {}): Promise<Pair | null> {
    return waitFor(this.#caller, key, options);
  }

  /** Waits for a lock, in the order of arrival. @throws AbcdError `locked` when the wait is over */
  lock(name: Bytes, options: LockOptions = {}): Promise<Lock> {
    return acquireLock(this.#caller, name, options);
  }

  /** Does something under a lock. @throws AbcdError also when the lock was lost before its end */
  withLock<T>(
    name: Bytes,
    work: (lock: Lock) => Promise<T>,
    options: LockOptions = {},
  ): Promise<T> {
    return withLock(this.#caller, name, work, options);
  }

  /** Who holds a lock, and who waits. */
  readLock(name: Bytes, options: CallOptions = {}): Promise<LockStateAnswer> {
    return readLock(this.#caller, name, options);
  }

  election(name: Bytes): Election {
    return new Election(this.#caller, name);
  }

  /** One node, to be asked for itself. */
  node(url: string): Node {
    return new Node(this.#caller, url);
  }

  /** A snapshot file of the whole store, as it comes. */
  backup(options: CallOptions = {}): Promise<ReadableStream<Uint8Array>> {
    return backup(this.#caller, options);
  }

  /** The nodes that are asked, the given ones first. */
  get endpoints(): readonly string[] {
    return this.#caller.endpoints.urls;
  }

  /** Ends requests and watches that are under way, and lets leases go. */
  close(): void {
    this.#caller.close();
  }
}
