/**
 * HOLDERS OF LEASES: each asks for one, renews it for a while, now and then asks how long it has,
 * and then lets it end. A holder's clock is wrong by up to a tenth, like any other here.
 */
import type { LeaseId } from '../kv/command.ts';
import type { Prng } from '../lib/prng.ts';
import type { RequestContext } from '../node/api.ts';
import type { Node } from '../node/node.ts';
import type { LeaseEnds } from './checkers/lease-ends.ts';
import { MachineClock } from './sim-clock.ts';
import { isExpected, type SimCluster } from './sim-cluster.ts';
import type { SimNode } from './sim-node.ts';
import { Tasks } from './tasks.ts';
import type { World } from './world.ts';

const HOLDERS = 3;
const TTLS = [1, 2, 5];
/** By how much a clock may be wrong. */
const RATE_ERROR = 0.1;
const TIMEOUT_MS = 1_000;
/**
 * Between two renewals, in ms for each second of a lease's time: some come after the log says that
 * less is left, and some too late.
 */
const PAUSES = [100, 300, 500, 700, 800, 1_000];
/** How often somebody looks for a leader that was deposed, ms. */
const LOOK_EVERY_MS = 30;
/** How many leases are renewed there. */
const HELD_MAX = 4;
/** Ids apart from those that other clients ask for. */
const FIRST_ID = 900_000_000;

export class LeaseHolders {
  readonly #world: World;
  readonly #cluster: SimCluster;
  readonly #ends: LeaseEnds;
  readonly #tasks: Tasks;
  readonly #prng: Prng;
  /** Leases whose holders go by these clocks. */
  readonly #held = new Map<LeaseId, () => number>();
  #asked = 0;
  #stopping = false;

  constructor(world: World, cluster: SimCluster, ends: LeaseEnds) {
    this.#world = world;
    this.#cluster = cluster;
    this.#ends = ends;
    this.#tasks = new Tasks(world.failed);
    this.#prng = world.prng.fork();
  }

  get isBusy(): boolean {
    return this.#tasks.running > 0;
  }

  start(): void {
    this.#tasks.spawn(this.#askOldLeaders(this.#prng.fork()));
    for (let holder = 0; holder < HOLDERS; holder += 1) {
      this.#tasks.spawn(this.#hold(this.#prng.fork()));
    }
  }

  /** Nobody asks for another lease, or renews one. */
  stop(): void {
    this.#stopping = true;
  }

  /** Renews at whoever was deposed and has not noticed: nobody else could promise too much. */
  async #askOldLeaders(prng: Prng): Promise<void> {
    while (!this.#stopping) {
      await this.#world.scheduler.pause(LOOK_EVERY_MS);
      const { oldLeader } = this.#cluster;
      if (oldLeader === null) continue;
      // One that is stopped answers when it goes on: it is to find several questions then.
      for (const [id, clock] of this.#held) {
        if (prng.chance(0.5)) this.#tasks.spawn(this.#askOldLeader(oldLeader, id, clock));
      }
    }
  }

  async #askOldLeader(oldLeader: SimNode, id: LeaseId, clock: () => number): Promise<void> {
    this.#world.coverage.count('old-leader-asked-for-lease');
    const sentAt = clock();
    const ms = await this.#askOne(oldLeader, (node, context) => renew(node, id, context), null);
    if (ms !== undefined && ms !== null) this.#ends.confirmed(id, sentAt, ms);
  }

  async #hold(prng: Prng): Promise<void> {
    const { scheduler } = this.#world;
    const clock = new MachineClock(scheduler);
    while (!this.#stopping) {
      clock.setRate(prng.pick([1 - RATE_ERROR, 1 + (2 * prng.unit() - 1) * RATE_ERROR]));
      await scheduler.pause(prng.unit() * 2_000);
      await this.#life(prng, () => clock.now());
    }
  }

  /** One lease, from its grant until it is left to itself. */
  async #life(prng: Prng, clock: () => number): Promise<void> {
    const { scheduler, coverage } = this.#world;
    this.#asked += 1;
    const id = String(FIRST_ID + this.#asked) as LeaseId;
    const ttl = prng.pick(TTLS);
    this.#ends.asked(id, clock);
    if (!(await this.#grant(prng, id, ttl, clock))) return;
    this.#held.set(id, clock);
    const [oldest] = this.#held.keys();
    if (oldest !== undefined && this.#held.size > HELD_MAX) this.#held.delete(oldest);
    for (let left = prng.between(0, 8); left > 0 && !this.#stopping; left -= 1) {
      await scheduler.pause(ttl * prng.pick(PAUSES) * (0.9 + 0.2 * prng.unit()));
      const sentAt = clock();
      const ask = prng.chance(0.2) ? remaining : renew;
      const ms = await this.#ask(prng, (node, context) => ask(node, id, context), null);
      if (ms === undefined) continue;
      if (ms === null) return;
      coverage.count(ask === renew ? 'lease-renewed' : 'lease-asked');
      this.#ends.confirmed(id, sentAt, ms);
    }
  }

  /** The first attempt may be the one that did it. */
  async #grant(prng: Prng, id: LeaseId, ttl: number, clock: () => number): Promise<boolean> {
    const sentAt = clock();
    const proposal = { kind: 'lease-grant', id, ttl } as const;
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const result = await this.#ask(
        prng,
        (node, context) => node.propose(proposal, context),
        `lease-${id}`,
      );
      if (result === undefined) continue;
      this.#ends.confirmed(id, sentAt, ttl * 1000);
      return true;
    }
    return false;
  }

  /** Undefined when there was no answer. */
  async #ask<T>(
    prng: Prng,
    ask: (node: Node, context: RequestContext) => Promise<T>,
    requestId: string | null,
  ): Promise<T | undefined> {
    const { nodes } = this.#cluster;
    if (nodes.length === 0) return undefined;
    return await this.#askOne(prng.pick(nodes), ask, requestId);
  }

  async #askOne<T>(
    target: SimNode,
    ask: (node: Node, context: RequestContext) => Promise<T>,
    requestId: string | null,
  ): Promise<T | undefined> {
    try {
      return await this.#cluster.call(target, ask, TIMEOUT_MS, requestId);
    } catch (error) {
      if (!isExpected(error)) throw error;
      return undefined;
    }
  }
}

/** Ms from the request on; null when there is no such lease. */
async function renew(node: Node, id: LeaseId, context: RequestContext): Promise<number | null> {
  const ttl = await node.keepAlive(id, context);
  return ttl === null ? null : ttl * 1000;
}

function remaining(node: Node, id: LeaseId, context: RequestContext): Promise<number | null> {
  return node.remainingOf(id, context);
}
