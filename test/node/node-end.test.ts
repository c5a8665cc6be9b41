/** How a node ends: told to, killed, or by a fault; and that everybody who waits is told. */
import { describe, expect, test } from 'bun:test';
import { bytesOfText } from '../../src/lib/bytes.ts';
import { DiskError } from '../../src/storage/disk.ts';
import { NodeCluster, put } from './support/node-cluster.ts';
import { watch } from './support/outcome.ts';

describe('a node that is told to stop', () => {
  test('hands leadership over and leaves nothing behind', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const write = watch(leader.node.propose(put('a', '1'), cluster.context()));
    const before = cluster.clock.now();
    await cluster.done(leader.node.stop());
    expect(write.state).toBe('resolved');
    expect(cluster.clock.now() - before).toBeLessThan(200);
    leader.running = null;
    const next = await cluster.settled();
    expect(next.node.store.get(bytesOfText('a'))?.value).toBe(bytesOfText('1'));
    for (const machine of cluster.running) await cluster.done(machine.node.stop());
    expect(cluster.clock.timers).toBe(0);
  });

  test('refuses what comes then, as certainly not done', async () => {
    const cluster = await NodeCluster.of(1);
    const { node } = cluster.machine(1);
    const stopped = node.stop();
    const late = [
      watch(node.propose(put('a', '1'), cluster.context())),
      watch(node.readBarrier(cluster.context())),
      watch(node.removeMember(node.memberId, cluster.context())),
    ];
    await cluster.done(stopped);
    expect(late.map(({ code }) => code)).toEqual(Array(3).fill('shutting-down'));
    expect(late.map(({ applied }) => applied)).toEqual(['no', 'no', 'no']);
    expect(node.readiness()['running']).not.toBeNull();
    expect(node.stop()).toBe(node.stop());
  });

  test('does not claim that what is in its log has not happened', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    cluster.isolate(leader);
    const write = watch(leader.node.propose(put('a', '1'), cluster.context(60_000)));
    const read = watch(leader.node.readBarrier(cluster.context(60_000)));
    await cluster.done(leader.node.stop());
    expect([write.code, write.applied]).toEqual(['timeout', 'unknown']);
    expect([read.code, read.applied]).toEqual(['shutting-down', 'no']);
  });

  test('does not claim so of what it has forwarded, either', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    cluster.hears = (_from, _to, kind) => kind !== 'forward-response';
    const write = watch(follower.node.propose(put('a', '1'), cluster.context(60_000)));
    await cluster.clock.advance(50);
    expect(leader.node.store.revision).toBe(2);
    await cluster.done(follower.node.stop());
    expect([write.code, write.applied]).toEqual(['timeout', 'unknown']);
  });

  test('lets calls that look for a leader go', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    cluster.isolate(follower);
    await cluster.clock.advance(1000);
    cluster.kill(leader);
    const write = watch(follower.node.propose(put('a', '1'), cluster.context(60_000)));
    follower.node.kill();
    await cluster.clock.advance(0);
    expect(write.state).toBe('rejected');
  });

  test('does not take part before its state is restored', async () => {
    const cluster = await NodeCluster.of(3, { limits: { snapshotWalBytes: 1000 } });
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    for (let n = 0; n < 20; n += 1) await cluster.put(leader, `k${n}`, 'x'.repeat(50));
    await cluster.clock.advance(100);
    expect(follower.node.status().snapshotIndex).toBeGreaterThan(0);
    await cluster.done(follower.node.stop());
    follower.running = null;
    await cluster.put(leader, 'a', 'z');
    // The storage has looked at the snapshot by two reads; to restore it takes a while, and the
    // leader speaks meanwhile.
    let reads = 0;
    follower.hold = ({ kind, path }) => {
      if (kind !== 'read' || !path.startsWith('snapshot')) return false;
      reads += 1;
      return reads > 2;
    };
    const storage = cluster.start(follower);
    await cluster.clock.advance(300);
    expect(reads).toBe(3);
    follower.release();
    await cluster.done(storage);
    await cluster.clock.advance(500);
    expect(follower.fatal).toEqual([]);
    expect(follower.node.store.hash()).toBe(leader.node.store.hash());
  });
});

describe('a node that is killed', () => {
  test('answers everybody at once, and nobody later', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const { node } = leader;
    cluster.isolate(leader);
    const context = cluster.context(60_000);
    const open = [
      watch(node.propose(put('a', '1'), context)),
      watch(node.readBarrier(context)),
      watch(node.transferLeadership(null, context)),
    ];
    await cluster.clock.advance(20);
    node.kill();
    const late = [watch(node.propose(put('a', '2'), context)), watch(node.readBarrier(context))];
    await cluster.clock.advance(0);
    expect([...open, ...late].map(({ code }) => code)).toEqual(Array(5).fill('node-stopped'));
    leader.running = null;
    for (const other of cluster.running) other.node.kill();
    await cluster.clock.advance(60_000);
    expect(cluster.clock.timers).toBe(0);
  });

  test('sends nothing of what its disk ends later', async () => {
    const cluster = await NodeCluster.of(2);
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    follower.hold = ({ kind, path }) => kind === 'sync' && path.startsWith('wal');
    const write = watch(leader.node.propose(put('a', '1'), cluster.context(500)));
    await cluster.clock.advance(20);
    follower.node.kill();
    follower.release();
    await cluster.clock.advance(600);
    expect(write.applied).toBe('unknown');
    expect(follower.fatal).toEqual([]);
  });
});

describe('the end of a node', () => {
  test('is told once: what fails after it is no other', async () => {
    const cluster = await NodeCluster.of(1);
    const machine = cluster.machine(1);
    await cluster.put(machine, 'a', '1');
    machine.hold = ({ kind, path }) => kind === 'sync' && path.startsWith('snapshot');
    const backup = watch(machine.node.backup(cluster.context()));
    await cluster.clock.advance(20);
    machine.node.kill();
    machine.fault = ({ path }) =>
      path.startsWith('snapshot') ? { type: 'error', code: 'EIO' } : null;
    machine.release();
    await cluster.clock.advance(100);
    expect(backup.code).toBe('node-stopped');
    expect(machine.fatal).toEqual([]);
  });
});

describe('a node whose disk fails', () => {
  test('ends with code 3, once, and says nothing of what it has not kept', async () => {
    const cluster = await NodeCluster.of(1);
    const machine = cluster.machine(1);
    machine.fault = ({ kind }) => (kind === 'sync' ? { type: 'error', code: 'EIO' } : null);
    const write = watch(machine.node.propose(put('a', '1'), cluster.context()));
    const read = watch(machine.node.readBarrier(cluster.context()));
    await cluster.clock.advance(100);
    expect(write.code).toBe('node-stopped');
    expect(machine.fatal).toHaveLength(1);
    expect(machine.fatal[0]?.exitCode).toBe(3);
    expect(machine.fatal[0]?.error).toBeInstanceOf(DiskError);
    expect(['resolved', 'rejected']).toContain(read.state);
    const late = watch(machine.node.readBarrier(cluster.context()));
    await cluster.clock.advance(0);
    expect(late.code).toBe('node-stopped');
    expect(cluster.clock.timers).toBe(0);
  });

  test('while a snapshot arrives ends too', async () => {
    const cluster = await NodeCluster.of(3, {
      limits: { snapshotWalBytes: 1000, retainEntries: 0 },
    });
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    cluster.isolate(follower);
    for (let n = 0; n < 30; n += 1) await cluster.put(leader, `k${n}`, 'x'.repeat(50));
    follower.fault = ({ kind, path }) =>
      kind === 'write' && path === 'snapshot-received.tmp' ? { type: 'error', code: 'EIO' } : null;
    cluster.heal();
    await cluster.clock.until('the failure', () => follower.fatal.length > 0);
    expect(follower.fatal.map(({ exitCode }) => exitCode)).toEqual([3]);
  });

  test('while its own snapshot is written ends, and the backup is told', async () => {
    const cluster = await NodeCluster.of(1);
    const machine = cluster.machine(1);
    await cluster.put(machine, 'a', '1');
    machine.fault = ({ kind, path }) =>
      kind === 'write' && path.startsWith('snapshot') ? { type: 'error', code: 'EIO' } : null;
    const backup = watch(machine.node.backup(cluster.context()));
    await cluster.clock.advance(100);
    expect(backup.code).toBe('node-stopped');
    expect(machine.fatal.map(({ exitCode }) => exitCode)).toEqual([3]);
  });
});
