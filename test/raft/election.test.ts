import { describe, expect, test } from 'bun:test';
import { RaftCluster } from '../support/raft-cluster.ts';
import { idOf, votersUpTo } from '../support/raft-members.ts';

describe('the election timeout', () => {
  test('is drawn from once to twice the shortest, and not always the same', () => {
    const { state } = RaftCluster.of(1).node(1);
    const drawn = new Set<number>();
    for (let i = 0; i < 500; i += 1) {
      state.resetElectionTimer();
      drawn.add(state.electionTimeout);
    }
    expect([...drawn].toSorted((a, b) => a - b)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });

  test('is drawn anew for each attempt', () => {
    const cluster = RaftCluster.of(3);
    const seen = new Set<number>();
    for (let i = 0; i < 20; i += 1) {
      seen.add(cluster.node(1).state.electionTimeout);
      cluster.timeOut(1);
    }
    expect(seen.size).toBeGreaterThan(3);
  });
});

test("a candidate's own vote does not count when only something older is durable", () => {
  const cluster = RaftCluster.of(1);
  const node = cluster.node(1);
  node.diskIsSlow = true;
  node.run((raft) => raft.step(vote(3)));
  cluster.forgetLeaders();
  node.run((raft) => raft.campaign());
  expect(node.writing).toBe(2);
  node.persist();
  expect(node.state.role.name).toBe('candidate');
  node.persist();
  expect(node.state.role.name).toBe('leader');
});

test('answers to an earlier round of questions count for nothing', () => {
  const cluster = RaftCluster.of(5);
  cluster.timeOut(1);
  cluster.deliver();
  const late = cluster.queue;
  cluster.queue = [];
  cluster.timeOut(1);
  for (const answer of late) cluster.deliverOne(answer);
  expect(cluster.node(1).state.role.name).toBe('pre-candidate');
  cluster.settle();
  expect(cluster.node(1).isLeader).toBe(true);
});

test('a vote that is given twice counts once', () => {
  const cluster = RaftCluster.of(5);
  cluster.node(1).run((raft) => raft.campaign());
  cluster.deliver((message) => message.to === idOf(2));
  const [granted] = cluster.queue.filter((message) => message.from === idOf(2));
  if (granted === undefined) throw new Error('no vote');
  for (let i = 0; i < 3; i += 1) cluster.deliverOne(granted);
  expect(cluster.node(1).state.role.name).toBe('candidate');
});

test('the same candidate is answered the same again, and needs no disk for it', () => {
  const cluster = RaftCluster.of(3);
  const node = cluster.node(1);
  node.run((raft) => raft.step(vote(2)));
  node.diskIsSlow = true;
  node.run((raft) => raft.step(vote(2)));
  expect(node.writing).toBe(0);
  const granted = cluster.queue.map((message) => 'granted' in message && message.granted);
  expect(granted).toEqual([true, true]);
});

test('giving a vote puts off the own campaign; refusing it does not', () => {
  const cluster = new RaftCluster();
  const configuration = votersUpTo(3);
  cluster.add(1, { terms: [1, 1], configuration, state: { term: 2, vote: null } });
  cluster.tick(1, 5);
  const { state } = cluster.node(1);
  cluster.node(1).run((raft) => raft.step({ ...vote(2), lastIndex: 1 }));
  expect(state.electionElapsed).toBe(5);
  cluster.node(1).run((raft) => raft.step({ ...vote(2), lastIndex: 2 }));
  expect(state.electionElapsed).toBe(0);
});

/** A request of n2 for a vote in `term`. */
function vote(term: number) {
  const end = { lastIndex: 1, lastTerm: 1 };
  const envelope = { from: idOf(2), to: idOf(1), term, seq: 1 };
  return { type: 'vote', ...envelope, ...end, transfer: false } as const;
}
