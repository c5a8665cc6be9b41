import { expect, test } from 'bun:test';
import { RaftCluster } from '../support/raft-cluster.ts';
import { idOf, put } from '../support/raft-members.ts';

/** A cluster of `size` that n1 leads, and a way to read on any node. */
function led(size: number) {
  const cluster = RaftCluster.of(size);
  cluster.elect(1);
  const read = (number: number, context: number) => {
    cluster.oracle.readBegun(context);
    cluster.node(number).run((raft) => raft.readIndex(context));
  };
  return { cluster, read };
}

test('a leader alone confirms itself', () => {
  const { cluster, read } = led(1);
  read(1, 7);
  expect(cluster.reads).toEqual([{ context: 7, index: 2 }]);
});

test('the index is the commit index when the round began, not when it ends', () => {
  const { cluster, read } = led(3);
  read(1, 7);
  cluster.node(1).run((raft) => raft.propose(put('x')));
  cluster.settle();
  expect(cluster.node(1).state.commitIndex).toBe(3);
  expect(cluster.reads).toEqual([{ context: 7, index: 2 }]);
});

test('a minority of answers confirms nothing', () => {
  const { cluster, read } = led(5);
  read(1, 7);
  cluster.deliver();
  cluster.deliver((message) => message.from === idOf(2));
  expect(cluster.reads).toEqual([]);
  cluster.deliver((message) => message.from === idOf(3));
  expect(cluster.reads).toEqual([{ context: 7, index: 2 }]);
});

test('a round ends when the member it waits for is removed', () => {
  const { cluster, read } = led(2);
  read(1, 7);
  cluster.queue = [];
  expect(cluster.reads).toEqual([]);
  cluster.node(1).run((raft) => raft.proposeChange({ type: 'remove', id: idOf(2) }, null, 0));
  read(1, 8);
  expect(cluster.reads.map(({ context }) => context)).toEqual([7, 8]);
});

test('a refusal in the same term confirms the leader too', () => {
  const { cluster, read } = led(3);
  read(1, 7);
  const [request] = cluster.queue.filter((message) => message.to === idOf(2));
  if (request?.type !== 'append') throw new Error('no heartbeat');
  cluster.queue = [];
  cluster.deliverOne({ ...request, prevIndex: 9, prevTerm: 2 });
  cluster.settle();
  expect(cluster.reads).toEqual([{ context: 7, index: 2 }]);
});

test('answers of learners do not count', () => {
  const { cluster, read } = led(2);
  cluster.add(3);
  const member = { ...cluster.node(1).state.history.latest.members[0], id: idOf(3) };
  const joined = { type: 'add-learner', member: { ...member, learner: true } };
  cluster.node(1).run((raft) => raft.proposeChange(joined as never, null, 0));
  cluster.settle();
  read(1, 7);
  cluster.drop((message) => message.to === idOf(2));
  cluster.settle();
  expect(cluster.reads).toEqual([]);
});

test('a follower gets one answer for each attempt, by its context', () => {
  const { cluster, read } = led(3);
  read(2, 7);
  read(2, 8);
  read(3, 9);
  cluster.settle();
  const contexts = cluster.reads.map((state) => state.context);
  expect(contexts.toSorted((a, b) => a - b)).toEqual([7, 8, 9]);
});

test('a follower that asks who leads no more is told so', () => {
  const { cluster, read } = led(3);
  read(2, 7);
  cluster.node(1).run((raft) => raft.stepDown());
  cluster.settle();
  expect(cluster.reads).toEqual([{ context: 7, index: null }]);
});

test('reads that wait and reads that are being confirmed both end with the leadership', () => {
  const { cluster, read } = led(3);
  read(1, 7);
  read(1, 8);
  cluster.node(1).run((raft) => raft.stepDown());
  expect(cluster.reads).toEqual([
    { context: 7, index: null },
    { context: 8, index: null },
  ]);
});
