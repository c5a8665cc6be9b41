import { describe, expect, test } from 'bun:test';
import { StateMachine } from '../../../src/kv/state-machine.ts';
import { must } from '../../../src/lib/assert.ts';
import { bytesOfText } from '../../../src/lib/bytes.ts';
import { HistoryKeeper } from '../../../src/node/space/history-keeper.ts';
import { DEFAULT_LIMITS, type NodeLimits } from '../../../src/node/options.ts';
import type { Command } from '../../../src/raft/entry.ts';
import type { Raft } from '../../../src/raft/raft.ts';
import { ManualClock } from '../support/manual-clock.ts';

const MINUTE = 60_000;

/** A keeper over a machine with 12,000 revisions of one key, and what it proposes. */
function keeper(role: 'leader' | 'follower', given: Partial<NodeLimits> = {}) {
  const machine = new StateMachine();
  const key = bytesOfText('key');
  const stamp = { v: 1, kind: 'put', requestId: null, at: 0, by: null } as const;
  const command = { ...stamp, key, value: key, condition: null, prev: false };
  const write = (): void => {
    machine.apply(command, machine.appliedIndex + 1, 1);
  };
  for (let revisions = 0; revisions < 12_000; revisions += 1) write();
  const clock = new ManualClock();
  const proposed: Command[] = [];
  const raft = {
    state: { role: { name: role } },
    propose: (command: Command) => {
      proposed.push(command);
      return { ok: true, entry: null };
    },
  } as unknown as Raft;
  let growth = 0;
  /** What is proposed is applied at once. */
  const proposals = {
    add: () => {
      machine.apply(must(proposed.at(-1), 'a proposal'), machine.appliedIndex + 1, 1);
      return Promise.resolve(null);
    },
    get growth() {
      return growth;
    },
  };
  const limits = { ...DEFAULT_LIMITS, ...given };

  const driver = { input: <T>(tell: (core: Raft) => T): T => tell(raft) };
  const time = { now: () => clock.wallNow() };
  const parts = { machine, raft, driver, proposals, clock, time, limits };
  const grow = (bytes: number): void => {
    growth = bytes;
  };
  return { machine, clock, proposed, grow, write, keeper: new HistoryKeeper(parts) };
}

test('a leader proposes to forget what is old enough and beyond the newest 10,000', async () => {
  const { machine, clock, proposed, keeper: history } = keeper('leader');
  history.tick();
  expect(proposed).toEqual([]);
  await clock.advance(6 * MINUTE);
  history.tick();
  expect(proposed).toMatchObject([{ kind: 'compact', revision: machine.view.revision - 10_000 }]);
});

test('the settings are gone by: how many, how long, and how often it is asked', async () => {
  const settings = { historyRevisions: 100, historyAgeMs: 1000, historyAskMs: 10 };
  const { machine, clock, proposed, keeper: history } = keeper('leader', settings);
  history.tick();
  await clock.advance(999);
  history.tick();
  expect(proposed).toEqual([]);
  await clock.advance(11);
  history.tick();
  expect(proposed).toMatchObject([{ revision: machine.view.revision - 100 }]);
});

test('too many bytes go at once, without regard to age, and once only', async () => {
  const historyBytes = 100_000;
  const { machine, clock, proposed, keeper: history } = keeper('leader', { historyBytes });
  expect(machine.view.historyBytes).toBeGreaterThan(historyBytes);
  history.tick();
  history.tick();
  expect(proposed).toHaveLength(1);
  expect(machine.view.historyBytes).toBeLessThanOrEqual(historyBytes);
  expect(machine.view.historyBytes).toBeGreaterThan(historyBytes / 4);
  await clock.advance(1000);
  history.tick();
  expect(proposed).toHaveLength(1);
});

test('too many bytes do not wait until it is asked for age and number again', async () => {
  const historyBytes = keeper('leader').machine.view.historyBytes + 500;
  const given = { historyBytes, historyAskMs: 30_000 };
  const { machine, clock, proposed, write, keeper: history } = keeper('leader', given);
  history.tick();
  expect(proposed).toEqual([]);
  for (let more = 0; more < 10; more += 1) write();
  expect(machine.view.historyBytes).toBeGreaterThan(historyBytes);
  await clock.advance(250);
  history.tick();
  expect(proposed).toHaveLength(1);
});

describe('near the quota', () => {
  const size = keeper('leader').machine.view.sizeBytes;

  test('history goes beforehand, as far as it must', () => {
    const quotaBytes = Math.floor(size * 1.05);
    const { machine, proposed, keeper: history } = keeper('leader', { quotaBytes });
    history.tick();
    expect(proposed).toHaveLength(1);
    expect(machine.view.sizeBytes).toBeLessThan((quotaBytes * 15) / 16);
    expect(machine.view.historyBytes).toBeGreaterThan(quotaBytes / 2);
  });

  test('writes under way count as if they were there', () => {
    const quotaBytes = size * 2;
    const { proposed, grow, keeper: history } = keeper('leader', { quotaBytes });
    history.tick();
    expect(proposed).toEqual([]);
    grow(size);
    history.tick();
    expect(proposed).toHaveLength(1);
  });

  test('none goes where it is left to requests, or there is no quota', () => {
    for (const given of [{ quotaBytes: size, autoCompaction: false }, { quotaBytes: 0 }]) {
      const { proposed, keeper: history } = keeper('leader', given);
      history.tick();
      expect(proposed).toEqual([]);
    }
  });
});

test('history that is asked to go goes as far as asked, and no further than it can', async () => {
  const { machine, proposed, keeper: history } = keeper('leader');
  await history.forget(1_000_000);
  expect(machine.view.historyBytes).toBeWithin(500_000, 1_000_001);
  await history.forget(1_000_000);
  expect(proposed).toHaveLength(1);
  await Promise.all([history.forget(0), history.forget(0)]);
  expect(machine.view.historyBytes).toBe(0);
  expect(proposed).toHaveLength(2);
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
