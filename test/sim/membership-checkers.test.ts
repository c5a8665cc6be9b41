/** The checkers of memberships are shown what they are there to find. */
import { describe, expect, test } from 'bun:test';
import type { MemberId } from '../../src/lib/ids.ts';
import type { Configuration } from '../../src/raft/configuration.ts';
import { type Elector, mayPart, usableVoters } from '../../src/sim/checkers/electorate.ts';
import { Memberships } from '../../src/sim/checkers/memberships.ts';
import { Oracle } from '../../src/sim/checkers/oracle.ts';
import type { View } from '../../src/sim/checkers/view.ts';
import type { WireMessage } from '../../src/wire/raft-codec.ts';
import { A, B, C, configured, D, life, logOf, member, membership, put } from './support/lives.ts';

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
