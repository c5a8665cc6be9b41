/** What the thesis adds: membership changes, reads without log entries, leadership transfer. */
import { describe, expect, test } from 'bun:test';
import { RaftCluster } from '../../support/raft-cluster.ts';
import { configurationOf, idOf, learner, put, voter } from '../../support/raft-members.ts';

const remove = (n: number) => ({ type: 'remove', id: idOf(n) }) as const;

function led(size: number): RaftCluster {
  const cluster = RaftCluster.of(size);
  cluster.elect(1);
  return cluster;
}

describe('membership changes', () => {
  test('a configuration takes effect on each server when it is in its log (thesis §4.1)', () => {
    // init
    const cluster = led(3);
    // test
    cluster.node(1).run((raft) => raft.proposeChange(remove(3), null, 0));
    cluster.deliver((message) => message.to === idOf(2));
    // check
    const voters = [1, 2, 3].map((n) => cluster.node(n).state.voters.length);
    expect(voters).toEqual([2, 2, 3]);
    expect(cluster.node(2).state.commitIndex).toBeLessThan(3);
  });

  test('a server falls back to the one before when the entry is truncated (thesis §4.1)', () => {
    // init
    const cluster = led(3);
    cluster.isolate(1);
    cluster.node(1).run((raft) => raft.proposeChange(remove(2), null, 0));
    cluster.settle();
    expect(cluster.node(1).state.voters).toHaveLength(2);
    // test
    cluster.node(1).run((raft) => raft.stepDown());
    cluster.elect(2);
    cluster.heal();
    cluster.tick(2, 3);
    cluster.settle();
    // check
    expect(cluster.node(1).state.voters).toHaveLength(3);
  });

  test('no change begins before the one before it is committed (thesis §4.1)', () => {
    // init
    const cluster = led(5);
    const leader = cluster.node(1);
    leader.run((raft) => raft.proposeChange(remove(5), null, 0));
    // test
    const early = leader.run((raft) => raft.proposeChange(remove(4), null, 0));
    cluster.settle();
    const later = leader.run((raft) => raft.proposeChange(remove(4), null, 0));
    // check
    expect(early).toEqual({ ok: false, code: 'change-pending' });
    expect(later.ok).toBe(true);
  });

  test('no change begins before an entry of the leader’s term is committed (Ongaro, 2015)', () => {
    // init
    const cluster = RaftCluster.of(3);
    const leader = cluster.node(1);
    leader.run((raft) => raft.campaign());
    while (!leader.isLeader) cluster.deliver();
    // test
    const early = leader.run((raft) => raft.proposeChange(remove(3), null, 0));
    // check
    expect(early).toEqual({ ok: false, code: 'term-not-begun' });
  });

  test('two leaders cannot change the membership into majorities apart (Ongaro, 2015)', () => {
    // init: n1 appends a change that gets nowhere, and n2 leads after it
    const cluster = RaftCluster.of(4);
    cluster.elect(1);
    cluster.isolate(1);
    cluster.node(1).run((raft) => raft.proposeChange(remove(4), null, 0));
    cluster.settle();
    cluster.elect(2);
    cluster.node(2).run((raft) => raft.proposeChange(remove(3), null, 0));
    cluster.settle();
    const committed = cluster.node(2).state.commitIndex;
    // test: n1 comes back and asks for votes with a configuration of its own
    cluster.heal();
    cluster.node(1).run((raft) => raft.stepDown());
    cluster.node(1).run((raft) => raft.campaign());
    cluster.settle();
    cluster.tick(2, 3);
    cluster.settle();
    // check; the oracle would object to a leader without the second change
    expect(committed).toBe(4);
    expect(cluster.node(1).isLeader).toBe(false);
    expect(cluster.node(1).state.voters).toEqual([idOf(1), idOf(2), idOf(4)]);
  });

  test('a new server joins as a non-voting member and catches up first (thesis §4.2.1)', () => {
    // init
    const cluster = led(1);
    cluster.add(2);
    const leader = cluster.node(1);
    // test
    leader.run((raft) => raft.proposeChange({ type: 'add-learner', member: learner(2) }, null, 0));
    const early = leader.run((raft) => {
      return raft.proposeChange({ type: 'promote', id: idOf(2) }, null, 0);
    });
    cluster.settle();
    const later = leader.run((raft) => {
      return raft.proposeChange({ type: 'promote', id: idOf(2) }, null, 0);
    });
    // check
    expect(early.ok).toBe(false);
    expect(later.ok).toBe(true);
  });

  test('a non-voting member is not counted for votes or commitment (thesis §4.2.1)', () => {
    // init
    const cluster = new RaftCluster();
    const configuration = configurationOf([voter(1), voter(2), learner(3), learner(4)]);
    for (const n of [1, 2, 3, 4]) cluster.add(n, { terms: [1], configuration });
    cluster.elect(1);
    // test
    cluster.isolate(2);
    cluster.node(1).run((raft) => raft.propose(put('x')));
    cluster.settle();
    // check
    expect(cluster.node(4).state.log.lastIndex).toBe(3);
    expect(cluster.node(1).state.commitIndex).toBe(2);
  });

  test('a leader outside the new configuration manages it, without itself (thesis §4.2.2)', () => {
    // init
    const cluster = led(3);
    cluster.isolate(3);
    // test: n2 and n3 are what counts now, and n1 with n2 is no majority of it
    cluster.node(1).run((raft) => raft.proposeChange(remove(1), null, 0));
    cluster.settle();
    // check
    expect(cluster.node(1).isLeader).toBe(true);
    expect(cluster.node(1).state.commitIndex).toBe(2);
  });

  test('it steps down once the new configuration is committed (thesis §4.2.2)', () => {
    // init
    const cluster = led(3);
    // test
    cluster.node(1).run((raft) => raft.proposeChange(remove(1), null, 0));
    cluster.settle();
    // check
    expect(cluster.node(1).state.role.name).toBe('follower');
    expect(cluster.node(2).isLeader || cluster.node(3).isLeader).toBe(true);
  });

  test('a removed server does not disturb the others (thesis §4.2.3)', () => {
    // init
    const cluster = led(3);
    cluster.cut(1, 3);
    cluster.node(1).run((raft) => raft.proposeChange(remove(3), null, 0));
    cluster.settle();
    cluster.tick(1);
    cluster.settle();
    cluster.heal();
    // test
    for (let i = 0; i < 5; i += 1) {
      cluster.timeOut(3);
      cluster.node(3).run((raft) => raft.campaign());
      cluster.settle();
    }
    // check
    expect([cluster.node(1).isLeader, cluster.node(1).state.term]).toEqual([true, 2]);
    expect(cluster.node(2).state.term).toBe(2);
  });
});

describe('reads without log entries', () => {
  test('a leader waits for its first entry to be committed (thesis §6.4)', () => {
    // init
    const cluster = RaftCluster.of(3);
    const leader = cluster.node(1);
    leader.run((raft) => raft.campaign());
    while (!leader.isLeader) cluster.deliver();
    // test
    cluster.oracle.readBegun(1);
    leader.run((raft) => raft.readIndex(1));
    const early = cluster.reads.length;
    cluster.settle();
    // check
    expect(early).toBe(0);
    expect(cluster.reads).toEqual([{ context: 1, index: 2 }]);
  });

  test('a majority acknowledges a round of heartbeats that began after it (thesis §6.4)', () => {
    // init
    const cluster = led(3);
    cluster.tick(1, 3);
    cluster.deliver();
    const early = cluster.queue.splice(0);
    // test
    cluster.oracle.readBegun(1);
    cluster.node(1).run((raft) => raft.readIndex(1));
    for (const answer of early) cluster.deliverOne(answer);
    const before = cluster.reads.length;
    cluster.settle();
    // check
    expect(early.length).toBeGreaterThan(0);
    expect([before, cluster.reads.length]).toEqual([0, 1]);
  });

  test('one round serves all reads that have gathered (thesis §6.4)', () => {
    // init
    const cluster = led(3);
    const leader = cluster.node(1);
    for (const context of [1, 2, 3, 4]) cluster.oracle.readBegun(context);
    // test
    leader.run((raft) => {
      for (const context of [1, 2, 3, 4]) raft.readIndex(context);
    });
    // check
    expect(cluster.queue).toHaveLength(2);
    cluster.settle();
    expect(cluster.reads).toHaveLength(4);
  });

  test('a follower asks the leader for an index and reads there (thesis §6.4)', () => {
    // init
    const cluster = led(3);
    cluster.node(1).run((raft) => raft.propose(put('x')));
    cluster.deliver((message) => message.to !== idOf(2));
    cluster.deliver((message) => message.to === idOf(1));
    // test
    cluster.oracle.readBegun(1);
    cluster.node(2).run((raft) => raft.readIndex(1));
    cluster.settle();
    // check: n2 had not heard of entry 3 when it asked
    expect(cluster.reads).toEqual([{ context: 1, index: 3 }]);
  });
});

describe('leadership transfer', () => {
  test('the leader stops accepting proposals (thesis §3.10)', () => {
    // init
    const cluster = led(3);
    // test
    cluster.node(1).run((raft) => raft.transferLeadership(idOf(2)));
    // check
    const refused = cluster.node(1).run((raft) => raft.propose(put('x')));
    expect(refused).toEqual({ ok: false, code: 'transfer-pending' });
  });

  test('the target gets the whole log before it is asked to campaign (thesis §3.10)', () => {
    // init
    const cluster = led(3);
    cluster.node(1).run((raft) => raft.propose(put('x')));
    // test
    cluster.node(1).run((raft) => raft.transferLeadership(idOf(2)));
    const early = cluster.queue.some((message) => message.type === 'timeout-now');
    cluster.settle();
    cluster.tick(1);
    cluster.settle();
    // check
    expect([early, cluster.node(2).isLeader]).toEqual([false, true]);
  });

  test('the target campaigns at once, and a live leader does not stop it (thesis §3.10)', () => {
    // init
    const cluster = led(3);
    // test
    cluster.node(1).run((raft) => raft.transferLeadership(idOf(3)));
    cluster.settle();
    // check
    expect(cluster.node(3).isLeader).toBe(true);
    expect(cluster.node(1).state.leader).toBe(idOf(3));
  });

  test('after an election timeout the leader gives up and goes on (thesis §3.10)', () => {
    // init
    const cluster = led(3);
    cluster.isolate(2);
    cluster.node(1).run((raft) => raft.transferLeadership(idOf(2)));
    // test
    for (let i = 0; i < 10; i += 1) {
      cluster.tick(1);
      cluster.settle();
    }
    // check
    expect(cluster.node(1).run((raft) => raft.propose(put('x'))).ok).toBe(true);
  });
});
