/**
 * WATCHES THAT LAST
 *
 * A watch gives every change of its keys from a revision on, in order, once each. Connections
 * break, nodes stop and readers are slow: the watch then goes on at any node from the revision
 * after the last one it gave. When that revision is forgotten meanwhile, nobody knows the changes
 * in between any more; the watch says so with a `resync`, which has all that is there now, and
 * goes on from the revision after it.
 *
 *     for await (const item of client.watch({ prefix: 'config/' })) {
 *       if (item.type === 'change') for (const event of item.events) apply(event);
 *       else replaceAllBy(item.kvs);
 *     }
 */

import type { Pair } from '../wire/kv.ts';
import { onAbort } from './abort.ts';
import { json } from './answer.ts';
import { type Bytes, toBytes } from './bytes.ts';
import type { Caller } from './caller.ts';
import { pause } from './clock.ts';
import { AbcdError, isAbcdError } from './errors.ts';
import type { CallOptions } from './options.ts';
import type { KeyOrRange, Range } from './range.ts';
import { listPairs, type PairPage } from './ranges.ts';
import { type Change, WatchConnection, type WatchSpec } from './watch-connection.ts';

/** The changes since the last item are not known any more: this is what there is instead. */
export interface Resync {
  readonly type: 'resync';
  /** As of which revision; the changes that follow are later ones. */
  readonly revision: number;
  /**
   * Every pair that is there: whatever is not among them is gone. To be read before the next item
   * is asked for. If reading fails in the middle, the next item is a resync again.
   */
  readonly kvs: AsyncIterable<Pair>;
}

export type WatchItem = Change | Resync;

export interface WatchOptions {
  /** The first revision to see; when not given, whatever comes after the call. */
  readonly from?: number;
  /** Events show the pair before them, too. */
  readonly prev?: boolean;
  /** Only puts, or only deletions. */
  readonly filter?: 'put' | 'delete';
  /** What to do when changes are forgotten that were not seen: `resync` unless given. */
  readonly onCompacted?: 'resync' | 'fail';
  /** Ends the watch; the iteration then ends like any other. */
  readonly signal?: AbortSignal;
  /** How long no node may be reachable before the watch fails, ms; for ever when not given. */
  readonly patienceMs?: number;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5000;

export class Watch implements AsyncIterable<WatchItem> {
  /** The first revision that will be seen, once it is known. Fails when no node can be reached. */
  readonly opened: Promise<number>;
  readonly #caller: Caller;
  readonly #spec: WatchSpec;
  readonly #options: WatchOptions;
  readonly #ending = new AbortController();
  #connection: WatchConnection | null = null;
  /** The revision to go on from. */
  #next = 0;
  /** A resync was begun and could not be read to its end. */
  #mustResync = false;
  readonly #stopListening: (() => void)[] = [];

  constructor(caller: Caller, target: KeyOrRange, options: WatchOptions) {
    this.#caller = caller;
    this.#options = options;
    this.#spec = { target, prev: options.prev ?? false, filter: options.filter };
    for (const signal of [options.signal, caller.closing]) {
      if (signal === undefined) continue;
      if (signal.aborted) this.close();
      else this.#stopListening.push(onAbort(signal, () => this.close()));
    }
    this.opened = this.#begin(options.from ?? 0);
    // Whoever iterates hears of it there.
    this.opened.catch(() => undefined);
  }

  /** Everything before this revision was given. */
  get next(): number {
    return this.#next;
  }

  /** Ends the watch. */
  close(): void {
    this.#ending.abort(new AbcdError('aborted', 'The watch was closed', { applied: 'no' }));
    for (const stop of this.#stopListening.splice(0)) stop();
    void this.#connection?.close();
  }

  /** The items, for one reader. Leaving the loop ends the watch. @throws AbcdError */
  async *[Symbol.asyncIterator](): AsyncGenerator<WatchItem, void, undefined> {
    try {
      await this.opened;
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
        const before = this.#next;
        const isCompacted = this.#mustResync || (yield* this.#follow());
        if (isCompacted) yield await this.#resync();
        else if (this.#next === before) await this.#pause(pauseMs);
        if (this.#next !== before) pauseMs = FIRST_PAUSE_MS / 2;
      }
    } catch (error) {
      if (!this.#ending.signal.aborted) throw error;
    } finally {
      this.close();
    }
  }

  async #begin(from: number): Promise<number> {
    this.#next = from > 0 ? from : (await this.#newestRevision()) + 1;
    return this.#next;
  }

  /** A range without keys is read from the newest state, and costs nothing. */
  async #newestRevision(): Promise<number> {
    const request = { method: 'GET', path: '/kv?start=%00&end=%00&countOnly' } as const;
    const options = { signal: this.#ending.signal };
    return (await this.#caller.call(request, options, json<PairPage>)).revision;
  }

  /** Gives the changes of one connection; whether it ended because some are forgotten. */
  async *#follow(): AsyncGenerator<Change, boolean, undefined> {
    const connection = await this.#open();
    if (connection === 'compacted') return true;
    this.#connection = connection;
    try {
      for (;;) {
        const message = await connection.next();
        if (this.#ending.signal.aborted || message.type === 'over') return false;
        if (message.type === 'compacted') return true;
        // What was given is not given again, whatever a node says.
        if (message.revision < this.#next) continue;
        this.#next = message.revision + 1;
        if (message.type === 'change') yield message;
      }
    } finally {
      this.#connection = null;
      await connection.close();
    }
  }

  async #open(): Promise<WatchConnection | 'compacted'> {
    try {
      return await WatchConnection.open(this.#caller, this.#spec, this.#next, this.#patience());
    } catch (error) {
      if (!isAbcdError(error, 'compacted') || this.#options.onCompacted === 'fail') throw error;
      return 'compacted';
    }
  }

  async #resync(): Promise<Resync> {
    if (this.#options.onCompacted === 'fail') throw compactedError(this.#next);
    const range = rangeOf(this.#spec.target);
    const first = await listPairs(this.#caller, range, this.#patience());
    this.#mustResync = false;
    this.#next = first.revision + 1;
    return { type: 'resync', revision: first.revision, kvs: this.#pages(range, first) };
  }

  async *#pages(range: Range, first: PairPage): AsyncGenerator<Pair, void, undefined> {
    try {
      for (let page = first; ; ) {
        yield* page.kvs;
        if (page.next === null) return;
        page = await listPairs(this.#caller, range, { ...this.#patience(), cursor: page.next });
      }
    } catch (error) {
      this.#mustResync = true;
      throw error;
    }
  }

  #patience(): CallOptions {
    const timeoutMs = this.#options.patienceMs ?? Number.POSITIVE_INFINITY;
    return { timeoutMs, signal: this.#ending.signal };
  }

  async #pause(ms: number): Promise<void> {
    await pause(this.#caller.settings.clock, ms, this.#ending.signal);
  }
}

function compactedError(next: number): AbcdError {
  const detail = `The changes from revision ${next} on are forgotten`;
  return new AbcdError('compacted', detail, { status: 410, applied: 'no' });
}

/** One key as a range: up to the key with a zero byte behind it, the first one after it. */
function rangeOf(target: KeyOrRange): Range {
  if (!('key' in target)) return target;
  return { start: target.key, end: followedByZero(target.key) };
}

function followedByZero(key: Bytes): Bytes {
  if (typeof key === 'string') return `${key}\0`;
  const bytes = toBytes(key);
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  return longer;
}
