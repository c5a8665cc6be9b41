/** How a leader finds out what its followers lack, when messages are lost or late. */
import { expect, test } from 'bun:test';
import { must } from '../../src/lib/assert.ts';
import type { Message } from '../../src/raft/message.ts';
import { RaftCluster } from '../support/raft-cluster.ts';
import { idOf, learner } from '../support/raft-members.ts';

const bulky = (message: Message) => message.type === 'append' && message.entries.length > 0;

test('a new member gets the log without waiting for the next write', () => {
  const cluster = RaftCluster.of(1);
  cluster.elect(1);
  cluster.add(2);
  const leader = cluster.node(1);
  leader.run((raft) => raft.proposeChange({ type: 'add-learner', member: learner(2) }, null, 0));
  cluster.settle();

  expect(cluster.node(2).state.log.lastIndex).toBe(leader.state.log.lastIndex);
});

test('a lost probe is repeated, not replaced by a snapshot', () => {
  const cluster = restartedBehindTheLeadersBase();
  cluster.drop(bulky);
  cluster.tick(1, 3);
  cluster.settle();

  expect(cluster.orders).toEqual([]);
  expect(cluster.node(2).state.log.lastIndex).toBe(cluster.node(1).state.log.lastIndex);
});

test('one that waits for a snapshot hears of commits by heartbeats only', () => {
  const cluster = RaftCluster.of(3);
  cluster.elect(1);
  cluster.isolate(2);
  for (let i = 0; i < 5; i += 1) cluster.node(1).run((raft) => raft.propose(command(i)));
  cluster.settle();
  must(cluster.node(1).compact(6), 'a snapshot');
  cluster.heal();
  for (let tick = 0; tick < 100 && cluster.orders.length === 0; tick += 1) {
    cluster.tick(1);
    cluster.settle();
  }
  expect(cluster.orders).toHaveLength(1);

  const { heartbeatTicks } = cluster.node(1).state.config;
  const sent: Message[] = [];
  for (let tick = 0; tick < 4 * heartbeatTicks; tick += 1) {
    cluster.tick(1);
    sent.push(...cluster.queue.filter((message) => message.to === idOf(2)));
    cluster.settle();
  }
  expect(sent).toHaveLength(4);
});

test('a refusal that took longer than a heartbeat still moves the probe', () => {
  const cluster = RaftCluster.of(3);
  cluster.elect(1);
  cluster.isolate(2);
  for (let i = 0; i < 5; i += 1) cluster.node(1).run((raft) => raft.propose(command(i)));
  cluster.settle();
  cluster.node(1).run((raft) => raft.stepDown());
  cluster.elect(3);
  cluster.heal();
  // Answers of n2 take two heartbeats from here on.
  for (let i = 0; i < 10 && !hasCaughtUp(cluster); i += 1) {
    cluster.tick(3, 3);
    cluster.deliver((message) => message.to === idOf(2));
    const answers = cluster.queue.filter((message) => message.from === idOf(2));
    cluster.queue = [];
    cluster.tick(3, 3);
    cluster.queue.push(...answers);
    cluster.deliver((message) => message.from === idOf(2));
  }

  expect(hasCaughtUp(cluster)).toBe(true);
});

test('a refusal from long ago sends no leader back', () => {
  const cluster = RaftCluster.of(3);
  cluster.elect(1);
  for (let i = 0; i < 5; i += 1) cluster.node(1).run((raft) => raft.propose(command(i)));
  cluster.settle();
  const leader = cluster.node(1);
  const { role, term } = leader.state;
  const progress = must(role.name === 'leader' ? role.progress.get(idOf(2)) : null, 'progress');
  leader.run((raft) => raft.propose(command(6)));
  const { nextIndex, state, matchIndex } = progress;
  expect([state, nextIndex]).toEqual(['replicate', leader.state.log.lastIndex + 1]);
  const envelope = { from: idOf(2), to: idOf(1), term, seq: progress.minSeq };
  const refusal = { ok: false, index: 1, conflictTerm: 1, round: 0, recovery: 0 };
  leader.run((raft) => raft.step({ type: 'append-response', ...envelope, ...refusal }));
  expect([progress.state, progress.nextIndex, progress.matchIndex]).toEqual([
    'replicate',
    nextIndex,
    matchIndex,
  ]);
});

function hasCaughtUp(cluster: RaftCluster): boolean {
  return cluster.node(2).state.log.lastIndex === cluster.node(3).state.log.lastIndex;
}

function command(i: number) {
  return { v: 1, kind: `k${i}`, requestId: null, at: 0, by: null };
}

/** n1 leads and has compacted its log; n2 holds it all but knows of no commit since its start. */
function restartedBehindTheLeadersBase(): RaftCluster {
  const cluster = RaftCluster.of(3);
  cluster.elect(1);
  for (let i = 0; i < 5; i += 1) cluster.node(1).run((raft) => raft.propose(command(i)));
  cluster.settle();
  must(cluster.node(1).compact(6), 'a snapshot');
  cluster.node(1).run((raft) => raft.stepDown());
  cluster.node(2).crash();
  cluster.node(2).restart();
  cluster.forgetLeaders();
  cluster.timeOut(1);
  while (!cluster.node(1).isLeader) cluster.deliver();
  return cluster;
}
