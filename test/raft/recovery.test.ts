import { describe, expect, test } from 'bun:test';
import { must } from '../../src/lib/assert.ts';
import type { LogIndex, Term } from '../../src/raft/entry.ts';
import type { AppendRequest, PreVoteResponse } from '../../src/raft/message.ts';
import { allowsCandidate } from '../../src/raft/recovery.ts';
import { RaftCluster } from '../support/raft-cluster.ts';
import { idOf, votersUpTo } from '../support/raft-members.ts';
import type { RaftNode } from '../support/raft-node.ts';

/** n1 of three, with a log of these terms, in term 3, recovering. */
function recovering(terms: readonly Term[] = [1, 2, 3]): RaftNode {
  const cluster = new RaftCluster();
  cluster.oracle.othersAreMadeUp = true;
  const configuration = votersUpTo(3);
  const node = cluster.add(1, { terms, configuration, state: { term: 3, vote: null } });
  node.restart(true);
  return node;
}

/** Begins a survey and returns an answer to it. */
function report(node: RaftNode, from: number, end: [LogIndex, Term], term = 3): PreVoteResponse {
  const recovery = must(node.state.recovery, 'a recovery');
  if (recovery.surveySeqs.size === 0) {
    node.run((raft) => {
      while (recovery.surveySeqs.size === 0) raft.tick();
    });
  }
  const seq = must([...recovery.surveySeqs][0], 'a question');
  const [lastIndex, lastTerm] = end;
  const envelope = { from: idOf(from), to: idOf(1), term, seq };
  return { type: 'pre-vote-response', ...envelope, lastIndex, lastTerm, granted: false };
}

function answer(node: RaftNode, from: number, end: [LogIndex, Term], term = 3): void {
  const message = report(node, from, end, term);
  node.run((raft) => raft.step(message));
}

/** An append of n2, leader of term 3, behind entry `prevIndex`. */
function append(node: RaftNode, prevIndex: LogIndex, noted: boolean): AppendRequest {
  const recovery = noted ? must(node.state.recovery, 'a recovery').id : 0;
  const prevTerm = must(node.state.log.term(prevIndex), 'a term');
  const envelope = { from: idOf(2), to: idOf(1), term: 3, seq: 1 };
  const body = { entries: [], commitIndex: 2, round: 0, recovery };
  return { type: 'append', ...envelope, prevIndex, prevTerm, ...body };
}

test('an answer to the survey of an earlier life is no report', () => {
  const node = recovering();
  const late = [2, 3].map((from) => report(node, from, [1, 1]));
  node.restart(true);
  // The same number of questions is asked again.
  report(node, 2, [1, 1]);
  for (const message of late) node.run((raft) => raft.step(message));
  expect(node.state.recovery?.reports.size).toBe(0);
});

describe('a leader confirms the log', () => {
  test('when it has noted the recovery, and its own entry is verified', () => {
    const node = recovering();
    node.run((raft) => raft.step(append(node, 3, true)));
    expect(node.state.recovery).toBeNull();
  });

  test('not before it has noted the recovery', () => {
    const node = recovering();
    node.run((raft) => raft.step(append(node, 3, false)));
    expect(node.state.recovery).not.toBeNull();
  });

  test('not with an entry of an older term', () => {
    const node = recovering();
    node.run((raft) => raft.step(append(node, 2, true)));
    expect(node.state.recovery).not.toBeNull();
  });

  test('not below what is committed', () => {
    const node = recovering([1, 3, 3]);
    node.run((raft) => raft.step({ ...append(node, 2, true), commitIndex: 3 }));
    expect(node.state.recovery).not.toBeNull();
  });

  test('and the vote of the term counts as given', () => {
    const node = recovering();
    node.run((raft) => raft.step(append(node, 3, true)));
    expect(node.disk.state).toEqual({ term: 3, vote: idOf(1) });
  });
});

describe('the others’ reports', () => {
  test('settle a log that is as new as all of them', () => {
    const node = recovering();
    answer(node, 2, [3, 3]);
    expect(node.state.recovery).not.toBeNull();
    answer(node, 3, [9, 2]);
    expect(node.state.recovery).toBeNull();
  });

  test('settle nothing while one of them is newer', () => {
    const node = recovering();
    answer(node, 2, [4, 3]);
    answer(node, 3, [1, 1]);
    expect(node.state.recovery).not.toBeNull();
  });

  test('bring the highest term, whose vote counts as given', () => {
    const node = recovering();
    answer(node, 2, [1, 1], 3);
    answer(node, 3, [1, 1], 3);
    expect(node.disk.state).toEqual({ term: 3, vote: idOf(1) });
    const later = recovering();
    answer(later, 2, [1, 1], 3);
    answer(later, 3, [1, 1], 8);
    expect(later.disk.state).toEqual({ term: 8, vote: idOf(1) });
  });

  test('of an earlier survey do not count', () => {
    const node = recovering();
    const early = report(node, 2, [1, 1]);
    node.run((raft) => {
      for (let i = 0; i < 20; i += 1) raft.tick();
    });
    node.run((raft) => raft.step(early));
    expect(must(node.state.recovery, 'a recovery').reports.size).toBe(0);
  });
});

test('requests of a life have numbers far from those of any other life', () => {
  // An answer to the life before would say how things were then.
  const node = recovering();
  const numbers: number[] = [];
  for (let life = 0; life < 50; life += 1) {
    node.restart(true);
    numbers.push(node.state.upcomingSeq);
  }
  const ascending = numbers.toSorted((a, b) => a - b);
  for (let at = 1; at < ascending.length; at += 1) {
    const gap = must(ascending[at], 'a number') - must(ascending[at - 1], 'a number');
    expect(gap).toBeGreaterThanOrEqual(2 ** 20);
  }
});

describe('a recovering node votes', () => {
  const candidate = (lastIndex: LogIndex, lastTerm: Term, term: Term) => {
    const envelope = { from: idOf(2), to: idOf(1), term, seq: 1 };
    return { type: 'vote', ...envelope, lastIndex, lastTerm, transfer: false } as const;
  };

  test('only when all have reported', () => {
    const node = recovering();
    expect(allowsCandidate(node.state, candidate(9, 9, 9))).toBe(false);
    answer(node, 2, [4, 3]);
    expect(allowsCandidate(node.state, candidate(9, 9, 9))).toBe(false);
    answer(node, 3, [3, 3]);
    expect(allowsCandidate(node.state, candidate(9, 9, 9))).toBe(true);
  });

  test('only for a log as new as every report and its own', () => {
    const node = recovering();
    answer(node, 2, [4, 3]);
    answer(node, 3, [2, 2]);
    expect(allowsCandidate(node.state, candidate(3, 3, 9))).toBe(false);
    expect(allowsCandidate(node.state, candidate(4, 3, 9))).toBe(true);
  });

  test('only in a term that nobody has reported', () => {
    const node = recovering();
    answer(node, 2, [4, 3], 3);
    answer(node, 3, [2, 2], 3);
    expect(allowsCandidate(node.state, candidate(4, 3, 3))).toBe(false);
    expect(allowsCandidate(node.state, candidate(4, 3, 4))).toBe(true);
  });
});

test('a survey does not keep a silent leader alive', () => {
  const node = recovering();
  node.run((raft) => raft.step(append(node, 2, false)));
  expect(node.state.leaderIsAlive).toBe(true);
  node.run((raft) => {
    while (must(raft.state.recovery, 'a recovery').surveySeqs.size === 0) raft.tick();
  });
  expect(node.state.leaderIsAlive).toBe(false);
});

test('a recovering node campaigns neither by itself nor when asked', () => {
  const node = recovering();
  node.run((raft) => {
    for (let i = 0; i < 40; i += 1) raft.tick();
  });
  node.run((raft) => raft.step({ ...append(node, 3, false), type: 'timeout-now' }));
  expect(node.run((raft) => raft.campaign())).toBe(false);
  expect(node.state.role.name).toBe('follower');
  expect(node.state.term).toBe(3);
});

describe('a cluster that is being founded', () => {
  const founding = (): RaftNode => recovering([1]);

  test('does not wait for all, once a majority has nothing but the founding entry', () => {
    const node = founding();
    answer(node, 3, [1, 1], 1);
    expect(node.state.recovery).toBeNull();
  });

  test('has begun, if anybody has more', () => {
    const node = founding();
    answer(node, 2, [2, 2]);
    expect(node.state.recovery).not.toBeNull();
    answer(node, 3, [1, 1], 1);
    expect(node.state.recovery).not.toBeNull();
  });

  test('is none for a node that has more itself', () => {
    const node = recovering();
    answer(node, 3, [1, 1], 1);
    expect(node.state.recovery).not.toBeNull();
  });
});
