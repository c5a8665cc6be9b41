import { describe, expect, test } from 'bun:test';
import type { LeaseId } from '../../../src/kv/command.ts';
import { bytesOfText } from '../../../src/lib/bytes.ts';
import type { Clock } from '../../../src/node/clock.ts';
import type { Node } from '../../../src/node/node.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { type Machine, NodeCluster } from '../support/node-cluster.ts';
import { watch } from '../support/outcome.ts';

const ID = '77' as LeaseId;
const KEY = bytesOfText('k');
/** By how much a lease outlives its time where all clocks are right, and what looking takes. */
const MARGIN = 11 / 9;
const LATENESS_MS = 300;

function grantTo(cluster: NodeCluster, machine: Machine, ttl: number, id = ID) {
  const proposal = { kind: 'lease-grant', id, ttl } as const;
  return cluster.done(machine.node.propose(proposal, cluster.context()));
}

function attach(cluster: NodeCluster, machine: Machine, id = ID, key = KEY) {
  const fields = { key, value: key, lease: id, condition: null, prev: false };
  return cluster.done(machine.node.propose({ kind: 'put', ...fields }, cluster.context()));
}

function renew(cluster: NodeCluster, machine: Machine, id = ID) {
  return cluster.done(machine.node.keepAlive(id, cluster.context()));
}

function left(cluster: NodeCluster, machine: Machine, id = ID) {
  return cluster.done(machine.node.remainingOf(id, cluster.context()));
}

function has(machine: Machine, id = ID): boolean {
  return machine.node.store.lease(id) !== undefined;
}

/** The time at which the lease is gone from a node. */
async function end(cluster: NodeCluster, machine: Machine, maxMs = 60_000): Promise<number> {
  await cluster.clock.until('the end of the lease', () => !has(machine), maxMs);
  return cluster.clock.now();
}

function kindsIn(node: Node): string[] {
  return node.consensusState().log.map(({ kind }) => kind);
}

/** Time as a clock shows it that runs wrong from now on. */
function skewed(clock: ManualClock, rate: number): Clock {
  const origin = clock.now();
  return {
    now: () => origin + (clock.now() - origin) * rate,
    wallNow: () => clock.wallNow(),
    setTimer: (ms, callback) => clock.setTimer(ms / rate, callback),
    yield: () => clock.yield(),
  };
}

describe('a lease', () => {
  test('ends with its keys in one revision, when its time is over and not before', async () => {
    const cluster = await NodeCluster.of(3);
    const follower = await cluster.follower();
    const began = cluster.clock.now();
    await grantTo(cluster, follower, 2);
    const granted = cluster.clock.now();
    await attach(cluster, follower);
    await attach(cluster, follower, ID, bytesOfText('l'));
    await cluster.done(follower.node.readBarrier(cluster.context()));
    const { revision } = follower.node.store;
    expect(follower.node.store.keysOf(ID)).toEqual([KEY, bytesOfText('l')]);
    const ended = await end(cluster, follower);
    expect(ended - began).toBeGreaterThan(2000 * MARGIN);
    expect(ended - granted).toBeLessThan(2000 * MARGIN + LATENESS_MS);
    expect(follower.node.store.revision).toBe(revision + 1);
    expect(follower.node.store.get(KEY)).toBeUndefined();
    expect(await renew(cluster, follower)).toBeNull();
    expect(await left(cluster, follower)).toBeNull();
  });

  test('is renewed through any node, and has no more left than it was promised', async () => {
    const cluster = await NodeCluster.of(3);
    await grantTo(cluster, cluster.machine(1), 2);
    for (const machine of cluster.machines) {
      await cluster.clock.advance(1800);
      expect(await left(cluster, machine)).toBeWithin(300, 700);
      expect(await renew(cluster, machine)).toBe(2);
      expect(await left(cluster, machine)).toBeWithin(1900, 2001);
    }
    const renewed = cluster.clock.now();
    expect((await end(cluster, cluster.machine(1))) - renewed).toBeGreaterThan(2000 * MARGIN - 100);
  });

  test.each([0.9, 1, 1.1])(
    'outlives the slowest of holders under a leader whose clock runs at %d',
    async (rate) => {
      const cluster = await NodeCluster.of(1);
      const machine = cluster.machine(1);
      cluster.kill(machine);
      await cluster.start(machine, { clock: skewed(cluster.clock, rate) });
      await cluster.settled();
      const asked = cluster.clock.now();
      await grantTo(cluster, machine, 2);
      const lasted = (await end(cluster, machine)) - asked;
      expect(lasted).toBeGreaterThanOrEqual(2000 / 0.9);
      expect(lasted).toBeLessThan((2000 * MARGIN) / rate + LATENESS_MS);
    },
  );

  test('whose holder asked while the process was stopped is renewed, not ended', async () => {
    const cluster = await NodeCluster.of(1);
    const machine = cluster.machine(1);
    await grantTo(cluster, machine, 2);
    await grantTo(cluster, machine, 2, '78' as LeaseId);
    cluster.clock.jump(60_000);
    await cluster.clock.advance(500);
    expect(await renew(cluster, machine)).toBe(2);
    await cluster.clock.advance(1000);
    expect([has(machine), has(machine, '78' as LeaseId)]).toEqual([true, false]);
  });
});

describe('when the leader changes', () => {
  test('a lease has all of its time anew, through the next leader and the one after', async () => {
    const cluster = await NodeCluster.of(3);
    const first = await cluster.settled();
    await grantTo(cluster, first, 4);
    await cluster.clock.advance(2000);
    cluster.kill(first);
    const second = await cluster.settled();
    const began = cluster.clock.now();
    expect(await left(cluster, second)).toBeWithin(3000, 4001);
    expect((await end(cluster, second)) - began).toBeWithin(
      4000 * MARGIN - 500,
      4000 * MARGIN + 300,
    );
  });

  test('a checkpoint takes what is left over', async () => {
    const cluster = await NodeCluster.of(3);
    const first = await cluster.settled();
    await grantTo(cluster, first, 10);
    // Half the time and the margin, and then some.
    await cluster.clock.advance(5000 * MARGIN + 500);
    cluster.kill(first);
    const second = await cluster.settled();
    expect(await left(cluster, second)).toBeWithin(4000, 5001);
    // From now on a renewal must be in the log, and is worth all of the time.
    const { lastIndex } = second.node.status();
    expect(await renew(cluster, second)).toBe(10);
    expect(second.node.status().lastIndex).toBe(lastIndex + 1);
    expect(await renew(cluster, second)).toBe(10);
    expect(second.node.status().lastIndex).toBe(lastIndex + 1);
    cluster.kill(second);
    await cluster.start(first);
    expect(await left(cluster, await cluster.settled())).toBeWithin(9000, 10_001);
  });

  test('however often, a lease that nobody renews ends', async () => {
    const cluster = await NodeCluster.of(3);
    await grantTo(cluster, await cluster.settled(), 6);
    const granted = cluster.clock.now();
    let changes = 0;
    while (has(await cluster.settled())) {
      expect(cluster.clock.now() - granted).toBeLessThan(30_000);
      await cluster.clock.advance(4000);
      const leader = await cluster.settled();
      const next = await cluster.follower(changes % 2);
      await cluster.done(leader.node.transferLeadership(next.id, cluster.context()));
      changes += 1;
    }
    expect(changes).toBeGreaterThan(1);
    expect(cluster.clock.now() - granted).toBeGreaterThan(6000);
  });

  test('a renewal promised by the old leader holds under the new one', async () => {
    const cluster = await NodeCluster.of(3);
    const old = await cluster.settled();
    await grantTo(cluster, old, 3);
    for (let i = 0; i < 4; i += 1) {
      await cluster.clock.advance(1500);
      expect(await renew(cluster, old)).toBe(3);
    }
    const promised = cluster.clock.now();
    cluster.kill(old);
    const next = await cluster.settled();
    expect((await end(cluster, next)) - promised).toBeGreaterThan(3000 * MARGIN);
  });

  test('what the old leader called over is void', async () => {
    const cluster = await NodeCluster.of(3);
    const old = await cluster.settled();
    const holder = await cluster.follower();
    await grantTo(cluster, old, 2);
    await cluster.clock.advance(2000 * MARGIN - 60);
    cluster.isolate(old);
    await cluster.clock.until('the expiry', () => kindsIn(old.node).includes('lease-expire'));
    expect(has(old)).toBe(true);
    expect(await renew(cluster, holder)).toBe(2);
    const renewed = cluster.clock.now();
    cluster.heal();
    const leader = await cluster.settled();
    expect(leader.id).not.toBe(old.id);
    await cluster.clock.until('the same log', () => !kindsIn(old.node).includes('lease-expire'));
    expect((await end(cluster, old)) - renewed).toBeGreaterThan(2000);
  });

  test('a deposed leader that does not know it confirms nothing', async () => {
    const cluster = await NodeCluster.of(3);
    const old = await cluster.settled();
    const other = await cluster.follower();
    await grantTo(cluster, old, 60);
    cluster.isolate(old);
    const kept = watch(old.node.keepAlive(ID, cluster.context(10_000)));
    const asked = watch(old.node.remainingOf(ID, cluster.context(10_000)));
    const hopeless = watch(old.node.keepAlive(ID, cluster.context(100)));
    await cluster.clock.until('the end', () => hopeless.state !== 'open');
    expect([hopeless.code, hopeless.applied]).toEqual(['timeout', 'unknown']);
    const revoke = { kind: 'lease-revoke', id: ID } as const;
    await cluster.done(other.node.propose(revoke, cluster.context()));
    expect([kept.state, asked.state, has(old)]).toEqual(['open', 'open', true]);
    cluster.heal();
    expect([await cluster.done(kept.promise), await cluster.done(asked.promise)]).toEqual([
      null,
      null,
    ]);
  });

  test('a renewal by one that is deposed meanwhile is done again by its successor', async () => {
    const cluster = await NodeCluster.of(3);
    const old = await cluster.settled();
    const other = await cluster.follower();
    await grantTo(cluster, old, 2);
    cluster.isolate(old);
    other.node.campaign();
    await cluster.clock.until('a leader', () => other.node.status().role === 'leader', 100);
    await cluster.clock.advance(50);
    expect(old.node.status().role).toBe('leader');
    const kept = watch(old.node.keepAlive(ID, cluster.context(10_000)));
    await cluster.clock.advance(10);
    cluster.heal();
    expect(await cluster.done(kept.promise)).toBe(2);
    expect(await other.node.metrics()).toMatch(/^etcd_debugging_lease_renewed_total 1$/m);
    expect(await old.node.metrics()).toMatch(/^etcd_debugging_lease_renewed_total 0$/m);
  });
});

describe('a renewal and an expiry', () => {
  /** An expiry that is not committed yet, for no follower's disk does anything. */
  async function race(before: (cluster: NodeCluster, leader: Machine) => void) {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    await grantTo(cluster, leader, 2);
    await cluster.clock.advance(2000 * MARGIN - 60);
    const followers = cluster.machines.filter((machine) => machine !== leader);
    for (const follower of followers) follower.hold = () => true;
    before(cluster, leader);
    await cluster.clock.until('the expiry', () => kindsIn(leader.node).includes('lease-expire'));
    const release = (): void => {
      for (const follower of followers) follower.release();
    };
    return { cluster, leader, release };
  }

  test('that is in the log before it is defeats it', async () => {
    const named: Promise<unknown>[] = [];
    const { cluster, leader, release } = await race((held, { node }) => {
      const proposal = { kind: 'lease-keepalive', id: ID } as const;
      named.push(node.propose(proposal, held.context(3000, 'holder.1')));
    });
    const renewed = cluster.clock.now();
    expect(kindsIn(leader.node).slice(-2)).toEqual(['lease-keepalive', 'lease-expire']);
    release();
    expect(await cluster.done(Promise.all(named))).toMatchObject([{ type: 'lease-kept', ttl: 2 }]);
    await cluster.clock.advance(200);
    expect(await left(cluster, leader)).toBeWithin(1000, 2001);
    expect((await end(cluster, leader)) - renewed).toBeGreaterThan(2000 * MARGIN - 100);
  });

  test('that comes after it finds no lease', async () => {
    const { cluster, leader, release } = await race(() => undefined);
    const late = watch(leader.node.keepAlive(ID, cluster.context()));
    await cluster.clock.advance(100);
    expect([late.state, kindsIn(leader.node).slice(-2)]).toEqual([
      'open',
      ['lease-expire', 'lease-keepalive'],
    ]);
    release();
    expect(await cluster.done(late.promise)).toBeNull();
  });
});

describe('many', () => {
  test('renewals at once share the rounds that confirm the leader', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    await grantTo(cluster, leader, 2);
    let sent = 0;
    cluster.hears = () => {
      sent += 1;
      return true;
    };
    const renewals = Array.from({ length: 1000 }, () => {
      return leader.node.keepAlive(ID, cluster.context());
    });
    expect(new Set(await cluster.done(Promise.all(renewals)))).toEqual(new Set([2]));
    expect(sent).toBeLessThan(20);
  });

  test('leases that end together are ended at a pace, and writes go on between', async () => {
    const count = 3000;
    const cluster = await NodeCluster.of(1);
    const leader = await cluster.settled();
    const grants = Array.from({ length: count }, (_, n) => {
      const proposal = { kind: 'lease-grant', id: String(n + 1) as LeaseId, ttl: 1 } as const;
      return leader.node.propose(proposal, cluster.context());
    });
    await cluster.done(Promise.all(grants));
    let before = leader.node.store.leaseCount;
    let fastest = 0;
    for (let round = 0; leader.node.store.leaseCount > 0; round += 1) {
      expect(round).toBeLessThan(100);
      await cluster.clock.advance(100);
      const asked = cluster.clock.now();
      await cluster.put(leader, 'a', String(round));
      expect(cluster.clock.now() - asked).toBeLessThan(50);
      fastest = Math.max(fastest, before - leader.node.store.leaseCount);
      before = leader.node.store.leaseCount;
    }
    expect(fastest).toBeWithin(100, 1001);
  });

  test('leases are counted by the metrics, with their ends and renewals', async () => {
    const cluster = await NodeCluster.of(1);
    const leader = await cluster.settled();
    await grantTo(cluster, leader, 1);
    await grantTo(cluster, leader, 60, '78' as LeaseId);
    await renew(cluster, leader, '78' as LeaseId);
    expect(await leader.node.metrics()).toMatch(/^abcd_leases 2$/m);
    await end(cluster, leader);
    const text = await leader.node.metrics();
    expect(text).toMatch(/^abcd_leases 1$/m);
    expect(text).toMatch(/^abcd_leases_expiring 0$/m);
    expect(text).toMatch(/^etcd_debugging_server_lease_expired_total 1$/m);
    expect(text).toMatch(/^etcd_debugging_lease_renewed_total 1$/m);
  });
});
