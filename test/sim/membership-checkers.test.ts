/** The checkers of memberships are shown what they are there to find. */
import { describe, expect, test } from 'bun:test';
import type { MemberId } from '../../src/lib/ids.ts';
import type { Configuration, ConfigurationChange, Member } from '../../src/raft/configuration.ts';
import { type Elector, mayPart, usableVoters } from '../../src/sim/checkers/electorate.ts';
import { Memberships } from '../../src/sim/checkers/memberships.ts';
import { Oracle } from '../../src/sim/checkers/oracle.ts';
import type { View } from '../../src/sim/checkers/view.ts';
import type { WireMessage } from '../../src/wire/raft-codec.ts';
import {
  A,
  B,
  C,
  configured,
  D,
  leading,
  life,
  logOf,
  member,
  membership,
  put,
} from './support/lives.ts';

const FIRST = { term: 1, vote: null };

function checkerOf(oracle: Oracle, ...views: readonly View[]): Memberships {
  return new Memberships(oracle, new Map(views.map(({ node }) => [node.id, node])));
}

/** A node that runs: its log counts as it is in memory. */
function running(view: View): View {
  Object.assign(view.node, { node: { raft: view.raft } });
  return view;
}

describe('Memberships', () => {
  test('finds a node that goes by another membership than its log has', () => {
    const view = life(A, [...logOf([A, B, C]), configured(2, 1, membership([A, B, C, D]))], FIRST);
    const checker = checkerOf(new Oracle(() => undefined), view);
    expect(() => checker.observe(view)).not.toThrow();
    view.raft.state.history.truncatedFrom(2);
    expect(() => checker.observe(view)).toThrow('the membership is that of the log');
  });

  test('finds a truncated membership that stays in force', () => {
    const view = life(A, [...logOf([A, B, C]), configured(2, 1, membership([A, B, C, D]))], FIRST);
    const checker = checkerOf(new Oracle(() => undefined), view);
    checker.observe(view);
    view.update();
    view.raft.state.log.truncateFrom(2);
    expect(() => checker.observe(view)).toThrow('the membership is that of the log');
  });

  test('finds an id that comes again, or goes without being listed', () => {
    const commit = (...steps: readonly Configuration[]) => {
      const oracle: Oracle = new Oracle((entry) => checker.committed(entry));
      const checker = checkerOf(oracle);
      for (const [at, one] of steps.entries()) oracle.add(configured(at + 1, 1, one));
    };
    const all = membership([A, B, C]);
    expect(() => commit(all, membership([A, B], [C]))).not.toThrow();
    expect(() => commit(all, membership([A, B]))).toThrow('ids are used once');
    expect(() => commit(all, membership([A, B], [C]), all)).toThrow('ids are used once');
    expect(() => commit(membership([A, B], [C]), membership([A, B, C], [C]))).toThrow(
      'ids are used once',
    );
  });

  test('finds a change that makes something else than it says', () => {
    const commit = (change: ConfigurationChange, made: Configuration) => {
      const oracle: Oracle = new Oracle((entry) => checker.committed(entry));
      const checker = checkerOf(oracle);
      oracle.add(configured(1, 1, before));
      oracle.add(configured(2, 1, made, change));
    };
    const before = { ...membership([A, B]), members: [member(A), member(B), member(C, true)] };
    const moved = { ...member(C, true), peerUrls: ['http://new'], clientUrls: ['http://new'] };
    const { peerUrls, clientUrls } = moved;
    const update = { type: 'update', id: C, peerUrls, clientUrls } as const;
    const with3 = (third: Member) => ({ ...before, members: [member(A), member(B), third] });
    expect(() => commit(update, with3(moved))).not.toThrow();
    const wrong = 'changes do what they say';
    expect(() => commit(update, with3({ ...moved, learner: false }))).toThrow(wrong);
    expect(() => commit({ type: 'promote', id: C }, with3(member(C)))).not.toThrow();
    expect(() => commit({ type: 'promote', id: C }, with3(member(C, true)))).toThrow(wrong);
    expect(() => commit({ type: 'remove', id: C }, membership([A, B], [C]))).not.toThrow();
    expect(() => commit({ type: 'remove', id: C }, membership([A], [B, C]))).toThrow(wrong);
    expect(() => commit({ type: 'activate', ids: [A] }, before)).not.toThrow();
    const added = { ...before, members: [...before.members, member(D, true)] };
    expect(() => commit({ type: 'add-learner', member: member(D, true) }, added)).not.toThrow();
    expect(() => commit({ type: 'add-learner', member: member(D, true) }, before)).toThrow(wrong);
  });

  test('finds a learner that is promoted without a log', () => {
    const learner = life(C, [], FIRST);
    const leader = leading(A, logOf([A, B]), FIRST);
    const checker = checkerOf(new Oracle(() => undefined), leader, learner);
    const { raft } = leader;
    const promote = { type: 'promote', id: C } as const;
    const { lastIndex, lastTerm } = raft.state.log;
    const entry = configured(lastIndex + 1, lastTerm, membership([A, B, C]), promote);
    raft.state.appendToLog([entry]);
    raft.state.history.appended(entry);
    expect(() => checker.observe(leader)).toThrow('voters have caught up');
    learner.node.durable.begin({ type: 'append', batch: { state: null, entries: logOf([A]) } });
    learner.node.durable.completed();
    leader.latest = null;
    expect(() => checker.observe(leader)).not.toThrow();
  });

  test('finds that somebody who was removed is heard', () => {
    const log = [...logOf([A, B, C]), configured(2, 1, membership([A, B], [C]))];
    const oracle = new Oracle(() => undefined);
    for (const entry of log) oracle.add(entry);
    const view = life(A, log, FIRST);
    view.raft.state.commitIndex = 2;
    const checker = checkerOf(oracle, view);
    const end = { lastIndex: 9, lastTerm: 9 };
    const head = { from: C, to: A, term: 9, seq: 1 };
    const message: WireMessage = { ...head, ...end, type: 'vote', transfer: false };
    checker.received(view, message);
    view.raft.step(message);
    expect(() => checker.heard(view)).not.toThrow();
    checker.received(view, message);
    view.raft.state.term = 9;
    expect(() => checker.heard(view)).toThrow('the removed are not heard');
  });

  test('finds a learner that campaigns', () => {
    const members = { ...membership([A, B]), members: [member(A), member(B), member(C, true)] };
    const learner = life(C, [configured(1, 1, members)], FIRST);
    const voter = life(A, [configured(1, 1, members)], FIRST);
    const checker = checkerOf(new Oracle(() => undefined), learner, voter);
    const ask = (from: MemberId): WireMessage => {
      const end = { lastIndex: 1, lastTerm: 1 };
      return { from, to: B, term: 2, seq: 1, ...end, type: 'vote', transfer: false };
    };
    expect(() => checker.sent(voter, ask(A))).not.toThrow();
    expect(() => checker.sent(learner, ask(C))).toThrow('only voters campaign');
  });

  test('finds two memberships that could elect two leaders', () => {
    const base = logOf([A, B], 1);
    const without = life(B, [...base, configured(3, 2, membership([B], [A]))], {
      term: 2,
      vote: null,
    });
    const alone = life(A, [...base, configured(3, 1, membership([A], [B]))], FIRST);
    const checker = checkerOf(new Oracle(() => undefined), running(alone), running(without));
    expect(() => checker.overlap()).toThrow('memberships in use overlap');
  });
});

describe('usableVoters', () => {
  const elector = (id: MemberId, lastTerm: number, voters: MemberId[] | null): Elector => {
    return { id, end: { lastIndex: 1, lastTerm }, isRecovering: false, voters };
  };

  test('has those by whom somebody could be elected', () => {
    const all = [A, B, C];
    const old = elector(A, 1, [A, B]);
    const electors = [old, elector(B, 2, all), elector(C, 2, all)];
    expect(usableVoters(electors)).toEqual([all]);
    expect(usableVoters([old, elector(B, 1, null), elector(C, 2, all)])).toEqual([[A, B], all]);
    expect(usableVoters([old, { ...elector(B, 1, null), isRecovering: true }])).toEqual([]);
  });
});

describe('mayPart', () => {
  test('holds of majorities that need have nobody in common', () => {
    expect(mayPart([A, B, C], [A, B, C])).toBe(false);
    expect(mayPart([A, B, C], [A, B, C, D])).toBe(false);
    expect(mayPart([A, B, C, D], [C, D])).toBe(false);
    expect(mayPart([A, B], [C, D])).toBe(true);
    expect(mayPart([A, B, C], [C, D, '5' as MemberId])).toBe(true);
    expect(mayPart([A], [A, B])).toBe(false);
    expect(mayPart([A, B, C, D], [A])).toBe(true);
  });
});

test('a log without entries has no membership but that of the snapshot', () => {
  const view = life(A, [put(1, 1)], FIRST);
  const checker = checkerOf(new Oracle(() => undefined), view);
  expect(() => checker.observe(view)).not.toThrow();
});
