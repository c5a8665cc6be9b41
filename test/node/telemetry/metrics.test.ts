import { expect, test } from 'bun:test';
import { DEFAULT_LIMITS } from '../../../src/node/options.ts';
import { ApiError } from '../../../src/wire/errors.ts';
import { problemOf } from '../../../src/wire/problem.ts';
import { NodeCluster } from '../support/node-cluster.ts';

function figure(text: string, name: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
}

test('the figures are those of the node', async () => {
  const cluster = await NodeCluster.of(3);
  const leader = await cluster.settled();
  const follower = await cluster.follower();
  for (let n = 0; n < 5; n += 1) await cluster.put(leader, 'a', String(n));
  const status = leader.node.status();
  const text = await leader.node.metrics();
  expect(figure(text, 'etcd_server_has_leader')).toBe(1);
  expect(figure(text, 'etcd_server_is_leader')).toBe(1);
  expect(figure(await follower.node.metrics(), 'etcd_server_is_leader')).toBe(0);
  expect(figure(text, 'etcd_server_proposals_committed_total')).toBe(status.commitIndex);
  expect(figure(text, 'etcd_server_proposals_applied_total')).toBe(status.appliedIndex);
  expect(figure(text, 'etcd_server_proposals_pending')).toBe(0);
  expect(figure(text, 'etcd_debugging_mvcc_current_revision')).toBe(6);
  expect(figure(text, 'abcd_term')).toBe(status.term);
  expect(figure(text, 'etcd_disk_wal_fsync_duration_seconds_count')).toBeGreaterThanOrEqual(5);
  expect(figure(text, 'abcd_wal_batch_entries_sum')).toBeGreaterThanOrEqual(5);
  for (const line of text.split('\n').filter((one) => one !== '')) {
    expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|[a-z_]+(\{(le|name)="[^"]+"\})? [-+.\dInfae]+)$/);
  }
});

test('limits have their values, and refusals for them are counted', async () => {
  const limits = { quotaBytes: 5000, pendingProposals: 77 };
  const cluster = await NodeCluster.of(1, { limits });
  const { node } = await cluster.settled();
  await cluster.put(cluster.machine(1), 'a', 'x'.repeat(6000)).catch((error: unknown) => {
    if (error instanceof ApiError) node.refused(problemOf(error));
  });
  const { pendingReads } = DEFAULT_LIMITS;
  const refusal = new ApiError('too-many-requests', 'x', { limitName: 'pending-reads' });
  node.refused(problemOf(refusal));
  node.refused(problemOf(refusal));
  node.refused(problemOf(new ApiError('too-many-requests', 'x', { limitName: 'toString' })));
  node.refused(problemOf(new ApiError('key-not-found', 'x')));
  const text = await node.metrics();
  const named = (metric: string) => {
    const lines = text.split('\n').filter((line) => line.startsWith(`${metric}{name="`));
    return new Map(lines.map((line) => [line.split('"')[1], Number(line.split(' ')[1])]));
  };
  expect(named('abcd_limit').get('quota-bytes')).toBe(5000);
  expect(named('abcd_limit').get('pending-proposals')).toBe(77);
  expect(named('abcd_limit').get('pending-reads')).toBe(pendingReads);
  const refusals = [...named('abcd_limit_refusals_total')].filter(([, count]) => count > 0);
  expect(refusals).toEqual([
    ['pending-reads', 2],
    ['quota-bytes', 1],
  ]);
  expect(figure(text, 'abcd_store_bytes')).toBe(node.store.sizeBytes);
  expect(figure(text, 'etcd_server_quota_backend_bytes')).toBe(5000);
});

test('changes of leader and failed writes are counted', async () => {
  const cluster = await NodeCluster.of(3);
  const leader = await cluster.settled();
  const follower = await cluster.follower();
  expect(figure(await follower.node.metrics(), 'etcd_server_leader_changes_seen_total')).toBe(1);
  await cluster.done(leader.node.transferLeadership(follower.id, cluster.context()));
  await cluster.settled();
  expect(figure(await follower.node.metrics(), 'etcd_server_leader_changes_seen_total')).toBe(2);
  const stranger = '9' as typeof leader.id;
  const refused = follower.node.transferLeadership(stranger, cluster.context());
  await expect(cluster.done(refused)).rejects.toThrow();
  await cluster.clock.advance(100);
  expect(figure(await follower.node.metrics(), 'etcd_server_proposals_failed_total')).toBe(1);
});

test('the state for people shows the log and each follower', async () => {
  const cluster = await NodeCluster.of(3);
  const leader = await cluster.settled();
  for (let n = 0; n < 100; n += 1) await cluster.put(leader, 'a', String(n));
  await cluster.clock.advance(100);
  const { log, progress, lastIndex, timers, role } = leader.node.consensusState();
  expect(log.map(({ index }) => index)).toEqual(
    Array.from({ length: 64 }, (_, at) => lastIndex - 63 + at),
  );
  expect(log.at(-1)?.kind).toBe('put');
  expect(progress.map(({ matchIndex }) => matchIndex)).toEqual([lastIndex, lastIndex]);
  expect(progress.every(({ recentlyActive }) => recentlyActive)).toBe(true);
  expect([role, timers.election, timers.heartbeat]).toEqual(['leader', 200, 50]);
  expect((await cluster.follower()).node.consensusState().progress).toEqual([]);
});
