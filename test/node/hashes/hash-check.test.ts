import { describe, expect, test } from 'bun:test';
import { Prng } from '../../../src/lib/prng.ts';
import type { Logger } from '../../../src/lib/logger.ts';
import type { NodeLimits } from '../../../src/node/options.ts';
import { type Command, createEntry } from '../../../src/raft/entry.ts';
import { DamageError, type Restored } from '../../../src/storage/storage.ts';
import { type Machine, NodeCluster, put } from '../support/node-cluster.ts';
import { watch } from '../support/outcome.ts';

const PERIOD_MS = 2000;
const LIMITS: Partial<NodeLimits> = { hashCheckMs: PERIOD_MS };

/** The last put of the log with another value: the log is the same to all but the state machine. */
function tampered(restored: Restored): Restored {
  const at = restored.entries.findLastIndex(({ command }) => command.kind === 'put');
  const entries = restored.entries.map((entry, i) => {
    const { index, term, command } = entry;
    if (i !== at) return entry;
    return createEntry(index, term, { ...command, value: 'flipped' } as Command);
  });
  return { ...restored, entries };
}

/** A cluster of this size that holds something. */
async function clusterOf(size: number, limits: Partial<NodeLimits> = {}, logger?: Logger) {
  const options = { limits: { ...LIMITS, ...limits } };
  const cluster = await NodeCluster.of(
    size,
    logger === undefined ? options : { ...options, logger },
  );
  const leader = await cluster.settled();
  for (const key of ['a', 'b', 'c']) await cluster.put(leader, key, '1');
  return cluster;
}

/** Restarts a member with a state that is wrong, and waits until it has caught up. */
async function corrupt(cluster: NodeCluster, machine: Machine): Promise<void> {
  cluster.kill(machine);
  machine.tamper = tampered;
  await cluster.start(machine);
  machine.tamper = (restored) => restored;
  await cluster.settled();
}

function isFenced(machine: Machine): boolean {
  const [end] = machine.fatal;
  return machine.fatal.length === 1 && end?.exitCode === 2 && end.error instanceof DamageError;
}

describe('a member whose state differs', () => {
  test('is fenced within a period, for good; the others go on', async () => {
    const cluster = await clusterOf(3);
    const victim = await cluster.follower();
    await corrupt(cluster, victim);
    await cluster.clock.until('the end', () => victim.fatal.length > 0, PERIOD_MS + 1000);
    expect(isFenced(victim)).toBe(true);
    const call = victim.node.propose(put('a', '2'), cluster.context());
    expect(await call.catch((error: unknown) => (error as { code: string }).code)).toBe(
      'node-stopped',
    );
    victim.running = null;
    const start = cluster.start(victim);
    await expect(start).rejects.toBeInstanceOf(DamageError);
    const leader = await cluster.settled();
    expect((await cluster.put(leader, 'a', '2')).type).toBe('put');
    await cluster.clock.advance(3 * PERIOD_MS);
    expect(cluster.running.map(({ fatal }) => fatal.length)).toEqual([0, 0]);
  });

  test('is found under load, too, where no two nodes have applied the same', async () => {
    const cluster = await clusterOf(3);
    const victim = await cluster.follower();
    await corrupt(cluster, victim);
    const leader = await cluster.settled();
    const end = cluster.clock.now() + PERIOD_MS + 2000;
    for (let n = 0; victim.fatal.length === 0 && cluster.clock.now() < end; n += 1) {
      for (let i = 0; i < 5; i += 1) {
        watch(leader.node.propose(put(`k${n % 50}`, String(n)), cluster.context()));
      }
      await cluster.clock.advance(3);
    }
    expect(isFenced(victim)).toBe(true);
  });

  test('hands leadership over first, if it leads', async () => {
    const cluster = await clusterOf(3);
    const victim = await cluster.follower();
    await corrupt(cluster, victim);
    const leader = await cluster.settled();
    await cluster.done(leader.node.transferLeadership(victim.id, cluster.context()));
    expect(victim.node.status().role).toBe('leader');
    await cluster.clock.until('the end', () => victim.fatal.length > 0, PERIOD_MS + 1000);
    const fencedAt = cluster.clock.now();
    expect(isFenced(victim)).toBe(true);
    victim.running = null;
    const next = await cluster.settled();
    // Sooner than an election time-out, for it was told.
    expect(cluster.clock.now() - fencedAt).toBeLessThan(100);
    expect((await cluster.put(next, 'a', '2')).type).toBe('put');
  });

  test('is fenced as a learner, which has no say', async () => {
    const cluster = await clusterOf(3);
    const machine = cluster.add();
    await cluster.start(machine);
    const leader = await cluster.settled().catch(() => cluster.machine(1));
    const input = { id: machine.id, name: 'n4', url: `http://n${machine.id}` };
    await cluster.done(leader.node.addMember(input, cluster.context()));
    await corrupt(cluster, machine);
    await cluster.clock.until('the end', () => machine.fatal.length > 0, 2 * PERIOD_MS);
    expect(isFenced(machine)).toBe(true);
  });

  test('is told again when the word was lost', async () => {
    const cluster = await clusterOf(3);
    const victim = await cluster.follower();
    await corrupt(cluster, victim);
    let asked = 0;
    cluster.hears = (_from, to, kind) => {
      if (to === victim.id && kind === 'forward') asked += 1;
      return !(to === victim.id && kind === 'forward' && asked === 2);
    };
    await cluster.clock.advance(PERIOD_MS + 200);
    expect([asked, victim.fatal.length]).toEqual([2, 0]);
    await cluster.clock.advance(2 * PERIOD_MS);
    expect(isFenced(victim)).toBe(true);
  });
});

describe('nobody is fenced', () => {
  test('when no majority says who is right; it is said, and counted', async () => {
    const lines: string[] = [];
    const logger: Logger = {
      enabled: () => true,
      log: (level, _family, message) => {
        if (level === 'error') lines.push(message);
      },
    };
    const cluster = await clusterOf(3, {}, logger);
    const [victim, other] = [await cluster.follower(0), await cluster.follower(1)];
    cluster.kill(other);
    await corrupt(cluster, victim);
    await cluster.clock.advance(3 * PERIOD_MS);
    expect(cluster.running.map(({ fatal }) => fatal.length)).toEqual([0, 0]);
    expect(lines[0]).toContain('no majority says which one is right');
    const leader = await cluster.settled();
    expect(await leader.node.metrics()).toContain('\nabcd_state_hash_mismatch 2\n');
    await cluster.start(other);
    await cluster.clock.until('the end', () => victim.fatal.length > 0, 2 * PERIOD_MS);
    expect(isFenced(victim)).toBe(true);
    await cluster.clock.advance(2 * PERIOD_MS);
    expect(await leader.node.metrics()).toContain('\nabcd_state_hash_mismatch 0\n');
  });

  test('when comparing is turned off', async () => {
    const cluster = await clusterOf(3, { hashCheckMs: 0 });
    const victim = await cluster.follower();
    await corrupt(cluster, victim);
    await cluster.clock.advance(30_000);
    expect(victim.fatal).toEqual([]);
  });

  test('of a sound cluster, whatever happens to it', async () => {
    const limits = { hashCheckMs: 100, snapshotWalBytes: 4000, retainEntries: 5 };
    const cluster = await clusterOf(3, limits);
    const prng = new Prng(7);
    for (let round = 0; round < 60; round += 1) {
      const machine = cluster.machine(prng.between(1, 4));
      if (prng.chance(0.2)) {
        if (machine.running === null) await cluster.start(machine);
        else if (cluster.running.length === 3) cluster.kill(machine);
      }
      if (prng.chance(0.1)) cluster.isolate(machine);
      if (prng.chance(0.3)) cluster.heal();
      const [to] = cluster.running;
      for (let n = 0; n < 20; n += 1) {
        watch(
          (to ?? machine).node.propose(put(`k${prng.between(0, 9)}`, `${n}`), cluster.context(500)),
        );
      }
      await cluster.clock.advance(prng.between(1, 300));
    }
    cluster.heal();
    for (const machine of cluster.machines) {
      if (machine.running === null) await cluster.start(machine);
    }
    const leader = await cluster.settled();
    await cluster.clock.advance(1000);
    expect(cluster.machines.map(({ fatal }) => fatal)).toEqual([[], [], []]);
    const text = await leader.node.metrics();
    expect(text).toContain('\nabcd_state_hash_mismatch 0\n');
    expect(text).toMatch(/\nabcd_state_hash_comparisons_total [1-9]/);
  });
});
