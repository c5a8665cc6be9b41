/** Whole nodes: writes, reads and leaders, over simulated disks, network and time. */
import { describe, expect, test } from 'bun:test';
import { bytesOfText } from '../../src/lib/bytes.ts';
import { must } from '../../src/lib/assert.ts';
import { ApiError } from '../../src/wire/errors.ts';
import { Machine, NodeCluster, put } from './support/node-cluster.ts';
import { watch } from './support/outcome.ts';

const value = (cluster: NodeCluster, n: number, key: string) =>
  cluster.machine(n).node.store.get(bytesOfText(key))?.value;

describe('writes', () => {
  test('through every node give one history', async () => {
    const cluster = await NodeCluster.of(3);
    const revisions: number[] = [];
    for (const machine of cluster.machines) {
      revisions.push((await cluster.put(machine, 'a', machine.id)).revision);
    }
    expect(revisions).toEqual([2, 3, 4]);
    await cluster.clock.advance(100);
    const hashes = cluster.machines.map(({ node }) => node.store.hash());
    expect(new Set(hashes).size).toBe(1);
    expect(value(cluster, 1, 'a')).toBe(bytesOfText('3'));
  });

  test('that are forwarded and whose answer is lost have one effect', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    cluster.resets = 2;
    const result = await cluster.put(follower, 'a', '1');
    expect([cluster.resets, result.revision]).toEqual([0, 2]);
    await cluster.put(leader, 'b', '1');
    expect(leader.node.store.revision).toBe(3);
  });

  test('that are forwarded and never answered are not called undone', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    cluster.hears = (_from, _to, kind) => kind !== 'forward-response';
    const write = watch(follower.node.propose(put('a', '1'), cluster.context(2000)));
    await cluster.clock.advance(1000);
    expect([write.state, leader.node.store.revision]).toEqual(['open', 2]);
    await cluster.clock.advance(1000);
    expect([write.code, write.applied]).toEqual(['timeout', 'unknown']);
    expect(leader.node.store.revision).toBe(2);
  });

  test('that are forwarded to a leader that falls silent go to the next one, once', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    // It has the write in its log and passes it on, and its answer never comes.
    cluster.hears = (_from, _to, kind) => kind !== 'forward-response';
    const write = watch(follower.node.propose(put('a', '1'), cluster.context(5000)));
    await cluster.clock.advance(20);
    cluster.isolate(leader);
    await cluster.done(write.promise);
    expect(write.value?.revision).toBe(2);
    expect((await cluster.put(follower, 'b', '1')).revision).toBe(3);
  });

  test('without a quorum end at their deadline as unknown where they are in a log', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    cluster.isolate(leader);
    const write = watch(leader.node.propose(put('a', '1'), cluster.context(150)));
    await cluster.clock.advance(150);
    expect([write.code, write.applied]).toEqual(['timeout', 'unknown']);
  });

  test('without a leader are refused as certainly not done', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    const other = await cluster.follower(1);
    cluster.kill(leader);
    cluster.kill(other);
    await cluster.clock.advance(2000);
    expect(follower.node.status().leader).toBeNull();
    const write = watch(follower.node.propose(put('a', '1'), cluster.context(5000)));
    await cluster.clock.advance(1000);
    expect([write.code, write.applied]).toEqual(['no-leader', 'no']);
  });

  test('wait through a change of leader', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    cluster.kill(leader);
    await cluster.clock.advance(450);
    const result = await cluster.put(follower, 'a', '1');
    expect(result.revision).toBe(2);
  });

  test('of a deposed leader are tried again when another entry took their place', async () => {
    const cluster = await NodeCluster.of(3);
    const old = await cluster.settled();
    cluster.isolate(old);
    const write = watch(old.node.propose(put('a', 'old'), cluster.context(10_000)));
    await cluster.clock.advance(1000);
    const others = cluster.machines.filter((machine) => machine !== old);
    const next = must(
      others.find(({ node }) => node.status().role === 'leader'),
      'leader',
    );
    await cluster.put(next, 'b', '1');
    expect(write.state).toBe('open');
    cluster.heal();
    await cluster.done(write.promise);
    expect(write.value?.revision).toBe(3);
    expect(next.node.store.get(bytesOfText('a'))?.version).toBe(1);
  });

  test('with a name are carried out once, whoever they are sent to', async () => {
    const cluster = await NodeCluster.of(3);
    const answers = [];
    for (const machine of cluster.machines) {
      answers.push(await cluster.put(machine, 'a', '1', 'name'));
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    expect((await cluster.put(cluster.machine(1), 'a', '2', 'name')).type).toBe('request-mismatch');
  });
});

describe('group commit', () => {
  test('what arrives during a sync makes up the next batch', async () => {
    const cluster = await NodeCluster.of(1);
    const leader = cluster.machine(1);
    let syncs = 0;
    leader.hold = ({ kind, path }) => kind === 'sync' && path.startsWith('wal');
    leader.fault = ({ kind, path }) => {
      if (kind === 'sync' && path.startsWith('wal')) syncs += 1;
      return null;
    };
    const context = cluster.context();
    const first = watch(leader.node.propose(put('a', '0'), context));
    await cluster.clock.advance(1);
    const others = Array.from({ length: 50 }, (_, at) =>
      watch(leader.node.propose(put('a', String(at + 1)), context)),
    );
    await cluster.clock.advance(1);
    expect([syncs, first.state]).toEqual([1, 'open']);
    leader.release();
    await cluster.clock.advance(0);
    expect(syncs).toBe(2);
    expect(others.map((write) => write.value?.revision)).toEqual(
      Array.from({ length: 50 }, (_, at) => at + 3),
    );
  });

  test('a follower confirms nothing before it is on its disk', async () => {
    const cluster = await NodeCluster.of(2);
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    follower.hold = ({ kind, path }) => kind === 'sync' && path.startsWith('wal');
    const write = watch(leader.node.propose(put('a', '1'), cluster.context()));
    await cluster.clock.advance(100);
    expect([write.state, follower.held]).toEqual(['open', 1]);
    follower.release();
    await cluster.clock.advance(0);
    expect(write.state).toBe('resolved');
  });
});

describe('reads', () => {
  test('see what was acknowledged before, on every node', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    for (const { node } of cluster.machines) {
      const { revision } = await cluster.put(leader, 'a', node.memberId);
      await cluster.done(node.readBarrier(cluster.context()));
      expect(node.store.revision).toBe(revision);
    }
  });

  test('of a leader that is cut off end without an answer', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    cluster.isolate(leader);
    const read = watch(leader.node.readBarrier(cluster.context(150)));
    await cluster.clock.advance(160);
    expect([read.code, read.applied]).toEqual(['read-timeout', 'no']);
  });

  test('go on with the next leader', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    cluster.kill(leader);
    const read = watch(follower.node.readBarrier(cluster.context(5000)));
    await cluster.done(read.promise);
    expect(cluster.leader).not.toBeNull();
  });

  test('of clients that are gone are dropped', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    cluster.isolate(leader);
    const client = new AbortController();
    const context = { ...cluster.context(60_000), signal: client.signal };
    const read = watch(leader.node.readBarrier(context));
    await cluster.clock.advance(50);
    client.abort();
    await cluster.clock.advance(200);
    expect(read.state).toBe('rejected');
    expect(await leader.node.metrics()).toContain('abcd_reads_pending 0');
  });
});

describe('leadership', () => {
  test('is handed to whom it is asked for, through any node', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const first = await cluster.follower();
    const second = await cluster.follower(1);
    const asked = second.node.transferLeadership(first.id, cluster.context());
    expect(await cluster.done(asked)).toBe(first.id);
    expect((await cluster.settled()).id).toBe(first.id);
    expect(leader.node.status().role).toBe('follower');
  });

  test('stays where it is when that is asked for', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    const { term } = leader.node.status();
    for (const { node } of [leader, follower]) {
      const asked = node.transferLeadership(leader.id, cluster.context());
      expect(await cluster.done(asked)).toBe(leader.id);
    }
    expect(leader.node.status().term).toBe(term);
  });

  test('is not handed to a stranger, nor by a cluster of one', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const stranger = '9' as typeof leader.id;
    const asked = watch(leader.node.transferLeadership(stranger, cluster.context()));
    await cluster.clock.advance(0);
    expect(asked.code).toBe('member-not-found');

    const alone = await NodeCluster.of(1);
    const refused = watch(alone.machine(1).node.transferLeadership(null, alone.context()));
    await alone.clock.advance(0);
    expect(refused.code).toBe('conflict');
  });

  test('that nobody takes is kept, and nothing is claimed', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    cluster.hears = (_from, _to, kind) => kind !== 'timeout-now';
    const asked = watch(leader.node.transferLeadership(follower.id, cluster.context()));
    const write = watch(leader.node.propose(put('a', '1'), cluster.context()));
    await cluster.clock.advance(1000);
    expect([asked.code, asked.applied]).toEqual(['timeout', 'unknown']);
    expect(write.state).toBe('resolved');
    expect(cluster.leader).toBe(leader);
  });

  test('can be given up and taken by hand', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    expect(() => follower.node.stepDown()).toThrow(ApiError);
    expect(() => leader.node.campaign()).toThrow(ApiError);
    follower.node.campaign();
    await cluster.clock.until('its election', () => cluster.leader === follower);
    follower.node.stepDown();
    expect(follower.node.status().role).toBe('follower');
  });
});

describe('the cluster', () => {
  test('is shown as its leader sees it', async () => {
    const cluster = await NodeCluster.of(3);
    const follower = await cluster.follower();
    const other = await cluster.follower(1);
    cluster.kill(other);
    await cluster.clock.advance(1000);
    const shown = await cluster.done(follower.node.cluster(cluster.context()));
    const reachable = shown.members.filter((member) => member.reachable).map(({ id }) => id);
    expect(reachable.toSorted()).toEqual(cluster.running.map(({ id }) => id).toSorted());
  });

  test('is shown as this node sees it when the leader does not answer', async () => {
    const cluster = await NodeCluster.of(3);
    const follower = await cluster.follower();
    cluster.hears = (_from, _to, kind) => !kind.startsWith('forward');
    const shown = watch(follower.node.cluster(cluster.context()));
    await cluster.clock.advance(600);
    expect(shown.value?.members).toHaveLength(3);
  });
});

test('a founding of which a power cut left only the term is done again', async () => {
  const cluster = await NodeCluster.of(1);
  cluster.kill(cluster.machine(1));
  const machine = new Machine(cluster.machine(1).id);
  cluster.machines[0] = machine;
  await cluster.open(machine);
  await must(machine.storage, 'storage').append({ state: { term: 1, vote: null }, entries: [] });
  await cluster.start(machine);
  expect((await cluster.put(machine, 'a', '1')).revision).toBe(2);
});
