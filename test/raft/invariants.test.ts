/** What must hold of one node, and between two of its steps, is noticed when it does not. */
import { expect, test } from 'bun:test';
import { Progress } from '../../src/raft/progress.ts';
import { checkState, checkStep, summarize } from '../../src/raft/invariants.ts';
import { A, B, C, configured, D, leading, logOf, membership, put } from '../sim/support/lives.ts';

const FIRST = { term: 1, vote: null };

/** A leader of term 2 behind a log to 3, of which it has committed nothing yet. */
function leader() {
  const { raft } = leading(A, logOf([A, B, C], 1, 1), FIRST);
  const { state } = raft;
  const { role } = state;
  if (role.name !== 'leader') throw new Error('nobody leads');
  expect(() => checkState(state)).not.toThrow();
  return { state, role };
}

test('a leader commits up to entries of its own term', () => {
  const { state } = leader();
  const before = summarize(state);
  state.commitIndex = 4;
  expect(() => checkStep(before, state)).not.toThrow();
  state.commitIndex = 3;
  expect(() => checkStep(before, state)).toThrow('committed up to one of term 1');
});

test('a leader begins nothing before its term has begun', () => {
  const { state, role } = leader();
  role.reads.round = 1;
  expect(() => checkState(state)).toThrow('a read round before the term has begun');
  state.commitIndex = role.noopIndex;
  expect(() => checkState(state)).not.toThrow();
});

test('a leader changes the membership when its term has begun, once at a time', () => {
  const { state, role } = leader();
  const change = (index: number, ids: readonly (typeof A)[]): void => {
    const entry = configured(index, 2, membership(ids));
    state.log.append([entry]);
    state.history.appended(entry);
    for (const id of ids) if (id !== A) role.progress.set(id, new Progress(index));
  };
  change(5, [A, B, C, D]);
  expect(() => checkState(state)).toThrow('a change before the term has begun');
  state.commitIndex = role.noopIndex;
  expect(() => checkState(state)).not.toThrow();
  change(6, [A, B, C, D]);
  expect(() => checkState(state)).toThrow('two changes are under way');
});

test('a leader that removed itself does not stay when that is committed', () => {
  const { state, role } = leader();
  state.commitIndex = role.noopIndex;
  const entry = configured(5, 2, membership([B, C], [A]));
  state.log.append([entry]);
  state.history.appended(entry);
  expect(() => checkState(state)).not.toThrow();
  state.log.append([put(6, 2)]);
  state.commitIndex = 6;
  expect(() => checkState(state)).toThrow('a leader that is removed for good');
});

test('a leader leaves no more appends unanswered than a window', () => {
  const { state, role } = leader();
  const progress = role.progress.get(B);
  for (let seq = 1; seq <= state.config.window; seq += 1) progress?.sent(seq, 3);
  expect(() => checkState(state)).not.toThrow();
  progress?.sent(100, 3);
  expect(() => checkState(state)).toThrow('appends are unanswered');
});
