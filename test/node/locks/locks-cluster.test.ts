import { describe, expect, test } from 'bun:test';
import type { LeaseId } from '../../../src/kv/command.ts';
import { must } from '../../../src/lib/assert.ts';
import { bytesOfText } from '../../../src/lib/bytes.ts';
import { contendersOf, queueRange } from '../../../src/node/locks/contender.ts';
import { LockQueue } from '../../../src/node/locks/lock-queue.ts';
import type { Acquired } from '../../../src/node/locks/waiter.ts';
import { type Machine, NodeCluster } from '../support/node-cluster.ts';
import { type Outcome, watch } from '../support/outcome.ts';

const NAME = bytesOfText('a');
const VALUE = bytesOfText('');

/** Locks asked for on the nodes of a cluster. */
class Locks {
  readonly cluster: NodeCluster;
  readonly #queues = new Map<Machine, LockQueue>();

  constructor(cluster: NodeCluster) {
    this.cluster = cluster;
  }

  /** Asks, and waits until the request stands in the queue. */
  async ask(
    machine: Machine,
    lease: number | LeaseId,
    waitMs = 60_000,
    signal: AbortSignal | null = null,
  ): Promise<Outcome<Acquired>> {
    const before = this.line(machine).length;
    const outcome = this.begin(machine, lease, waitMs, signal);
    await this.cluster.clock.until('a place', () => this.line(machine).length > before);
    return outcome;
  }

  /** Asks, with a lease that is there, or one that is to live for so many seconds. */
  begin(
    machine: Machine,
    lease: number | LeaseId,
    waitMs: number,
    signal: AbortSignal | null,
  ): Outcome<Acquired> {
    const queue = this.#queues.get(machine) ?? new LockQueue(machine.node, this.cluster.clock);
    this.#queues.set(machine, queue);
    const context = { waitMs, timeoutMs: 3000, signal, shutdown: new AbortController().signal };
    const asked = typeof lease === 'number' ? { ttl: lease } : { id: lease };
    const request = { name: NAME, value: VALUE, lease: asked, requestId: null };
    return watch(queue.acquire(request, context));
  }

  line(machine: Machine): LeaseId[] {
    return contendersOf(machine.node.store, NAME).map(({ lease }) => lease);
  }

  async held(outcome: Outcome<Acquired>, maxMs: number): Promise<number> {
    const { clock } = this.cluster;
    await clock.until('the end of the wait', () => outcome.state !== 'open', maxMs);
    const { value, code } = outcome;
    expect(value?.type ?? code).toBe('held');
    return value?.type === 'held' ? value.place.createRevision : 0;
  }
}

async function start(): Promise<Locks> {
  return new Locks(await NodeCluster.of(3));
}

describe('locks of a cluster', () => {
  test('are passed on over all nodes in the order of arrival, as leases end', async () => {
    const locks = await start();
    const { cluster } = locks;
    const waits = [];
    for (const i of [0, 1, 2, 0, 1]) {
      waits.push(await locks.ask(must(cluster.machines[i], `machine ${i}`), 2));
    }
    let last = 0;
    for (const wait of waits) {
      const began = cluster.clock.now();
      const token = await locks.held(wait, 10_000);
      expect(token).toBeGreaterThan(last);
      // Each holder before it has had its lease, whole, and not been renewed.
      if (last > 0) expect(cluster.clock.now() - began).toBeGreaterThanOrEqual(2000);
      last = token;
    }
  });

  test('are waited for through a change of leaders, in the same places', async () => {
    const locks = await start();
    const { cluster } = locks;
    const leader = await cluster.settled();
    const [near, far] = [await cluster.follower(0), await cluster.follower(1)];
    await locks.held(await locks.ask(near, 4), 1000);
    const second = await locks.ask(far, 2);
    const third = await locks.ask(near, 2);
    const line = locks.line(near);
    cluster.kill(leader);
    await cluster.settled();
    expect(locks.line(near)).toEqual(line);
    const token = await locks.held(second, 20_000);
    expect(third.state).toBe('open');
    expect(await locks.held(third, 20_000)).toBeGreaterThan(token);
  });

  test('whoever waits on a node that dies goes with its lease', async () => {
    const locks = await start();
    const { cluster } = locks;
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    await locks.held(await locks.ask(leader, 10), 1000);
    await locks.ask(follower, 2);
    const third = await locks.ask(leader, 2);
    expect(locks.line(leader)).toHaveLength(3);
    cluster.kill(follower);
    await cluster.clock.until('it is gone', () => locks.line(leader).length === 2, 5000);
    expect(third.state).toBe('open');
    await locks.held(third, 20_000);
  });

  test('a place is given up on a node that has not seen it yet', async () => {
    const locks = await start();
    const { cluster } = locks;
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    const id = '77' as LeaseId;
    const grant = { kind: 'lease-grant', id, ttl: 60 } as const;
    await cluster.done(leader.node.propose(grant, cluster.context()));
    await locks.held(await locks.ask(leader, 60), 1000);
    const [first, second] = [new AbortController(), new AbortController()];
    await locks.ask(leader, id, 60_000, first.signal);
    await cluster.clock.until('both know', () => locks.line(follower).length === 2);
    // The follower is answered that its request is in before it has applied what says so.
    const outcome = locks.begin(follower, id, 60_000, second.signal);
    second.abort();
    await cluster.clock.until('it has left', () => outcome.code === 'request-timeout');
    first.abort();
    await cluster.clock.until('its place is gone', () => locks.line(leader).length === 1);
  });

  test('nobody holds on a node that is cut off, though its request became the first', async () => {
    const locks = await start();
    const { cluster } = locks;
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    await locks.held(await locks.ask(leader, 60), 1000);
    const waiting = await locks.ask(follower, 2, 8000);
    const third = await locks.ask(leader, 2);
    const [first = '1' as LeaseId] = locks.line(leader);
    // The follower applies the end of the first, and hears of nothing after it.
    const isolate = (): void => cluster.isolate(follower);
    follower.node.onChange(queueRange(NAME), { changed: isolate, jumped: isolate });
    const revoke = { kind: 'lease-revoke', id: first } as const;
    await cluster.done(leader.node.propose(revoke, cluster.context()));
    await cluster.clock.until('the next is first', () => locks.line(follower).length === 2);
    const token = await locks.held(third, 20_000);
    expect(waiting.value?.type).not.toBe('held');
    await cluster.clock.until('its end', () => waiting.state !== 'open', 20_000);
    expect(waiting.code).toBe('timeout');
    cluster.heal();
    await cluster.settled();
    expect(token).toBeGreaterThan(0);
  });
});
