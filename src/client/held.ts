/**
 * BEING FIRST IN A QUEUE
 *
 * Locks and elections are one thing: keys under a name, each with a lease of its own, and whose key
 * was created first holds it. The fencing token is that revision; it grows from holder to holder.
 */

import type { HeldAnswer } from '../wire/locks.ts';
import { json } from './answer.ts';
import { keyBytes } from './bytes.ts';
import type { Caller } from './caller.ts';
import { pause } from './clock.ts';
import { link } from './abort.ts';
import { AbcdError, abortedError, isAbcdError } from './errors.ts';
import { type Lease, Leases } from './lease.ts';
import { Watch } from './watch.ts';

export interface QueueOptions {
  /** How long it outlives a holder that is gone, seconds; 15 when not given. */
  readonly ttl?: number;
  /** How long to wait for it, ms; 0 tries once; for ever when not given. */
  readonly waitMs?: number;
  /** Ends the wait. */
  readonly signal?: AbortSignal;
}

/** The most that a node waits at a time, unless it was set up to wait less. */
const LONGEST_WAIT_MS = 3_600_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

/** What is held, for as long as it is. */
export class Held implements AsyncDisposable {
  /** The key that stands for the holder. */
  readonly key: Uint8Array;
  /** Grows from holder to holder: what is guarded can refuse whoever has an older one. */
  readonly fencingToken: number;
  readonly lease: Lease;
  readonly #losing = new AbortController();
  readonly #watch: Watch;

  constructor(caller: Caller, answer: HeldAnswer, lease: Lease) {
    this.key = keyBytes(answer);
    this.fencingToken = answer.fencingToken;
    this.lease = lease;
    const lose = () => this.#lose(lease.signal.reason);
    lease.signal.addEventListener('abort', lose, { once: true });
    if (lease.signal.aborted) lose();
    const from = answer.fencingToken + 1;
    this.#watch = new Watch(caller, { key: this.key }, { from, signal: this.signal });
    void this.#guard();
  }

  /**
   * Fires when it is lost: the lease can no longer be relied on, or somebody deleted the key. The
   * reason is an AbcdError.
   */
  get signal(): AbortSignal {
    return this.#losing.signal;
  }

  /** Gives it up: the next in the queue has it once this resolves. */
  async release(): Promise<void> {
    await this.lease.revoke();
  }

  /** Gives it up; if no node can be reached, that happens by itself when the lease ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release().catch(() => undefined);
  }

  /** Sees whether the key is deleted while the lease lives. */
  async #guard(): Promise<void> {
    try {
      for await (const item of this.#watch) {
        if (item.type === 'change') {
          if (item.events.some((event) => event.type === 'delete')) return this.#loseKey();
        } else if (!(await this.#isAmong(item.kvs))) return this.#loseKey();
      }
    } catch {
      // Whoever may not watch still has the lease to go by.
    }
  }

  async #isAmong(pairs: AsyncIterable<{ readonly createRevision: number }>): Promise<boolean> {
    for await (const pair of pairs) if (pair.createRevision === this.fencingToken) return true;
    return false;
  }

  #loseKey(): void {
    this.#lose(new AbcdError('lock-lost', 'The key was deleted', { applied: 'no' }));
  }

  #lose(reason: unknown): void {
    this.#losing.abort(reason);
  }
}

/** The request that queues up, given the lease and how long the node shall wait. */
export type QueueRequest = (
  lease: string,
  wait: string,
) => {
  readonly path: string;
  readonly body: object;
};

/**
 * Queues up and waits. A place in the queue is its lease's: whatever breaks on the way, the request
 * is made again with the same lease, and so comes back to its place.
 *
 * @throws AbcdError `locked` when the wait is over
 */
export async function queueUp(
  caller: Caller,
  options: QueueOptions,
  request: QueueRequest,
): Promise<Held> {
  const { clock } = caller.settings;
  const { ttl = 15, waitMs = Number.POSITIVE_INFINITY, signal } = options;
  const deadline = clock.now() + waitMs;
  const leases = new Leases(caller);
  const call = signal === undefined ? {} : { signal };
  let longestMs = LONGEST_WAIT_MS;
  let lease = await leases.grant(ttl, call);
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      const leftMs = Math.max(0, Math.min(longestMs, deadline - clock.now()));
      const answer = await waitInLine(caller, lease, Math.floor(leftMs), signal, request);
      return new Held(caller, answer, lease);
    } catch (error) {
      const allowedMs = allowedWaitIn(error);
      if (allowedMs !== null && allowedMs < longestMs) {
        longestMs = allowedMs;
        continue;
      }
      const isOver = clock.now() + pauseMs >= deadline || signal?.aborted === true;
      if (isOver || !mayFareBetter(error)) {
        leave(lease);
        throw signal?.aborted === true ? abortedError(signal.reason, 'no') : error;
      }
      await pause(clock, pauseMs, signal ?? caller.closing).catch(() => undefined);
      if (!lease.signal.aborted && !isAbcdError(error, 'lease-lost', 'lease-not-found')) continue;
      leave(lease);
      lease = await leases.grant(ttl, call);
    }
  }
}

/** It need not be waited for: if it fails, the lease ends by itself, and its place with it. */
function leave(lease: Lease): void {
  void lease.revoke().catch(() => undefined);
}

async function waitInLine(
  caller: Caller,
  lease: Lease,
  waitMs: number,
  signal: AbortSignal | undefined,
  request: QueueRequest,
): Promise<HeldAnswer> {
  const { path, body } = request(lease.id, `${waitMs}ms`);
  const headers = { 'content-type': 'application/json' };
  const post = { method: 'POST', path, headers, body: JSON.stringify(body), waitMs } as const;
  const { signal: giveUp, unlink } = link([lease.signal, signal]);
  try {
    // When it is made again, there is less time left to wait.
    const once = { ...post, repeatable: true, atMostOnce: true };
    return await caller.call(once, { signal: giveUp }, json<HeldAnswer>);
  } finally {
    unlink();
  }
}

/** The most that the nodes wait, when that is why one refused. */
function allowedWaitIn(error: unknown): number | null {
  const isLimit = isAbcdError(error, 'bad-request') && error.fields['limitName'] === 'lock-wait';
  return isLimit ? error.number('limit') : null;
}

/** Whether it is the attempt that failed, and not the wish. */
function mayFareBetter(error: unknown): boolean {
  if (isAbcdError(error, 'locked', 'lease-lost', 'lease-not-found', 'lease-ended')) return true;
  return isAbcdError(error) && error.applied === 'unknown' && error.code !== 'bad-answer';
}
