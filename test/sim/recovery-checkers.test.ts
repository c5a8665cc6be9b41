/** The checker of recoveries is shown what it is there to find. */
import { describe, expect, test } from 'bun:test';
import { Oracle } from '../../src/sim/checkers/oracle.ts';
import { Recoveries } from '../../src/sim/checkers/recoveries.ts';
import type { View } from '../../src/sim/checkers/view.ts';
import type { MemberId } from '../../src/lib/ids.ts';
import { A, B, C, leading, logOf, recovering } from './support/lives.ts';

const ALL = [A, B, C];
const FIRST = { term: 1, vote: null };
const HELD = logOf(ALL, 1, 1);

function checkerOf(...views: readonly View[]): Recoveries {
  const oracle = new Oracle(() => undefined);
  for (const entry of HELD) oracle.add(entry);
  return new Recoveries(oracle, new Map(views.map(({ node }) => [node.id, node])));
}

function survey(checker: Recoveries, view: View, seq: number): void {
  const end = { lastIndex: 1, lastTerm: 1 };
  const question = { from: A, to: B, term: 1, seq, ...end } as const;
  checker.sent(view, { ...question, type: 'pre-vote', survey: true });
}

function report(checker: Recoveries, view: View, from: MemberId, seq: number, last: number): void {
  const answer = { from, to: A, term: 1, seq, granted: false, lastIndex: last, lastTerm: 1 };
  checker.received(view, { ...answer, type: 'pre-vote-response' });
}

describe('Recoveries', () => {
  test('finds a vote of who has not heard all the others', () => {
    const view = recovering(A, HELD, FIRST);
    const checker = checkerOf(view);
    const missing = 'who may have lost something asks first';
    expect(() => checker.granted(view, 2)).toThrow(missing);
    survey(checker, view, 5);
    report(checker, view, B, 5, 3);
    expect(() => checker.granted(view, 2)).toThrow(missing);
    report(checker, view, C, 4, 3);
    expect(() => checker.granted(view, 2), 'an answer to an earlier life').toThrow(missing);
    report(checker, view, C, 5, 3);
    expect(() => checker.granted(view, 2)).not.toThrow();
  });

  test('takes a majority for enough where a cluster is being founded', () => {
    const view = recovering(A, logOf(ALL), FIRST);
    const checker = checkerOf(view);
    survey(checker, view, 5);
    report(checker, view, B, 5, 2);
    expect(() => checker.granted(view, 2)).toThrow('who may have lost something asks first');
    report(checker, view, B, 5, 1);
    expect(() => checker.granted(view, 2)).not.toThrow();
  });

  test('finds who is settled by a leader that does not know', () => {
    const leader = leading(B, HELD, FIRST);
    const view = recovering(A, HELD, FIRST);
    Object.assign(leader.node, { node: { raft: leader.raft } });
    const { state } = view.raft;
    Object.assign(state, { term: 2, vote: A, role: { name: 'follower', leader: B } });
    const checker = checkerOf(view, leader);
    expect(() => checker.settled(view, 'leader-confirmed', 2)).toThrow('asks first');
    const { role } = leader.raft.state;
    const progress = role.name === 'leader' ? role.progress.get(A) : undefined;
    if (progress === undefined) throw new Error('nobody leads');
    progress.recovery = view.recovery;
    expect(() => checker.settled(view, 'leader-confirmed', 2)).not.toThrow();
    state.vote = null;
    expect(() => checker.settled(view, 'leader-confirmed', 2)).toThrow(
      'a vote that may be lost is not given again',
    );
  });

  test('finds a log that is settled and lacks what it had', () => {
    const view = recovering(A, logOf(ALL, 1), { term: 1, vote: A });
    Object.assign(view.node, { heldBeforeDamage: 3 });
    const checker = checkerOf(view);
    checker.started(view);
    survey(checker, view, 5);
    for (const from of [B, C]) report(checker, view, from, 5, 2);
    expect(() => checker.settled(view, 'newest-of-all', 1)).toThrow(
      'a settled log has what is committed',
    );
    expect(() => checker.settled(view, 'operator-vouches', 1)).not.toThrow();
  });
});
