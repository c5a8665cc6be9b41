import { expect, test } from 'bun:test';
import { StateMachine } from '../../src/kv/state-machine.ts';
import { bytesOfText } from '../../src/lib/bytes.ts';
import { HistoryKeeper } from '../../src/node/history-keeper.ts';
import type { Command } from '../../src/raft/entry.ts';
import type { Raft } from '../../src/raft/raft.ts';
import { ManualClock } from './support/manual-clock.ts';

const MINUTE = 60_000;

/** A keeper over a machine with 12,000 revisions of one key, and what it proposes. */
function keeper(role: 'leader' | 'follower') {
  const machine = new StateMachine();
  const key = bytesOfText('key');
  const stamp = { v: 1, kind: 'put', requestId: null, at: 0, by: null } as const;
  for (let index = 1; index <= 12_000; index += 1) {
    const command = { ...stamp, key, value: key, condition: null, prev: false };
    machine.apply(command, index, 1);
  }
  const clock = new ManualClock();
  const proposed: Command[] = [];
  const raft = {
    state: { role: { name: role } },
    propose: (command: Command) => proposed.push(command),
  } as unknown as Raft;
  const driver = { input: <T>(tell: (core: Raft) => T): T => tell(raft) };
  return { machine, clock, proposed, keeper: new HistoryKeeper({ machine, raft, driver, clock }) };
}

test('a leader proposes to forget what is old enough and beyond the newest 10,000', async () => {
  const { machine, clock, proposed, keeper: history } = keeper('leader');
  history.tick();
  expect(proposed).toEqual([]);
  await clock.advance(6 * MINUTE);
  history.tick();
  expect(proposed).toMatchObject([{ kind: 'compact', revision: machine.view.revision - 10_000 }]);
});

test('a follower proposes nothing', async () => {
  const { clock, proposed, keeper: history } = keeper('follower');
  history.tick();
  await clock.advance(6 * MINUTE);
  history.tick();
  expect(proposed).toEqual([]);
});

test('forgotten history is given back tick by tick', () => {
  const { machine, keeper: history } = keeper('follower');
  const compact = { v: 1, kind: 'compact', requestId: null, at: 0, by: null, revision: 12_000 };
  machine.apply(compact, 12_001, 1);
  // A clock that stands gives one tick all the time it needs.
  history.tick();
  expect(machine.collect(1)).toBe(false);
});
