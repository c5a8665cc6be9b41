/** Each checker of the core is shown what it is there to find. */
import { describe, expect, test } from 'bun:test';
import type { MemberId } from '../../src/lib/ids.ts';
import type { Entry } from '../../src/raft/entry.ts';
import { ConfirmedReads } from '../../src/sim/checkers/confirmed-reads.ts';
import { Elections } from '../../src/sim/checkers/elections.ts';
import { Followers } from '../../src/sim/checkers/followers.ts';
import { Logs } from '../../src/sim/checkers/logs.ts';
import { Oracle } from '../../src/sim/checkers/oracle.ts';
import { Said } from '../../src/sim/checkers/said.ts';
import type { WireMessage } from '../../src/wire/raft-codec.ts';
import { A, B, C, leading, life, logOf, machine, put, recovering } from './support/lives.ts';

const ALL = [A, B, C];
const FIRST = { term: 1, vote: null };

function oracleOf(entries: readonly Entry[]): Oracle {
  const oracle = new Oracle(() => undefined);
  for (const entry of entries) oracle.add(entry);
  return oracle;
}

function vote(from: MemberId, term: number, lastIndex: number, lastTerm: number): WireMessage {
  return { type: 'vote', from, to: B, term, seq: 1, lastIndex, lastTerm, transfer: false };
}

function granted(from: MemberId, to: MemberId, term: number): WireMessage {
  const end = { lastIndex: 1, lastTerm: 1 };
  return { type: 'vote-response', from, to, term, seq: 1, granted: true, ...end };
}

describe('Elections', () => {
  test('finds a leader without the votes of a majority', () => {
    const leader = leading(A, logOf(ALL), FIRST);
    const elections = new Elections(oracleOf([]));
    expect(() => elections.elected(leader, 2)).toThrow('a majority of voters elects');
    elections.sent(machine(B, [], FIRST), granted(B, A, 2));
    expect(() => elections.elected(leader, 2)).toThrow('a majority of voters elects');
    elections.sent(machine(C, [], FIRST), granted(C, A, 2));
    expect(() => elections.elected(leader, 2)).not.toThrow();
  });

  test('finds a vote that nobody asked for, or for an older log', () => {
    const voter = life(B, logOf(ALL, 1, 1), FIRST);
    const elections = new Elections(oracleOf([]));
    expect(() => elections.granted(voter, A, 2)).toThrow('votes answer a candidate');
    elections.sent(machine(A, [], FIRST), vote(A, 2, 2, 1));
    expect(() => elections.granted(voter, A, 2)).toThrow('votes go to logs that are no older');
    elections.sent(machine(C, [], FIRST), vote(C, 3, 2, 2));
    expect(() => elections.granted(voter, C, 3)).not.toThrow();
  });

  test('knows the log that a leader began with', () => {
    const elections = new Elections(oracleOf([]));
    const leader = leading(A, logOf([A], 1), FIRST);
    elections.sent(leader.node, vote(A, 2, 2, 1));
    leader.node.durable.begin({
      type: 'append',
      batch: { state: { term: 2, vote: A }, entries: [] },
    });
    leader.node.durable.completed();
    elections.elected(leader, 2);
    expect([1, 2, 3, 4].map((index) => elections.termOf(2, index))).toEqual([1, 1, 2, 2]);
    expect(elections.termOf(3, 1)).toBeUndefined();
  });
});

describe('Said', () => {
  const heartbeat = (term: number): WireMessage => granted(A, B, term);

  test('finds a term that falls, in a life or from one to the next', () => {
    const said = new Said();
    const node = machine(A, [], FIRST);
    said.sent(node, heartbeat(3));
    expect(() => said.sent(node, heartbeat(2))).toThrow('terms never fall');
    const found = { identity: null, snapshot: null, entries: [], findings: [] };
    const state = { term: 2, vote: null };
    expect(() => said.opened(node, { ...found, state, tail: 'torn' })).toThrow('terms never fall');
    Object.assign(node, { isDamaged: true });
    expect(() => said.opened(node, { ...found, state, tail: 'torn' })).not.toThrow();
  });

  test('finds a vote that is written down anew, and a term that is written down again', () => {
    const said = new Said();
    const node = machine(A, [], FIRST);
    const before = { term: 3, vote: B };
    expect(() => said.stored(node, before, { term: 3, vote: C })).toThrow('one vote a term');
    expect(() => said.stored(node, before, { term: 3, vote: null })).toThrow('one vote a term');
    expect(() => said.stored(node, before, { term: 2, vote: C })).toThrow('terms never fall');
    expect(() => said.stored(node, before, { term: 4, vote: C })).not.toThrow();
  });
});

describe('Followers', () => {
  const nodesOf = (...views: { readonly node: ReturnType<typeof machine> }[]) =>
    new Map(views.map(({ node }) => [node.id, node]));

  test('finds a commit beyond what a message verified', () => {
    const log = logOf(ALL, 1, 1);
    const view = life(B, log, FIRST);
    const followers = new Followers(nodesOf(view, life(A, log, FIRST), life(C, log, FIRST)));
    const append = {
      type: 'append',
      from: A,
      to: B,
      term: 1,
      seq: 1,
      round: 0,
      recovery: 0,
    } as const;
    view.heard = [{ ...append, prevIndex: 2, prevTerm: 1, entries: [], commitIndex: 3 }];
    view.raft.state.commitIndex = 3;
    expect(() => followers.observe(view)).toThrow('followers commit what is verified');
    view.heard = [{ ...append, prevIndex: 3, prevTerm: 1, entries: [], commitIndex: 3 }];
    expect(() => followers.observe(view)).not.toThrow();
  });

  test('finds a commit that a majority lacks', () => {
    const log = logOf(ALL, 1);
    const view = life(B, log, FIRST);
    const followers = new Followers(
      nodesOf(view, life(A, logOf(ALL), FIRST), life(C, logOf(ALL), FIRST)),
    );
    view.installed = 2;
    view.raft.state.commitIndex = 2;
    expect(() => followers.observe(view)).toThrow('every majority knows what is committed');
  });

  test('finds a match that is not on the disk, but for a newer leader', () => {
    const leader = leading(A, logOf(ALL, 1, 1), FIRST);
    const follower = machine(B, logOf(ALL, 1), FIRST);
    const followers = new Followers(nodesOf(leader, { node: follower }));
    const { role } = leader.raft.state;
    const progress = role.name === 'leader' ? role.progress.get(B) : undefined;
    progress?.advance(2);
    expect(() => followers.observe(leader)).not.toThrow();
    progress?.advance(3);
    expect(() => followers.observe(leader)).toThrow('what matches is durable');
    follower.durable.begin({
      type: 'append',
      batch: { state: { term: 9, vote: null }, entries: [] },
    });
    follower.durable.completed();
    leader.matches.clear();
    expect(() => followers.observe(leader)).not.toThrow();
  });

  test('finds a log that loses what it confirmed while the leader leads', () => {
    const view = life(B, logOf(ALL, 1, 1), FIRST);
    const followers = new Followers(nodesOf(view));
    const answer = { from: B, to: A, term: 1, seq: 1, ok: true, index: 3, recovery: 0 };
    followers.sent(view, { ...answer, type: 'append-response', conflictTerm: 0, round: 0 });
    expect(() => followers.observe(view)).not.toThrow();
    view.raft.state.log.truncateFrom(3);
    expect(() => followers.observe(view)).toThrow('what is confirmed stays');
    view.raft.state.term = 2;
    expect(() => followers.observe(view)).not.toThrow();
  });

  test('finds a leader that knows of a recovery, and counts on what was said before it', () => {
    const leader = leading(A, logOf(ALL, 1, 1), FIRST);
    const follower = recovering(B, logOf(ALL, 1), FIRST);
    // As long as nobody knows of it, the copy that is lost counts.
    Object.assign(follower.node, { holds: () => true });
    const followers = new Followers(nodesOf(leader, follower));
    followers.started(follower);
    const { role } = leader.raft.state;
    const progress = role.name === 'leader' ? role.progress.get(B) : undefined;
    if (progress === undefined) throw new Error('nobody leads');
    progress.advance(3);
    expect(() => followers.observe(leader)).not.toThrow();
    progress.recovery = follower.recovery;
    expect(() => followers.observe(leader)).toThrow('what matches is durable');
    progress.matchIndex = 2;
    expect(() => followers.observe(leader)).not.toThrow();
  });
});

describe('ConfirmedReads', () => {
  test('finds a read that is confirmed with an older index than was committed', () => {
    const leader = leading(A, logOf(ALL, 1), FIRST);
    const oracle = oracleOf(logOf(ALL, 1));
    const reads = new ConfirmedReads(oracle);
    const { role, term } = leader.raft.state;
    if (role.name !== 'leader') throw new Error('nobody leads');
    expect(() => reads.confirmed(leader, 9, 1)).toThrow('only what is committed is read');
    expect(() => reads.confirmed(leader, 2, 1)).toThrow('reads wait for the term to begin');
    oracle.add(put(3, 2));
    oracle.add(put(4, 2));
    const message = { from: A, to: B, term, seq: 1, prevIndex: 0, prevTerm: 0, recovery: 0 };
    const asked = { ...message, type: 'append', entries: [], commitIndex: 3, round: 1 } as const;
    reads.sent(leader.node, asked);
    expect(() => reads.confirmed(leader, 3, 1)).toThrow('reads are confirmed at the newest entry');
    expect(() => reads.confirmed(leader, 4, 1)).not.toThrow();
    const answer = { from: A, to: B, term, seq: 1, context: 1, index: 5 };
    expect(() => reads.sent(leader.node, { ...answer, type: 'read-index-response' })).toThrow(
      'only what is committed is read',
    );
  });
});

describe('ConfirmedReads of others', () => {
  const envelope = { from: B, to: A, term: 2, seq: 1 };
  const question = { ...envelope, type: 'read-index', context: 7 } as const;
  const answerOf = (index: number): WireMessage => {
    return { from: A, to: B, term: 2, seq: 1, type: 'read-index-response', context: 7, index };
  };

  test('finds an answer that is older than the question', () => {
    const leader = leading(A, logOf(ALL, 1), FIRST);
    const reads = new ConfirmedReads(oracleOf([...logOf(ALL, 1), put(3, 2)]));
    reads.received(leader.node, question);
    expect(() => reads.sent(leader.node, answerOf(2))).toThrow(
      'reads are confirmed at the newest entry',
    );
    expect(() => reads.sent(leader.node, answerOf(3))).not.toThrow();
  });

  test('finds an attempt with the name of one before, and an index that nobody confirmed', () => {
    const reads = new ConfirmedReads(oracleOf([]));
    const view = life(B, logOf(ALL, 1), FIRST);
    reads.sent(view.node, question);
    expect(() => reads.sent(view.node, question)).toThrow(
      'attempts to read have names of their own',
    );
    expect(() => reads.told(view, 1, 'leader-confirmed')).not.toThrow();
    expect(() => reads.told(view, 1, 'lost-leadership')).toThrow(
      'only a confirmed leader tells where to read',
    );
  });

  test('finds a read that joins the round that runs', () => {
    const leader = leading(A, logOf(ALL, 1), FIRST);
    const reads = new ConfirmedReads(oracleOf([]));
    const { role } = leader.raft.state;
    if (role.name !== 'leader') throw new Error('nobody leads');
    role.reads.round = 1;
    role.reads.confirming.push({ context: 1, from: null });
    reads.observe(leader);
    role.reads.confirming.push({ context: 2, from: null });
    expect(() => reads.observe(leader)).toThrow('a round serves who asked before it');
    role.reads.round = 2;
    expect(() => reads.observe(leader)).not.toThrow();
  });
});

describe('Logs', () => {
  test('finds an entry that was replaced in the middle, and one that changed', () => {
    const entries = logOf(ALL, 1, 1);
    const view = life(A, entries, FIRST);
    const logs = new Logs(oracleOf([]));
    logs.observe(view);
    logs.isWhole(view);
    logs.saysTheSame(view);
    view.log.set(2, put(2, 1, 'other'));
    expect(() => logs.isWhole(view)).toThrow('logs change at their ends');
    Object.assign(entries[2]?.command ?? {}, { value: 'changed' });
    expect(() => logs.saysTheSame(view)).toThrow('entries do not change');
  });
});
