/** Watches on whole nodes: which node it is, and who leads, makes no difference. */
import { describe, expect, test } from 'bun:test';
import type { WatchSpec } from '../../../src/node/watch/watch.ts';
import { type Machine, NodeCluster } from '../support/node-cluster.ts';
import { watch as outcomeOf } from '../support/outcome.ts';
import { EVERYTHING, Recorder, specOf } from '../support/watch-rig.ts';

async function open(cluster: NodeCluster, machine: Machine, given: Partial<WatchSpec> = {}) {
  const spec = specOf(EVERYTHING, given);
  const opened = await cluster.done(machine.node.watch(spec, cluster.context()));
  const recorder = new Recorder(opened, spec);
  opened.start(recorder);
  return recorder;
}

async function upTo(cluster: NodeCluster, recorder: Recorder, revision: number): Promise<void> {
  await cluster.clock.until(
    `revision ${revision}`,
    () => recorder.revisions.at(-1) === revision,
    20_000,
  );
  const { from } = recorder.watch;
  expect(recorder.revisions).toEqual(
    Array.from({ length: revision - from + 1 }, (_, n) => from + n),
  );
}

async function fill(cluster: NodeCluster, machine: Machine, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await cluster.put(machine, `k${n}`, 'x'.repeat(50));
}

describe('a watch on a node that lags', () => {
  test('knows all that was acknowledged before it, and tells all that is after', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    cluster.hears = (_from, to, kind) => to !== follower.id || kind !== 'append';
    await fill(cluster, leader, 3);
    expect(follower.node.store.revision).toBe(1);
    const now = outcomeOf(open(cluster, follower));
    const past = outcomeOf(open(cluster, follower, { from: 2 }));
    await cluster.clock.advance(100);
    expect([now.state, past.state]).toEqual(['open', 'open']);
    cluster.heal();
    const [fromNow, fromPast] = await Promise.all([now.promise, past.promise]);
    expect(fromNow.watch.from).toBe(5);
    await cluster.put(leader, 'a', '1');
    await upTo(cluster, fromNow, 5);
    await upTo(cluster, fromPast, 5);
  });

  test('says that history is forgotten, as every node does', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    await fill(cluster, leader, 5);
    const compaction = { kind: 'compact', revision: 4 } as const;
    await cluster.done(leader.node.propose(compaction, cluster.context()));
    for (const machine of cluster.machines) {
      const early = outcomeOf(open(cluster, machine, { from: 3 }));
      await cluster.clock.advance(100);
      expect(early.code).toBe('compacted');
      expect((await open(cluster, machine, { from: 4 })).revisions).toEqual([4, 5, 6]);
    }
  });

  test('that hears of no leader is refused in time', async () => {
    const cluster = await NodeCluster.of(3);
    await cluster.settled();
    const follower = await cluster.follower();
    cluster.isolate(follower);
    await cluster.clock.advance(2000);
    const refused = outcomeOf(open(cluster, follower, { from: 1 }));
    await cluster.clock.advance(4000);
    expect(refused.code).toBe('no-leader');
    expect(await follower.node.metrics()).toContain('etcd_debugging_mvcc_watcher_total 0');
  });
});

describe('an open watch', () => {
  test('goes on when another node leads', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const recorders: Recorder[] = [];
    for (const machine of cluster.machines) recorders.push(await open(cluster, machine));
    await fill(cluster, leader, 3);
    await cluster.done(leader.node.transferLeadership(null, cluster.context()));
    const next = await cluster.settled();
    expect(next).not.toBe(leader);
    await fill(cluster, next, 3);
    for (const recorder of recorders) await upTo(cluster, recorder, 7);
  });

  test('is silent on a node that is cut off, claims nothing, and misses nothing', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const recorder = await open(cluster, leader, { progressMs: 1000 });
    await fill(cluster, leader, 2);
    await cluster.clock.advance(1100);
    expect(recorder.progresses).toEqual([3]);
    cluster.isolate(leader);
    await cluster.clock.advance(1000);
    const others = cluster.machines.filter((machine) => machine !== leader);
    const next = await cluster.clock.until('another leader', () =>
      others.find(({ node }) => node.status().role === 'leader'),
    );
    await fill(cluster, next, 3);
    const said = recorder.progresses.length;
    await cluster.clock.advance(5000);
    expect(recorder.progresses.length).toBe(said);
    expect(new Set(recorder.progresses)).toEqual(new Set([3]));
    expect(recorder.revisions).toEqual([2, 3]);
    cluster.heal();
    await upTo(cluster, recorder, 6);
    await cluster.clock.advance(2000);
    expect(recorder.progresses.at(-1)).toBe(6);
  });

  test('is told what a snapshot brings, each revision once', async () => {
    const limits = { snapshotWalBytes: 1000, retainEntries: 0 };
    const cluster = await NodeCluster.of(3, { limits });
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    const recorder = await open(cluster, follower, { progressMs: 1000 });
    cluster.isolate(follower);
    await fill(cluster, leader, 30);
    expect(recorder.revisions).toEqual([]);
    cluster.heal();
    await upTo(cluster, recorder, 31);
    expect(follower.node.status().snapshotIndex).toBeGreaterThan(1);
    for (const revision of recorder.progresses) expect([1, 31]).toContain(revision);
    await fill(cluster, leader, 2);
    await upTo(cluster, recorder, 33);
  });

  test('ends where a snapshot has forgotten what comes next', async () => {
    const limits = { snapshotWalBytes: 1000, retainEntries: 0 };
    const cluster = await NodeCluster.of(3, { limits });
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    const recorder = await open(cluster, follower);
    cluster.isolate(follower);
    await fill(cluster, leader, 10);
    const compaction = { kind: 'compact', revision: 7 } as const;
    await cluster.done(leader.node.propose(compaction, cluster.context()));
    await fill(cluster, leader, 20);
    cluster.heal();
    await cluster.clock.until('the end', () => recorder.end, 20_000);
    expect([recorder.end, recorder.revisions]).toEqual([
      { reason: 'compacted', compactRevision: 7 },
      [],
    ]);
  });

  test('ends with the node, and goes on from there on another', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const follower = await cluster.follower();
    const recorder = await open(cluster, follower);
    await fill(cluster, leader, 2);
    await upTo(cluster, recorder, 3);
    await cluster.done(follower.node.stop());
    expect(recorder.end).toEqual({ reason: 'shutdown', revision: 4 });
    await fill(cluster, leader, 2);
    const resumed = await open(cluster, leader, { from: 4 });
    await upTo(cluster, resumed, 5);
    const late = outcomeOf(open(cluster, follower));
    await cluster.clock.advance(10);
    expect(late.code).toBe('shutting-down');
  });

  test('counts in the figures', async () => {
    const cluster = await NodeCluster.of(1);
    const leader = await cluster.settled();
    const recorder = await open(cluster, leader);
    await fill(cluster, leader, 3);
    const text = await leader.node.metrics();
    expect(text).toContain('\netcd_debugging_mvcc_watcher_total 1\n');
    expect(text).toContain('\netcd_debugging_mvcc_slow_watcher_total 0\n');
    expect(text).toContain('\netcd_debugging_mvcc_events_total 3\n');
    recorder.watch.close('slow');
    const after = await leader.node.metrics();
    expect(after).toContain('\netcd_debugging_mvcc_watcher_total 0\n');
    expect(after).toContain('\nabcd_watch_slow_cancels_total 1\n');
  });
});
