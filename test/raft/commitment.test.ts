import { describe, expect, test } from 'bun:test';
import { must } from '../../src/lib/assert.ts';
import { commitVerified, maybeCommit } from '../../src/raft/commitment.ts';
import { RaftCluster } from '../support/raft-cluster.ts';
import { idOf, put, votersUpTo } from '../support/raft-members.ts';
import type { RaftNode } from '../support/raft-node.ts';

/** n1 leads term 3 with a log of terms 1, 2, 2, 3 (its no-op), and has heard no confirmation. */
function leaderOf(size: number): RaftNode {
  const cluster = new RaftCluster();
  cluster.oracle.othersAreMadeUp = true;
  const configuration = votersUpTo(size);
  for (let n = 1; n <= size; n += 1) {
    cluster.add(n, { terms: n === 1 ? [1, 2, 2] : [1], configuration });
  }
  const node = cluster.node(1);
  node.run((raft) => raft.campaign());
  while (!node.isLeader) cluster.deliver();
  return node;
}

function confirm(node: RaftNode, member: number, index: number): void {
  const { role } = node.state;
  if (role.name !== 'leader') throw new Error('not a leader');
  must(role.progress.get(idOf(member)), 'a follower').advance(index);
}

describe('a leader commits', () => {
  test('what a majority holds, its own copy included', () => {
    const { state } = leaderOf(3);
    expect(maybeCommit(state)).toBe(false);
  });

  test('up to the highest index of a majority, at once', () => {
    const node = leaderOf(5);
    confirm(node, 2, 4);
    expect(maybeCommit(node.state)).toBe(false);
    confirm(node, 3, 4);
    expect(maybeCommit(node.state)).toBe(true);
    expect(node.state.commitIndex).toBe(4);
    expect(maybeCommit(node.state)).toBe(false);
  });

  test('no entry of an older term by itself (§5.4.2)', () => {
    const node = leaderOf(3);
    confirm(node, 2, 3);
    confirm(node, 3, 3);
    expect(maybeCommit(node.state)).toBe(false);
    confirm(node, 3, 4);
    expect(maybeCommit(node.state)).toBe(true);
  });

  test('nothing on the strength of its own copy before that is durable', () => {
    const node = leaderOf(3);
    node.diskIsSlow = true;
    node.run((raft) => raft.propose(put('x')));
    confirm(node, 2, 5);
    maybeCommit(node.state);
    expect(node.state.commitIndex).toBe(4);
    node.persistAll();
    expect(node.state.commitIndex).toBe(5);
  });
});

test('a follower commits nothing, whatever it counts', () => {
  const cluster = RaftCluster.of(1);
  expect(maybeCommit(cluster.node(1).state)).toBe(false);
});

describe('a follower takes the commit index over', () => {
  /** A follower with four entries, none known to be committed. */
  const follower = () => {
    const cluster = new RaftCluster();
    return cluster.add(1, { terms: [1, 1, 1, 1], configuration: votersUpTo(3) }).state;
  };

  test('as far as its log was verified', () => {
    const state = follower();
    expect(commitVerified(state, 9, 3)).toBe(true);
    expect(state.commitIndex).toBe(3);
  });

  test('as far as the leader has got', () => {
    const state = follower();
    expect(commitVerified(state, 2, 4)).toBe(true);
    expect(state.commitIndex).toBe(2);
  });

  test('never back', () => {
    const state = follower();
    commitVerified(state, 3, 3);
    expect(commitVerified(state, 2, 4)).toBe(false);
    expect(state.commitIndex).toBe(3);
  });

  test('never beyond its log', () => {
    expect(() => commitVerified(follower(), 9, 9)).toThrow('commit 9 beyond log 4');
  });
});
