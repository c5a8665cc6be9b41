/** What a membership that is being left still owes to its members (thesis §4.2.2, §4.2.3). */
import { expect, test } from 'bun:test';
import { RaftCluster } from '../support/raft-cluster.ts';
import { idOf } from '../support/raft-members.ts';

const remove = (n: number) => ({ type: 'remove', id: idOf(n) }) as const;

test('a leader whose removal is only in the log of one node is listened to', () => {
  const cluster = RaftCluster.of(3);
  cluster.elect(1);
  cluster.isolate(1);
  cluster.node(1).run((raft) => raft.proposeChange(remove(3), null, 0));
  cluster.settle();
  cluster.heal();
  cluster.node(1).run((raft) => raft.stepDown());
  cluster.elect(3);
  cluster.isolate(2);
  cluster.tick(3, 3);
  cluster.settle();

  expect(cluster.node(3).isLeader).toBe(true);
  expect(cluster.node(1).state.leader).toBe(idOf(3));
  expect(cluster.node(1).state.voters).toEqual([idOf(1), idOf(2), idOf(3)]);
});

test('a member whose removal is committed is not listened to', () => {
  const cluster = RaftCluster.of(3);
  cluster.elect(1);
  cluster.node(1).run((raft) => raft.proposeChange(remove(3), null, 0));
  cluster.settle();
  cluster.forgetLeaders();
  const before = cluster.queue.length;
  cluster.timeOut(3);
  cluster.settle();

  expect(before).toBe(0);
  expect(cluster.node(3).state.role.name).toBe('pre-candidate');
  expect(cluster.node(1).state.term).toBe(2);
});

test('a node outside its newest configuration still campaigns, not counting itself', () => {
  const cluster = RaftCluster.of(2);
  cluster.elect(1);
  cluster.isolate(1);
  cluster.node(1).run((raft) => raft.proposeChange(remove(1), null, 0));
  cluster.settle();
  cluster.node(1).crash();
  cluster.node(1).restart();
  cluster.heal();

  // Only n1 can win: its log is longer, and n2 knows of no removal yet.
  cluster.forgetLeaders();
  cluster.timeOut(1);
  expect(cluster.node(1).state.role.name).toBe('pre-candidate');
  cluster.settle();

  expect(cluster.node(1).state.role.name).toBe('follower');
  expect(cluster.node(2).isLeader).toBe(true);
  expect(cluster.node(2).state.voters).toEqual([idOf(2)]);
});

test('a member that is told of its removal does not campaign, until it hears a leader', () => {
  const cluster = RaftCluster.of(3);
  cluster.elect(1);
  cluster.isolate(3);
  cluster.timeOut(3);
  expect(cluster.node(3).state.role.name).toBe('pre-candidate');
  cluster.node(3).run((raft) => raft.disowned(idOf(2)));
  expect(cluster.node(3).state.role.name).toBe('follower');
  cluster.queue = [];
  cluster.tick(3, 100);
  expect(cluster.queue).toEqual([]);
  expect(cluster.node(3).run((raft) => raft.campaign())).toBe(false);

  cluster.heal();
  cluster.tick(1, 3);
  cluster.settle();
  cluster.isolate(3);
  cluster.timeOut(3);
  expect(cluster.node(3).state.role.name).toBe('pre-candidate');
});

test('a recovering member that is told of its removal asks nobody any more', () => {
  const cluster = RaftCluster.of(3);
  cluster.elect(1);
  cluster.node(3).crash();
  cluster.node(3).restart(true);
  cluster.node(3).run((raft) => raft.disowned(idOf(2)));
  cluster.tick(3, 100);
  expect(cluster.queue).toEqual([]);
});
