/**
 * CONTENDERS FOR A LOCK: each waits for it through some node, holds it for a while if it gets it,
 * and renews its lease meanwhile or does not; then it gives it back, or just goes. Some go while
 * they still wait.
 */
import { type ByteString, bytesOfText } from '../lib/bytes.ts';
import type { Prng } from '../lib/prng.ts';
import type { RequestContext } from '../node/api.ts';
import { LockQueue } from '../node/locks/lock-queue.ts';
import type { Acquired } from '../node/locks/waiter.ts';
import type { Node } from '../node/node.ts';
import type { LeaseEnds } from './checkers/lease-ends.ts';
import { type LockCheck, PROTECTED_KEY } from './checkers/lock-check.ts';
import { MachineClock } from './sim-clock.ts';
import { isExpected, type SimCluster } from './sim-cluster.ts';
import type { SimNode } from './sim-node.ts';
import { Tasks } from './tasks.ts';
import type { World } from './world.ts';

/** Its keys come before all others: clients who delete all from a key on do not meet it. */
export const LOCK_NAME = bytesOfText('a-lock');

const CONTENDERS = 2;
const TTLS = [1, 2, 5];
const RATE_ERROR = 0.1;
const WAIT_MAX_MS = 3_000;
const TIMEOUT_MS = 1_000;
const THINK_MS = 2_000;
const HOLD_MS = 1_500;

type Held = Extract<Acquired, { type: 'held' }>['place'];

export interface LockContendersOptions {
  readonly world: World;
  readonly cluster: SimCluster;
  readonly ends: LeaseEnds;
  readonly check: LockCheck;
}

export class LockContenders {
  readonly #options: LockContendersOptions;
  readonly #tasks: Tasks;
  readonly #prng: Prng;
  /** The queue of each process that was asked. */
  readonly #queues = new WeakMap<Node, LockQueue>();
  /** Of this world alone: who waits for it lives as long as it does. */
  readonly #never = new AbortController().signal;
  #stopping = false;

  constructor(options: LockContendersOptions) {
    this.#options = options;
    this.#tasks = new Tasks(options.world.failed);
    this.#prng = options.world.prng.fork();
  }

  get isBusy(): boolean {
    return this.#tasks.running > 0;
  }

  start(): void {
    for (let number = 0; number < CONTENDERS; number += 1) {
      this.#tasks.spawn(this.#contend(this.#prng.fork()));
    }
  }

  /** Nobody wants it any more. */
  stop(): void {
    this.#stopping = true;
  }

  async #contend(prng: Prng): Promise<void> {
    const { scheduler } = this.#options.world;
    const clock = new MachineClock(scheduler);
    while (!this.#stopping) {
      clock.setRate(1 + (2 * prng.unit() - 1) * RATE_ERROR);
      await scheduler.pause(prng.unit() * THINK_MS);
      const held = await this.#wait(prng, () => clock.now());
      if (held !== null) await this.#hold(prng, held, () => clock.now());
    }
  }

  /** Waits through one node; null when it did not get the lock, as far as it knows. */
  async #wait(prng: Prng, clock: () => number): Promise<Held | null> {
    const { world, cluster, ends, check } = this.#options;
    const { nodes } = cluster;
    if (nodes.length === 0) return null;
    const target = prng.pick(nodes);
    const ttl = prng.pick(TTLS);
    const waitMs = prng.pick([0, prng.unit() * WAIT_MAX_MS]);
    const gone = new AbortController();
    if (prng.chance(0.2)) world.scheduler.after(prng.unit() * waitMs, () => gone.abort());
    const acquire = async (node: Node): Promise<Acquired> => {
      const request = { name: LOCK_NAME, value: '' as ByteString, lease: { ttl }, requestId: null };
      const context = { waitMs, timeoutMs: TIMEOUT_MS, signal: gone.signal, shutdown: this.#never };
      const { newest } = check;
      const begun = world.scheduler.now;
      const acquired = await this.#queueOf(target, node).acquire(request, context);
      const stoodStill = target.stoppedAt >= begun;
      const floor = stoodStill ? newest : check.newest;
      if (acquired.type === 'held') check.held(target, acquired.place.key, floor);
      return acquired;
    };
    const sentAt = clock();
    try {
      const acquired = await cluster.call(target, acquire, waitMs + 2 * TIMEOUT_MS);
      world.coverage.count(acquired.type === 'held' ? 'lock-held' : 'lock-refused');
      if (acquired.type === 'locked') return null;
      const { lease } = acquired.place.entrant;
      ends.asked(lease, clock);
      ends.confirmed(lease, sentAt, ttl * 1000);
      return acquired.place;
    } catch (error) {
      if (!isExpected(error)) throw error;
      gone.abort();
      world.coverage.count('lock-wait-failed');
      return null;
    }
  }

  async #hold(prng: Prng, held: Held, clock: () => number): Promise<void> {
    const { world, ends } = this.#options;
    const { key, entrant } = held;
    const renewals = prng.between(0, 4);
    for (let number = 0; number < renewals; number += 1) {
      await this.#writeFenced(prng, held);
      const sentAt = clock();
      const ttl = await this.#ask(prng, (node, context) => node.keepAlive(entrant.lease, context));
      if (ttl === null) return;
      if (ttl !== undefined) ends.confirmed(entrant.lease, sentAt, ttl * 1000);
      await world.scheduler.pause(prng.unit() * HOLD_MS);
    }
    if (prng.chance(0.3)) return;
    const range = { key, end: null, open: false } as const;
    const release = { kind: 'delete', ...range, condition: null, prev: false } as const;
    await this.#ask(prng, (node, context) => node.propose(release, context));
  }

  /** Writes the token to what the lock protects, if the lock is still held by it. */
  async #writeFenced(prng: Prng, { key, createRevision }: Held): Promise<void> {
    const compare = { key, target: 'create', op: '=', value: createRevision } as const;
    const token = bytesOfText(String(createRevision));
    const put = { type: 'put', key: PROTECTED_KEY, value: token } as const;
    const write = { kind: 'txn', compare: [compare], success: [put], failure: [] } as const;
    const result = await this.#ask(prng, (node, context) => node.propose(write, context));
    if (result?.type === 'txn' && result.succeeded) this.#options.world.coverage.count('lock-used');
  }

  /** Undefined when there was no answer. */
  async #ask<T>(
    prng: Prng,
    ask: (node: Node, context: RequestContext) => Promise<T>,
  ): Promise<T | undefined> {
    const { nodes } = this.#options.cluster;
    if (nodes.length === 0) return undefined;
    try {
      return await this.#options.cluster.call(prng.pick(nodes), ask, TIMEOUT_MS);
    } catch (error) {
      if (!isExpected(error)) throw error;
      return undefined;
    }
  }

  #queueOf(target: SimNode, node: Node): LockQueue {
    const known = this.#queues.get(node);
    if (known !== undefined) return known;
    const queue = new LockQueue(node, target.timers);
    this.#queues.set(node, queue);
    return queue;
  }
}
