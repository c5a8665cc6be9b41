/** Figure 4: which role may follow which, and what must hold for it. */
import { describe, expect, test } from 'bun:test';
import {
  becomeCandidate,
  becomeFollower,
  becomeLeader,
  becomePreCandidate,
  followLeader,
} from '../../src/raft/transitions.ts';
import { RaftCluster } from '../support/raft-cluster.ts';
import { configurationOf, idOf, learner, votersUpTo } from '../support/raft-members.ts';

const WHY = { code: 'test' };

/** n1 of three, in term 1. */
function fresh() {
  return RaftCluster.of(3).node(1).state;
}

describe('becoming a follower', () => {
  test('of a newer term forgets the vote of the older', () => {
    const state = fresh();
    becomeCandidate(state, false, WHY);
    becomeFollower(state, 3, null, WHY);
    expect([state.term, state.vote, state.role]).toEqual([
      3,
      null,
      { name: 'follower', leader: null },
    ]);
  });

  test('of the same term keeps the vote', () => {
    const state = fresh();
    becomeCandidate(state, false, WHY);
    becomeFollower(state, 2, idOf(2), WHY);
    expect([state.term, state.vote]).toEqual([2, idOf(1)]);
  });

  test('never goes back in time, and never follows itself', () => {
    const state = fresh();
    expect(() => becomeFollower(state, 0, null, WHY)).toThrow('term falls from 1 to 0');
    expect(() => becomeFollower(state, 1, idOf(1), WHY)).toThrow('does not follow itself');
  });
});

describe('following a leader', () => {
  test('again only restarts the wait, without a new draw', () => {
    const state = fresh();
    followLeader(state, idOf(2));
    const drawn = state.electionTimeout;
    state.electionElapsed = 5;
    followLeader(state, idOf(2));
    expect([state.electionElapsed, state.electionTimeout]).toEqual([0, drawn]);
  });

  test('is impossible for a second one of the same term', () => {
    const state = fresh();
    followLeader(state, idOf(2));
    expect(() => followLeader(state, idOf(3))).toThrow('two leaders in term 1: 2, 3');
  });
});

describe('campaigning', () => {
  test('as a pre-candidate changes neither term nor vote (thesis §9.6)', () => {
    const state = fresh();
    becomePreCandidate(state, WHY);
    expect([state.term, state.vote, state.leader]).toEqual([1, null, null]);
  });

  test('as a candidate enters the next term with a vote for itself, not yet counted (§5.2)', () => {
    const state = fresh();
    becomeCandidate(state, false, WHY);
    expect([state.term, state.vote]).toEqual([2, idOf(1)]);
    expect(state.role).toEqual({ name: 'candidate', votes: new Map(), transfer: false });
    expect(state.out.hardStateIsDurable).toBe(false);
  });

  test('is for voters that are not leader', () => {
    const cluster = new RaftCluster();
    const configuration = configurationOf([learner(1)]);
    const { state } = cluster.add(1, { terms: [1], configuration });
    expect(() => becomePreCandidate(state, WHY)).toThrow('only a voter campaigns');
    const other = RaftCluster.of(1);
    other.elect(1);
    const leader = other.node(1).state;
    expect(() => becomeCandidate(leader, false, WHY)).toThrow('a leader does not campaign');
  });
});

describe('becoming leader', () => {
  test('is for candidates', () => {
    const state = fresh();
    expect(() => becomeLeader(state, WHY)).toThrow('follower cannot become leader');
  });

  test('begins with progress of every other member, learners too, at the no-op', () => {
    const cluster = new RaftCluster();
    const configuration = configurationOf([...votersUpTo(2).members, learner(3)]);
    const { state } = cluster.add(1, { terms: [1, 1], configuration });
    becomeCandidate(state, false, WHY);
    becomeLeader(state, WHY);
    const { role } = state;
    if (role.name !== 'leader') throw new Error('not a leader');
    expect(role.noopIndex).toBe(3);
    const begun = [...role.progress].map(([id, { nextIndex, state: kind }]) => {
      return [id, nextIndex, kind];
    });
    expect(begun).toEqual([
      [idOf(2), 3, 'probe'],
      [idOf(3), 3, 'probe'],
    ]);
  });
});

test('a role is traced when it changes, not when it is confirmed', () => {
  const state = fresh();
  state.out.trace.length = 0;
  becomeFollower(state, 1, null, WHY);
  expect(state.out.trace).toEqual([]);
  becomeFollower(state, 1, idOf(2), WHY);
  expect(state.out.trace.map((event) => event.type)).toEqual(['role']);
});
