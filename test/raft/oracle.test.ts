/** Each rule of the oracle is shown something that breaks it. */
import { describe, expect, test } from 'bun:test';
import { createEntry } from '../../src/raft/entry.ts';
import type { AppendResponse, VoteResponse } from '../../src/raft/message.ts';
import { RaftCluster } from '../support/raft-cluster.ts';
import { idOf, put } from '../support/raft-members.ts';

describe('the oracle objects to', () => {
  test('two leaders of one term', () => {
    const cluster = RaftCluster.of(3);
    cluster.elect(1);
    cluster.node(2).state.term = 2;
    expect(() => cluster.oracle.elected(cluster.node(2))).toThrow('two leaders in term 2');
  });

  test('a leader without a committed entry', () => {
    const cluster = RaftCluster.of(3);
    cluster.elect(1);
    const late = cluster.node(2);
    late.state.log.truncateFrom(2);
    late.state.term = 3;
    expect(() => cluster.oracle.elected(late)).toThrow('leader 2 of term 3 holds 2@null');
  });

  test('two entries of the same index and term', () => {
    const cluster = RaftCluster.of(3);
    cluster.elect(1);
    const other = createEntry(2, 2, put('other'));
    expect(() => cluster.oracle.appended(cluster.node(2), [other])).toThrow('two entries 2@2');
  });

  test('a commit without a quorum of copies', () => {
    const cluster = RaftCluster.of(3);
    cluster.elect(1);
    cluster.node(1).run((raft) => raft.propose(put('x')));
    const commit = () => cluster.oracle.committed(cluster.node(1), 3, cluster.nodes);
    expect(commit).toThrow('n1 commits 3@2 with copies at 1');
  });

  test('applying what nobody committed, or something else', () => {
    const cluster = RaftCluster.of(3);
    cluster.elect(1);
    const { oracle } = cluster;
    const node = cluster.node(1);
    expect(() => oracle.applied(node, createEntry(9, 2, put('x')))).toThrow('9 uncommitted');
    expect(() => oracle.applied(node, createEntry(2, 2, put('x')))).toThrow('applies 2@2');
  });

  test('a stale read', () => {
    const cluster = RaftCluster.of(3);
    cluster.elect(1);
    cluster.oracle.readBegun(1);
    expect(() => cluster.oracle.readAnswered(1, 1)).toThrow('read 1 at 1 < 2');
    expect(() => cluster.oracle.readAnswered(2, 1)).toThrow('unknown read 2');
  });

  test('a promise that is not on disk', () => {
    const cluster = RaftCluster.of(3);
    cluster.elect(1);
    const { oracle } = cluster;
    const node = cluster.node(2);
    const envelope = { from: idOf(2), to: idOf(3), seq: 1 };
    const logEnd = { lastIndex: 2, lastTerm: 2 };
    const vote = { type: 'vote-response', granted: true, ...logEnd, ...envelope } as const;
    const first: VoteResponse = { ...vote, term: 3 };
    expect(() => oracle.sent(node, first)).toThrow('of term 3 but 2 on disk');
    const second: VoteResponse = { ...vote, term: 2 };
    expect(() => oracle.sent(node, second)).toThrow('but 1 on disk');
    const ok = { ok: true, index: 3, conflictTerm: 0, round: 0, recovery: 0 };
    const answer: AppendResponse = { type: 'append-response', term: 2, ...ok, ...envelope };
    expect(() => oracle.sent(node, answer)).toThrow('confirms 3 but disk ends at 2');
  });
});
