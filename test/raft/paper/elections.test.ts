/**
 * What the paper says of terms and elections. Each test takes one sentence, in three parts: init,
 * test, check. Sections with a § below 4 or above 5.4 that are marked "thesis" are of the thesis.
 */
import { describe, expect, test } from 'bun:test';
import { isResponse, type Message, type VoteRequest } from '../../../src/raft/message.ts';
import { RaftCluster } from '../../support/raft-cluster.ts';
import { idOf, votersUpTo } from '../../support/raft-members.ts';

const voteOf = (from: number, term: number, lastIndex = 1, lastTerm = 1): VoteRequest => {
  const envelope = { from: idOf(from), to: idOf(1), term, seq: 1 };
  return { type: 'vote', ...envelope, lastIndex, lastTerm, transfer: false };
};

const grants = (messages: readonly Message[]) =>
  messages.map((message) => message.type === 'vote-response' && message.granted);

describe('terms', () => {
  for (const role of ['follower', 'candidate', 'leader'] as const) {
    test(`a ${role} that sees a larger term takes it over and follows (§5.1)`, () => {
      // init
      const cluster = RaftCluster.of(3);
      const node = cluster.node(1);
      if (role === 'candidate') node.run((raft) => raft.campaign());
      if (role === 'leader') cluster.elect(1);
      expect(node.state.role.name).toBe(role);
      // test
      const answer = { ok: false, index: 0, conflictTerm: 0, round: 0, recovery: 0 };
      const envelope = { from: idOf(2), to: idOf(1), term: 9, seq: 0 };
      node.run((raft) => raft.step({ type: 'append-response', ...envelope, ...answer }));
      // check
      expect([node.state.role.name, node.state.term, node.state.vote]).toEqual([
        'follower',
        9,
        null,
      ]);
    });
  }

  test('a request with a stale term is rejected (§5.1)', () => {
    // init
    const cluster = RaftCluster.of(3);
    cluster.elect(1);
    // test
    cluster.node(1).run((raft) => raft.step(voteOf(2, 1)));
    // check
    expect(grants(cluster.queue)).toEqual([false]);
    expect(cluster.queue.map((message) => message.term)).toEqual([2]);
  });

  test('each message carries the term of its sender (§5.1)', () => {
    // init
    const cluster = RaftCluster.of(3);
    const terms: boolean[] = [];
    cluster.observe = (event) => {
      if (event.type !== 'sent' || event.message.type === 'pre-vote') return;
      const sender = cluster.nodes.get(event.message.from);
      terms.push(event.message.term === sender?.state.term);
    };
    // test
    cluster.elect(1);
    // check
    expect(terms.length).toBeGreaterThan(8);
    expect(terms).not.toContain(false);
  });

  test('the term survives a restart (§5.1)', () => {
    // init
    const cluster = RaftCluster.of(3);
    cluster.elect(1);
    // test
    cluster.node(2).crash();
    cluster.node(2).restart();
    // check
    expect(cluster.node(2).state.term).toBe(2);
  });
});

describe('elections', () => {
  test('servers begin as followers (§5.2)', () => {
    // init, test
    const cluster = RaftCluster.of(5);
    // check
    const roles = [...cluster.nodes.values()].map((node) => node.state.role.name);
    expect(new Set(roles)).toEqual(new Set(['follower']));
  });

  test('a leader sends heartbeats to all others, to keep its authority (§5.2)', () => {
    // init
    const cluster = RaftCluster.of(4);
    cluster.elect(1);
    cluster.tick(1, 3);
    cluster.settle();
    // test
    cluster.tick(1, 3);
    // check
    const sent = cluster.queue.map(({ type, to }) => `${type} ${to}`);
    expect(sent).toEqual(['append 2', 'append 3', 'append 4']);
  });

  test('a follower that hears a valid leader stays follower (§5.2)', () => {
    // init
    const cluster = RaftCluster.of(3);
    cluster.elect(1);
    // test
    for (let i = 0; i < 60; i += 1) {
      for (const n of [1, 2, 3]) cluster.tick(n);
      cluster.settle();
    }
    // check
    expect(cluster.node(1).isLeader).toBe(true);
    expect(cluster.node(2).state.term).toBe(2);
  });

  test('a follower that hears nothing over the election timeout begins an election (§5.2)', () => {
    // init
    const cluster = RaftCluster.of(3);
    const { state } = cluster.node(1);
    // test
    cluster.tick(1, state.electionTimeout - 1);
    const before = state.role.name;
    cluster.tick(1);
    // check
    expect([before, state.role.name]).toEqual(['follower', 'pre-candidate']);
  });

  test('to begin, it enters a new term, votes for itself, and asks all others (§5.2)', () => {
    // init
    const cluster = RaftCluster.of(4);
    // test
    cluster.node(1).run((raft) => raft.campaign());
    // check
    const { state, disk } = cluster.node(1);
    expect([state.role.name, disk.state]).toEqual(['candidate', { term: 2, vote: idOf(1) }]);
    expect(cluster.queue.map(({ type, to, term }) => `${type} ${to} ${term}`)).toEqual([
      'vote 2 2',
      'vote 3 2',
      'vote 4 2',
    ]);
  });

  for (const [size, votes, role] of [
    [1, 0, 'leader'],
    [2, 0, 'candidate'],
    [3, 1, 'leader'],
    [4, 1, 'candidate'],
    [4, 2, 'leader'],
    [5, 1, 'candidate'],
    [5, 2, 'leader'],
  ] as const) {
    test(`with ${votes} votes besides its own in ${size} a node is ${role} (§5.2)`, () => {
      // init
      const cluster = RaftCluster.of(size);
      cluster.node(1).run((raft) => raft.campaign());
      // test
      cluster.deliver((message) => Number(message.to) <= votes + 1);
      cluster.deliver((message) => message.to === idOf(1));
      // check
      expect(cluster.node(1).state.role.name).toBe(role);
    });
  }

  test('a server votes for at most one candidate in a term, first come first served (§5.2)', () => {
    // init
    const cluster = RaftCluster.of(3);
    const node = cluster.node(1);
    // test
    for (const from of [2, 3, 2]) node.run((raft) => raft.step(voteOf(from, 5)));
    // check
    expect(grants(cluster.queue)).toEqual([true, false, true]);
  });

  test('a candidate that hears the leader of its term follows it (§5.2)', () => {
    // init
    const cluster = RaftCluster.of(3);
    cluster.node(1).run((raft) => raft.campaign());
    cluster.queue = [];
    // test
    cluster.node(2).run((raft) => raft.campaign());
    cluster.deliver((message) => message.to === idOf(3));
    cluster.settle();
    // check
    expect(cluster.node(2).isLeader).toBe(true);
    expect(cluster.node(1).state.leader).toBe(idOf(2));
  });

  test('a candidate ignores a leader of an older term and goes on (§5.2)', () => {
    // init
    const cluster = RaftCluster.of(3);
    cluster.elect(2);
    cluster.node(1).run((raft) => raft.campaign());
    cluster.queue = [];
    // test
    cluster.tick(2, 3);
    cluster.deliver((message) => message.to === idOf(1));
    // check
    expect(cluster.node(1).state.role.name).toBe('candidate');
  });

  test('when the votes are split, each candidate times out and starts anew (§5.2)', () => {
    // init
    const cluster = RaftCluster.of(4);
    for (const n of [1, 2]) cluster.node(n).run((raft) => raft.campaign());
    cluster.deliver(({ from, to }) => Number(to) === Number(from) + 2);
    cluster.deliver(isResponse);
    // test
    cluster.queue = [];
    cluster.timeOut(1);
    cluster.settle();
    // check
    expect(cluster.node(1).isLeader).toBe(true);
    expect(cluster.node(1).state.term).toBe(3);
  });

  test('timeouts are drawn at random, so that few elections begin together (§5.2)', () => {
    // init
    const timeouts = new Set<number>();
    // test
    for (const node of RaftCluster.of(7).nodes.values()) timeouts.add(node.state.electionTimeout);
    // check
    expect(timeouts.size).toBeGreaterThan(3);
  });
});

describe('the election restriction', () => {
  for (const [voterLog, lastIndex, lastTerm, granted] of [
    [[1], 1, 1, true],
    [[1], 2, 1, true],
    [[1, 1], 1, 1, false],
    [[1, 1], 1, 2, true],
    [[1, 1, 1], 2, 2, true],
    [[1, 2], 3, 1, false],
    [[1, 2], 2, 2, true],
  ] as const) {
    const verb = granted ? 'gets' : 'does not get';
    const title = `${lastIndex}@${lastTerm} ${verb} the vote of ${voterLog.join()} (§5.4.1)`;
    test(`a candidate that ends at ${title}`, () => {
      // init
      const cluster = new RaftCluster();
      const state = { term: 4, vote: null };
      cluster.add(1, { terms: voterLog, configuration: votersUpTo(3), state });
      // test
      cluster.node(1).run((raft) => raft.step(voteOf(2, 5, lastIndex, lastTerm)));
      // check
      expect(grants(cluster.queue)).toEqual([granted]);
    });
  }
});

describe('persistence', () => {
  test('a vote is on stable storage before it is answered (Figure 2)', () => {
    // init
    const cluster = RaftCluster.of(3);
    const node = cluster.node(1);
    node.diskIsSlow = true;
    // test
    node.run((raft) => raft.step(voteOf(2, 5)));
    // check
    expect(cluster.queue).toEqual([]);
    node.persist();
    expect(grants(cluster.queue)).toEqual([true]);
  });

  test('a refusal that brings a new term waits for it as well (Figure 2)', () => {
    // init
    const cluster = RaftCluster.of(3);
    const node = cluster.node(1);
    node.diskIsSlow = true;
    // test
    node.run((raft) => raft.step(voteOf(2, 5, 0, 0)));
    // check
    expect(cluster.queue).toEqual([]);
    node.persist();
    expect(grants(cluster.queue)).toEqual([false]);
  });

  test('a candidate asks once its own vote is on stable storage (Figure 2)', () => {
    // init
    const cluster = RaftCluster.of(3);
    cluster.node(1).diskIsSlow = true;
    // test
    cluster.node(1).run((raft) => raft.campaign());
    // check
    expect(cluster.queue).toEqual([]);
    cluster.node(1).persist();
    expect(cluster.queue).toHaveLength(2);
  });
});

describe('pre-vote', () => {
  test('a node asks whether it could win before it raises its term (thesis §9.6)', () => {
    // init
    const cluster = RaftCluster.of(3);
    // test
    cluster.timeOut(1);
    // check
    expect(cluster.node(1).state.term).toBe(1);
    expect(cluster.queue.map(({ type, term }) => `${type} ${term}`)).toEqual([
      'pre-vote 2',
      'pre-vote 2',
    ]);
  });

  test('answering changes neither term nor vote nor timer (thesis §9.6)', () => {
    // init
    const cluster = RaftCluster.of(3);
    cluster.tick(2, 4);
    // test
    cluster.timeOut(1);
    cluster.deliver();
    // check
    const { term, vote, electionElapsed } = cluster.node(2).state;
    expect([term, vote, electionElapsed]).toEqual([1, null, 4]);
  });

  test('it is granted only by those that hear no leader (thesis §9.6)', () => {
    // init
    const cluster = RaftCluster.of(3);
    cluster.elect(1);
    // test
    cluster.timeOut(3);
    cluster.settle();
    // check
    expect(cluster.node(3).state.term).toBe(2);
    expect(cluster.node(1).isLeader).toBe(true);
  });

  test('it is granted only to a log that is up to date (thesis §9.6)', () => {
    // init
    const cluster = new RaftCluster();
    const configuration = votersUpTo(2);
    cluster.add(1, { terms: [1], configuration });
    cluster.add(2, { terms: [1, 1], configuration });
    // test
    cluster.timeOut(1);
    cluster.settle();
    // check
    expect(cluster.node(1).state.term).toBe(1);
  });
});

describe('disruptive servers', () => {
  test('a vote request while a leader is heard changes nothing (thesis §4.2.3)', () => {
    // init
    const cluster = RaftCluster.of(3);
    cluster.elect(2);
    // test
    cluster.node(1).run((raft) => raft.step(voteOf(3, 9, 9, 2)));
    // check
    expect(cluster.node(1).state.term).toBe(2);
    expect(grants(cluster.queue)).toEqual([false]);
  });

  test('a leader that hears no majority for an election timeout steps down (thesis §6.2)', () => {
    // init
    const cluster = RaftCluster.of(5);
    cluster.elect(1);
    for (const n of [3, 4, 5]) cluster.cut(n, 1);
    // test
    for (let i = 0; i < 20; i += 1) {
      cluster.tick(1);
      cluster.settle();
    }
    // check
    expect(cluster.node(1).isLeader).toBe(false);
  });

  test('a leader that hears a bare majority stays (thesis §6.2)', () => {
    // init
    const cluster = RaftCluster.of(5);
    cluster.elect(1);
    for (const n of [4, 5]) cluster.cut(n, 1);
    // test
    for (let i = 0; i < 60; i += 1) {
      cluster.tick(1);
      cluster.settle();
    }
    // check
    expect(cluster.node(1).isLeader).toBe(true);
  });
});
