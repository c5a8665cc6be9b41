import { expect, test } from 'bun:test';
import { bestSuccessor } from '../../src/raft/transfer.ts';
import { RaftCluster } from '../support/raft-cluster.ts';
import { idOf, put } from '../support/raft-members.ts';

function led(size: number): RaftCluster {
  const cluster = RaftCluster.of(size);
  cluster.elect(1);
  return cluster;
}

function successorOf(cluster: RaftCluster) {
  const { state } = cluster.node(1);
  if (state.role.name !== 'leader') throw new Error('not a leader');
  return bestSuccessor(state, state.role);
}

test('the best successor is the one whose log reaches farthest', () => {
  const cluster = led(3);
  cluster.cut(1, 2);
  cluster.node(1).run((raft) => raft.propose(put('x')));
  cluster.settle();
  expect(successorOf(cluster)).toBe(idOf(3));
});

test('who is silent is the best successor only if all are', () => {
  const cluster = led(3);
  cluster.cut(1, 2);
  cluster.cut(3, 1);
  cluster.node(1).run((raft) => raft.propose(put('x')));
  cluster.tick(1, 9);
  cluster.heal();
  cluster.cut(3, 1);
  cluster.settle();
  cluster.tick(1, 3);
  cluster.settle();
  expect(successorOf(cluster)).toBe(idOf(2));
  cluster.isolate(1);
  cluster.tick(1, 7);
  expect(successorOf(cluster)).not.toBeNull();
});

test('a leader alone has no successor', () => {
  const result = led(1)
    .node(1)
    .run((raft) => raft.transferLeadership(null));
  expect(result).toEqual({ ok: false, code: 'no-other-voter' });
});

test('asking again for the same target is no second transfer', () => {
  const cluster = led(3);
  cluster.node(1).run((raft) => raft.transferLeadership(idOf(2)));
  cluster.node(1).run((raft) => raft.transferLeadership(idOf(2)));
  expect(cluster.queue.map((message) => message.type)).toEqual(['timeout-now']);
});

test('reads go on during a transfer', () => {
  const cluster = led(3);
  cluster.cut(1, 2);
  cluster.node(1).run((raft) => raft.transferLeadership(idOf(2)));
  cluster.oracle.readBegun(7);
  cluster.node(1).run((raft) => raft.readIndex(7));
  cluster.settle();
  expect(cluster.reads).toEqual([{ context: 7, index: 2 }]);
});

test('a target that hears of it too late disturbs, but no more than an election', () => {
  const cluster = led(3);
  cluster.node(1).run((raft) => raft.transferLeadership(idOf(2)));
  const late = cluster.queue.splice(0);
  cluster.tick(1, 9);
  cluster.settle();
  cluster.tick(1, 1);
  cluster.settle();
  expect(cluster.node(1).run((raft) => raft.propose(put('x'))).ok).toBe(true);
  cluster.settle();
  cluster.queue = late;
  cluster.settle();
  expect(cluster.node(2).isLeader).toBe(true);
  expect(cluster.node(2).state.commitIndex).toBe(4);
});
