/** What the paper says of the log: replication, consistency, commitment, and snapshots. */
import { describe, expect, test } from 'bun:test';
import { createEntry } from '../../../src/raft/entry.ts';
import type { AppendRequest, AppendResponse, Message } from '../../../src/raft/message.ts';
import { RaftCluster } from '../../support/raft-cluster.ts';
import { idOf, put, votersUpTo } from '../../support/raft-members.ts';
import type { RaftNode } from '../../support/raft-node.ts';

/** A node of three with a log of these terms, that hears a leader the test makes up. */
function follower(terms: readonly number[]): { cluster: RaftCluster; node: RaftNode } {
  const cluster = new RaftCluster();
  cluster.oracle.othersAreMadeUp = true;
  const state = { term: 9, vote: null };
  const node = cluster.add(1, { terms, configuration: votersUpTo(3), state });
  return { cluster, node };
}

/** An append of n2, leader of term 9: entries of these terms behind (prevIndex, prevTerm). */
function append(
  prevIndex: number,
  prevTerm: number,
  terms: readonly number[] = [],
  commitIndex = 0,
): AppendRequest {
  const entries = terms.map((term, i) => {
    const index = prevIndex + 1 + i;
    return createEntry(index, term, put(`${index}@${term}`));
  });
  const envelope = { from: idOf(2), to: idOf(1), term: 9, seq: 1 };
  const body = { entries, commitIndex, round: 0, recovery: 0 };
  return { type: 'append', ...envelope, prevIndex, prevTerm, ...body };
}

function step(node: RaftNode, message: Message): void {
  node.run((raft) => raft.step(message));
}

function answersOf(cluster: RaftCluster): AppendResponse[] {
  return cluster.queue.filter((message) => message.type === 'append-response');
}

function termsOf(node: RaftNode): number[] {
  const { log } = node.state;
  return log.slice(log.firstIndex, log.lastIndex).map((entry) => entry.term);
}

describe('replication', () => {
  test('a leader appends a command to its log, then asks all others to take it over (§5.3)', () => {
    // init
    const cluster = RaftCluster.of(3);
    cluster.elect(1);
    // test
    cluster.node(1).run((raft) => raft.propose(put('x')));
    // check
    expect(termsOf(cluster.node(1))).toEqual([1, 2, 2]);
    const sent = cluster.queue.map((message) => {
      return message.type === 'append' && `${message.to}: ${message.prevIndex}+1`;
    });
    expect(sent).toEqual(['2: 2+1', '3: 2+1']);
  });

  test('an entry is committed once a majority holds it, and with it all before it (§5.3)', () => {
    // init
    const cluster = RaftCluster.of(5);
    cluster.elect(1);
    const leader = cluster.node(1);
    for (let i = 0; i < 3; i += 1) leader.run((raft) => raft.propose(put('x')));
    // test
    cluster.deliver((message) => message.to === idOf(2));
    cluster.deliver((message) => message.to === idOf(1));
    const withTwo = leader.state.commitIndex;
    cluster.deliver((message) => message.to === idOf(3));
    cluster.deliver((message) => message.to === idOf(1));
    // check
    expect([withTwo, leader.state.commitIndex]).toEqual([2, 5]);
  });

  test('a leader retries for as long as it takes, also after it has answered (§5.3)', () => {
    // init
    const cluster = RaftCluster.of(3);
    cluster.elect(1);
    cluster.isolate(3);
    cluster.node(1).run((raft) => raft.propose(put('x')));
    cluster.settle();
    expect(cluster.node(1).state.commitIndex).toBe(3);
    // test
    for (let i = 0; i < 50; i += 1) {
      cluster.tick(1);
      cluster.settle();
    }
    cluster.heal();
    cluster.tick(1, 3);
    cluster.settle();
    // check
    expect(termsOf(cluster.node(3))).toEqual([1, 2, 2]);
  });

  test('a follower applies an entry once it learns that it is committed (§5.3)', () => {
    // init
    const cluster = RaftCluster.of(3);
    cluster.elect(1);
    // test
    const before = cluster.node(2).appliedIndex;
    cluster.tick(1);
    cluster.settle();
    // check
    expect([before, cluster.node(2).appliedIndex]).toEqual([0, 2]);
  });

  test('entries are applied in the order of the log, each once (§5.3)', () => {
    // init
    const cluster = RaftCluster.of(3);
    cluster.elect(1);
    // test; the harness objects to any gap or repetition
    for (let i = 0; i < 20; i += 1) cluster.node(1).run((raft) => raft.propose(put(`${i}`)));
    cluster.settle();
    cluster.tick(1);
    cluster.settle();
    // check
    const applied = [1, 2, 3].map((n) => cluster.node(n).appliedIndex);
    expect(applied).toEqual([22, 22, 22]);
  });
});

describe('the consistency check', () => {
  for (const [name, terms, prevIndex, prevTerm, ok] of [
    ['lacks the entry before', [1], 3, 1, false],
    ['has another entry there', [1, 2], 2, 1, false],
    ['has the entry before', [1, 1], 2, 1, true],
    ['is asked from the very start', [1, 1], 0, 0, true],
  ] as const) {
    const verb = ok ? 'accepts' : 'refuses';
    test(`a follower that ${name} ${verb} (§5.3)`, () => {
      // init
      const { cluster, node } = follower(terms);
      // test
      step(node, append(prevIndex, prevTerm));
      // check
      expect(answersOf(cluster).map((answer) => answer.ok)).toEqual([ok]);
    });
  }

  test('a refusal names the last place where the logs may agree, skipping terms (§5.3)', () => {
    // init
    const { cluster, node } = follower([1, 1, 4, 4, 4]);
    // test
    step(node, append(5, 3));
    // check
    const [answer] = answersOf(cluster);
    expect([answer?.index, answer?.conflictTerm]).toEqual([2, 1]);
  });

  for (const [name, prevIndex, terms, expected] of [
    ['new entries are appended', 3, [2, 9], [1, 1, 2, 2, 9]],
    ['a conflicting entry goes, with all that follow it', 1, [9], [1, 9]],
    ['entries that are there already stay', 1, [1, 2], [1, 1, 2]],
    ['entries behind the ones sent stay, if there is no conflict', 1, [1], [1, 1, 2]],
    ['what is new behind what is known is appended', 1, [1, 2, 9], [1, 1, 2, 9]],
  ] as const) {
    test(`${name} (§5.3)`, () => {
      // init
      const { node } = follower([1, 1, 2]);
      // test
      step(node, append(prevIndex, prevIndex === 3 ? 2 : 1, terms));
      // check
      expect(termsOf(node)).toEqual([...expected]);
    });
  }

  test('a leader never overwrites or deletes entries of its own (§5.3, Leader Append-Only)', () => {
    // init
    const cluster = RaftCluster.of(3);
    cluster.elect(1);
    cluster.node(1).run((raft) => raft.propose(put('x')));
    // test
    const impossible = { ...append(1, 1, [2]), term: 2 };
    // check
    expect(() => step(cluster.node(1), impossible)).toThrow('two leaders in term 2');
  });

  test('a new leader finds the place from the end of its log, and makes them alike (§5.3)', () => {
    // init
    const cluster = new RaftCluster();
    const configuration = votersUpTo(3);
    const state = { term: 4, vote: null };
    cluster.add(1, { terms: [1, 1, 3, 3], configuration, state });
    cluster.add(2, { terms: [1, 1, 2, 2, 2], configuration, state });
    cluster.add(3, { terms: [1], configuration, state });
    // test
    cluster.elect(1);
    // check
    for (const n of [1, 2, 3]) expect(termsOf(cluster.node(n))).toEqual([1, 1, 3, 3, 5]);
  });
});

describe('the commit index of a follower', () => {
  for (const [name, prevIndex, terms, leaderCommit, expected] of [
    ['is that of the leader', 1, [1, 2], 2, 2],
    ['is not beyond the last new entry', 1, [1], 9, 2],
    ['is not beyond what a heartbeat verified', 2, [], 9, 2],
    ['is moved by entries it had already', 1, [1, 2], 3, 3],
  ] as const) {
    test(`${name} (§5.3)`, () => {
      // init
      const { node } = follower([1, 1, 2]);
      // test
      step(node, append(prevIndex, 1, terms, leaderCommit));
      // check
      expect(node.state.commitIndex).toBe(expected);
    });
  }

  test('never falls, whatever older messages say (§5.3)', () => {
    // init
    const { node } = follower([1, 1, 2]);
    step(node, append(1, 1, [1, 2], 3));
    // test
    step(node, append(1, 1, [1], 1));
    // check
    expect(node.state.commitIndex).toBe(3);
  });
});

describe('commitment', () => {
  test('only entries of the current term are committed by counting copies (§5.4.2)', () => {
    // init
    const cluster = new RaftCluster();
    const configuration = votersUpTo(3);
    for (const n of [1, 2, 3]) {
      cluster.add(n, { terms: n === 3 ? [1] : [1, 2], configuration, config: { appendBytes: 1 } });
    }
    cluster.node(1).run((raft) => raft.campaign());
    cluster.queue = cluster.queue.filter((message) => message.to !== idOf(2));
    while (!cluster.node(1).isLeader) cluster.deliver();
    // test: n3 refuses the no-op, and takes over 2@2, which n1 holds too
    for (let i = 0; i < 4; i += 1) cluster.deliver((message) => message.to !== idOf(2));
    const onMajority = cluster.node(3).state.log.lastIndex;
    const committed = cluster.node(1).state.commitIndex;
    cluster.settle();
    // check
    expect([onMajority, committed]).toEqual([2, 0]);
    expect(cluster.node(1).state.commitIndex).toBe(3);
  });

  test('a leader begins its term with a no-op (§8)', () => {
    // init
    const cluster = RaftCluster.of(3);
    // test
    cluster.elect(1);
    // check
    expect(cluster.node(1).state.log.entry(2).command.kind).toBe('noop');
    expect(cluster.node(1).state.commitIndex).toBe(2);
  });

  test('a follower confirms what is on stable storage (Figure 2)', () => {
    // init
    const { cluster, node } = follower([1]);
    node.diskIsSlow = true;
    // test
    step(node, append(1, 1, [9]));
    // check
    expect(cluster.queue).toEqual([]);
    node.persist();
    expect(answersOf(cluster).map(({ ok, index }) => [ok, index])).toEqual([[true, 2]]);
  });

  test('a leader may write to its disk while it replicates (thesis §10.2.1)', () => {
    // init
    const cluster = RaftCluster.of(3);
    cluster.elect(1);
    cluster.node(1).diskIsSlow = true;
    // test
    cluster.node(1).run((raft) => raft.propose(put('x')));
    cluster.settle();
    // check
    expect(cluster.node(1).state.log.durableIndex).toBe(2);
    expect(cluster.node(1).state.commitIndex).toBe(3);
  });
});

describe('snapshots', () => {
  const snapshot = (snapshotIndex: number, snapshotTerm: number): Message => {
    const envelope = { from: idOf(2), to: idOf(1), term: 9, seq: 1 };
    const configuration = votersUpTo(2);
    const body = { snapshotIndex, snapshotTerm, configuration, recovery: 0 };
    return { type: 'snapshot', ...envelope, ...body };
  };

  test('a snapshot replaces a log that does not hold its last entry (§7)', () => {
    // init
    const { cluster, node } = follower([1, 1, 2]);
    // test
    step(node, snapshot(3, 3));
    // check
    expect(node.state.log.end).toEqual({ lastIndex: 3, lastTerm: 3 });
    expect([node.appliedIndex, node.disk.snapshot?.index]).toEqual([3, 3]);
    expect(answersOf(cluster).map(({ ok, index }) => [ok, index])).toEqual([[true, 3]]);
  });

  test('entries behind the last one of the snapshot are kept, if that one is there (§7)', () => {
    // init
    const { node } = follower([1, 1, 2]);
    // test
    step(node, snapshot(2, 1));
    // check
    expect(termsOf(node)).toEqual([1, 1, 2]);
    expect(node.state.commitIndex).toBe(2);
  });

  test('the snapshot brings the latest configuration as of its last entry (§7)', () => {
    // init
    const { node } = follower([1]);
    // test
    step(node, snapshot(5, 4));
    // check
    expect(node.state.voters).toEqual([idOf(1), idOf(2)]);
    node.crash();
    node.restart();
    expect(node.state.voters).toEqual([idOf(1), idOf(2)]);
  });

  test('a leader sends a snapshot only for entries it has discarded (§7)', () => {
    // init
    const cluster = RaftCluster.of(3);
    cluster.elect(1);
    cluster.isolate(3);
    for (let i = 0; i < 3; i += 1) cluster.node(1).run((raft) => raft.propose(put('x')));
    cluster.settle();
    // test: entry 3 is the first that n3 lacks
    cluster.node(1).compact(2);
    cluster.heal();
    cluster.tick(1, 13);
    cluster.settle();
    // check
    expect(cluster.orders).toEqual([]);
    expect(cluster.node(3).state.log.lastIndex).toBe(5);
  });
});
