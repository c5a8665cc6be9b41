/** Snapshots between whole nodes: compaction, transfer, resumption, refusal, backup. */
import { describe, expect, test } from 'bun:test';
import { bytesOfText } from '../../../src/lib/bytes.ts';
import type { SnapshotChunk } from '../../../src/transport/transport.ts';
import { type Machine, NodeCluster, put } from '../support/node-cluster.ts';
import { watch } from '../support/outcome.ts';

/** Every kilobyte of log a snapshot, and no entry kept beside it. */
const EAGER = { limits: { snapshotWalBytes: 1000, retainEntries: 0 } };

async function fill(cluster: NodeCluster, machine: Machine, count: number, size = 50) {
  for (let n = 0; n < count; n += 1) {
    await cluster.put(machine, `k${n}`, String(n % 10).repeat(size));
  }
}

/** A cluster of three whose third member lacks what the leader has compacted away. */
async function behind(count = 30, size = 50) {
  const cluster = await NodeCluster.of(3, EAGER);
  const leader = await cluster.settled();
  const follower = await cluster.follower();
  cluster.isolate(follower);
  await fill(cluster, leader, count, size);
  await cluster.clock.advance(50);
  const missing = follower.node.status().lastIndex + 1;
  expect(leader.node.consensusState().firstIndex).toBeGreaterThan(missing);
  return { cluster, leader, follower };
}

async function caughtUp(cluster: NodeCluster, leader: Machine, follower: Machine, maxMs = 20_000) {
  const look = () => {
    const { appliedIndex } = follower.node.status();
    return appliedIndex > 0 && appliedIndex === leader.node.status().appliedIndex;
  };
  await cluster.clock.until('the follower to catch up', look, maxMs);
  expect(follower.node.store.hash()).toBe(leader.node.store.hash());
}

describe('a follower far behind', () => {
  test('gets the snapshot, keeps it, and goes on from it', async () => {
    const { cluster, leader, follower } = await behind();
    cluster.heal();
    await caughtUp(cluster, leader, follower);
    expect(follower.node.status().snapshotIndex).toBeGreaterThan(1);
    await cluster.put(leader, 'a', '1');
    await cluster.clock.advance(50);
    await cluster.done(follower.node.stop());
    await cluster.start(follower);
    await caughtUp(cluster, leader, follower);
  });

  test('gets it in pieces, each once, however often the line breaks', async () => {
    const { cluster, leader, follower } = await behind(40, 100_000);
    const offsets: number[] = [];
    let pieces = 0;
    cluster.onChunk = (_to, chunk) => {
      offsets.push(chunk.offset);
      pieces += 1;
      return pieces % 2 === 0 ? chunk : null;
    };
    cluster.heal();
    await caughtUp(cluster, leader, follower);
    const taken = offsets.filter((_, at) => at % 2 === 1);
    expect(taken.length).toBeGreaterThan(2);
    expect(taken).toEqual([...new Set(taken)].toSorted((a, b) => a - b));
  });

  test('gets the rest of it when the leader begins anew', async () => {
    const { cluster, leader, follower } = await behind(40, 100_000);
    const taken: number[] = [];
    let pieces = 0;
    cluster.onChunk = (_to, chunk) => {
      pieces += 1;
      // After two pieces, more failures than one transfer puts up with.
      if (pieces > 2 && pieces < 10) return null;
      taken.push(chunk.offset);
      return chunk;
    };
    cluster.heal();
    await caughtUp(cluster, leader, follower);
    const [first, second, probe, third] = taken;
    expect([first, probe]).toEqual([0, 0]);
    expect(third).toBeGreaterThan(second ?? 0);
  });

  test('that crashes in the middle starts over, and the leader hears of it soon', async () => {
    const { cluster, leader, follower } = await behind(40, 100_000);
    let pieces = 0;
    cluster.onChunk = (_to, chunk) => {
      pieces += 1;
      return chunk;
    };
    cluster.heal();
    await cluster.clock.until('some pieces', () => pieces >= 2);
    cluster.kill(follower);
    await cluster.start(follower);
    await caughtUp(cluster, leader, follower, 10_000);
  });

  test('catches up within seconds after a piece was lost without a trace', async () => {
    const { cluster, leader, follower } = await behind();
    let lost = 0;
    cluster.hears = (_from, _to, kind) => {
      if (kind !== 'snapshot' || lost > 0) return true;
      lost += 1;
      return false;
    };
    await caughtUp(cluster, leader, follower, 8000);
    expect(lost).toBe(1);
  });

  test('gets it from a new leader while the one of the old term still waits', async () => {
    const { cluster, leader, follower } = await behind();
    let lost = 0;
    cluster.hears = (_from, _to, kind) => {
      if (kind !== 'snapshot' || lost > 0) return true;
      lost += 1;
      return false;
    };
    await cluster.clock.until('the loss', () => lost > 0);
    leader.node.stepDown();
    await cluster.clock.advance(10);
    leader.node.campaign();
    await cluster.clock.advance(0);
    await caughtUp(cluster, leader, follower, 1000);
  });

  test('does not take what is damaged on its way', async () => {
    const { cluster, leader, follower } = await behind();
    let damaged = 0;
    cluster.onChunk = (_to, chunk) => {
      if (damaged > 0) return chunk;
      damaged += 1;
      return flipped(chunk);
    };
    cluster.heal();
    await caughtUp(cluster, leader, follower);
    expect(follower.fatal).toEqual([]);
  });

  test('is sent another one when the file of the leader is damaged', async () => {
    const { cluster, leader, follower } = await behind();
    const { snapshotIndex } = leader.node.status();
    cluster.onChunk = (_to, chunk) => {
      return chunk.snapshot.index === snapshotIndex ? flipped(chunk) : chunk;
    };
    await cluster.put(leader, 'later', '1');
    cluster.heal();
    await caughtUp(cluster, leader, follower);
    expect(leader.node.status().snapshotIndex).toBeGreaterThan(snapshotIndex);
  });

  test('that was told to stop meanwhile stops', async () => {
    const { cluster, follower } = await behind(40, 100_000);
    let pieces = 0;
    cluster.onChunk = (_to, chunk) => {
      pieces += 1;
      return chunk;
    };
    cluster.heal();
    await cluster.clock.until('some pieces', () => pieces >= 2);
    await cluster.done(follower.node.stop());
    expect(follower.fatal).toEqual([]);
  });
});

describe('a write', () => {
  test('of which a snapshot knows the outcome is asked for anew under its name', async () => {
    const cluster = await NodeCluster.of(3, EAGER);
    const old = await cluster.settled();
    cluster.isolate(old);
    const named = watch(old.node.propose(put('n', '1'), cluster.context(20_000, 'name')));
    const unnamed = watch(old.node.propose(put('u', '1'), cluster.context(20_000)));
    await cluster.clock.advance(1000);
    const others = cluster.machines.filter((machine) => machine !== old);
    for (const other of others) {
      if (other.node.status().role === 'leader') await fill(cluster, other, 30);
    }
    cluster.heal();
    await cluster.clock.until('both ends', () => {
      return named.state !== 'open' && unnamed.state !== 'open';
    });
    expect(named.state).toBe('resolved');
    expect([unnamed.code, unnamed.applied]).toEqual(['timeout', 'unknown']);
  });
});

describe('a backup', () => {
  test('is a snapshot of all that was acknowledged', async () => {
    const cluster = await NodeCluster.of(1);
    const machine = cluster.machine(1);
    await cluster.put(machine, 'a', 'value of a');
    const stream = await cluster.done(machine.node.backup(cluster.context()));
    const text = await new Response(stream).text();
    expect(text).toContain('value of a');
    expect(text.endsWith('\n')).toBe(true);
    expect(machine.node.status().snapshotIndex).toBe(machine.node.status().appliedIndex);
  });

  test('waits in the stream for a snapshot that takes longer than the request may', async () => {
    const cluster = await NodeCluster.of(1);
    const machine = cluster.machine(1);
    await cluster.put(machine, 'a', '1');
    machine.hold = ({ kind, path }) => kind === 'sync' && path.startsWith('snapshot');
    const asked = watch(machine.node.backup(cluster.context(500)));
    await cluster.clock.advance(500);
    expect(asked.state).toBe('resolved');
    machine.release();
    expect(await new Response(asked.value).text()).toContain('trailer');
  });

  test('during the installation of a snapshot does not hold up anything', async () => {
    const { cluster, leader, follower } = await behind();
    follower.hold = ({ kind, path }) => kind === 'rename' && path.startsWith('snapshot-received');
    cluster.heal();
    await cluster.clock.until('the installation', () => follower.held > 0);
    const asked = watch(follower.node.backup(cluster.context(500)));
    await cluster.clock.advance(600);
    follower.release();
    await caughtUp(cluster, leader, follower);
    expect(asked.state).not.toBe('open');
  });
});

test('the log in memory is cut to what is to be kept', async () => {
  const cluster = await NodeCluster.of(1, {
    limits: { snapshotWalBytes: 1000, retainEntries: 5 },
  });
  const machine = cluster.machine(1);
  await fill(cluster, machine, 40);
  await cluster.clock.advance(50);
  const { firstIndex, lastIndex, snapshot } = machine.node.consensusState();
  expect(firstIndex).toBeLessThanOrEqual((snapshot?.index ?? 0) + 1);
  expect(lastIndex - firstIndex).toBeLessThan(20);
  expect(machine.node.store.get(bytesOfText('k7'))).toBeDefined();
});

function flipped(chunk: SnapshotChunk): SnapshotChunk {
  const bytes = chunk.bytes.slice();
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  return { ...chunk, bytes };
}
