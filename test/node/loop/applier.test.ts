import { describe, expect, test } from 'bun:test';
import { StateMachine } from '../../../src/kv/state-machine.ts';
import { Applier } from '../../../src/node/loop/applier.ts';
import { createEntry, type Entry } from '../../../src/raft/entry.ts';
import { ManualClock, turn } from '../support/manual-clock.ts';

function entry(index: number, value = 'v', kind = 'put'): Entry {
  const fields = { key: `k${index}`, value, condition: null, prev: false };
  return createEntry(index, 1, { v: 1, kind, requestId: null, at: index, by: null, ...fields });
}

function entries(from: number, to: number, value?: string): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, at) => entry(from + at, value));
}

const CONFIGURATION = { members: [], removed: [], clusterVersion: 1 };

/** An applier whose clock passes a little with each look. */
function setup(lookMs = 0) {
  class SlowClock extends ManualClock {
    override now(): number {
      this.jump(lookMs);
      return super.now();
    }
  }
  const clock = new SlowClock();
  const machine = new StateMachine();
  const applied: number[] = [];
  const advanced: number[] = [];
  const failures: unknown[] = [];
  const restores: (() => void)[] = [];
  const applier = new Applier(machine, clock, {
    applied: ({ index }) => applied.push(index),
    advanced: (index) => advanced.push(index),
    restore: ({ index }) =>
      new Promise((resolve) => {
        restores.push(() => {
          const receiver = machine.restore();
          for (const line of snapshotAt(index)) receiver.line(line);
          receiver.finish();
          resolve();
        });
      }),
    failed: (error) => failures.push(error),
  });
  return { clock, machine, applier, applied, advanced, failures, restores };
}

function snapshotAt(index: number): string[] {
  const machine = new StateMachine();
  for (const { command, index: at } of entries(1, index)) machine.apply(command, at);
  return [...machine.snapshot()];
}

describe('committed entries', () => {
  test('are applied in order, each once, at once', () => {
    const { applier, applied, advanced } = setup();
    applier.pushEntries(entries(1, 3));
    applier.pushEntries([]);
    applier.pushEntries(entries(4, 5));
    expect([applied, advanced]).toEqual([
      [1, 2, 3, 4, 5],
      [3, 5],
    ]);
  });

  test('that are not for the state machine are passed', () => {
    const { applier, machine, applied } = setup();
    applier.pushEntries([entry(1, '', 'noop'), entry(2)]);
    expect([applied, machine.view.revision]).toEqual([[1, 2], 2]);
  });

  test('that are many are applied in slices', async () => {
    const { applier, applied, clock } = setup(1);
    applier.pushEntries(entries(1, 2000));
    expect(applied.length).toBeGreaterThan(100);
    expect(applied.length).toBeLessThan(1000);
    await clock.advance(1000);
    expect(applied).toHaveLength(2000);
  });

  test('that are large come in smaller slices', async () => {
    const { applier, applied, clock } = setup(1);
    applier.pushEntries(entries(1, 64, 'x'.repeat(2 ** 20)));
    expect(applied.length).toBeLessThan(10);
    await clock.advance(1000);
    expect(applied).toHaveLength(64);
  });

  test('of an unknown kind end the node', () => {
    const { applier, failures, applied } = setup();
    applier.pushEntries([entry(1), entry(2, '', 'from-the-future'), entry(3)]);
    expect([failures.length, applied]).toEqual([1, [1]]);
    applier.pushEntries([entry(4)]);
    expect([failures.length, applied]).toEqual([1, [1]]);
  });
});

describe('a snapshot', () => {
  test('takes its place when it is on disk, and entries wait behind it', async () => {
    const { applier, applied, advanced, restores, machine } = setup();
    const snapshot = { index: 10, term: 1, configuration: CONFIGURATION };
    applier.pushEntries(entries(1, 2));
    applier.pushSnapshot(snapshot);
    applier.pushEntries(entries(11, 12));
    expect([applied, restores.length]).toEqual([[1, 2], 0]);
    applier.snapshotInstalled(snapshot);
    expect([applied, restores.length]).toEqual([[1, 2], 1]);
    restores[0]?.();
    await turn();
    expect(applied).toEqual([1, 2, 11, 12]);
    expect([advanced, machine.appliedIndex]).toEqual([[2, 10, 12], 12]);
  });

  test('behind another one waits until it is on disk itself', async () => {
    const { applier, restores, machine } = setup();
    const [first, second] = [10, 20].map((index) => {
      return { index, term: 1, configuration: CONFIGURATION };
    });
    if (first === undefined || second === undefined) throw new Error('two snapshots');
    applier.pushSnapshot(first);
    applier.pushSnapshot(second);
    applier.snapshotInstalled(first);
    restores[0]?.();
    await turn();
    expect([restores.length, machine.appliedIndex]).toEqual([1, 10]);
    applier.snapshotInstalled(second);
    restores[1]?.();
    await turn();
    expect([restores.length, machine.appliedIndex]).toEqual([2, 20]);
  });

  test('has applied the entries that it holds: they are passed by', async () => {
    const { applier, applied, failures, restores, machine } = setup();
    const snapshot = { index: 10, term: 1, configuration: CONFIGURATION };
    applier.pushSnapshot(snapshot);
    applier.pushEntries(entries(9, 12));
    applier.snapshotInstalled(snapshot);
    restores[0]?.();
    await turn();
    expect([applied, failures]).toEqual([[11, 12], []]);
    expect(machine.appliedIndex).toBe(12);
  });

  test('that is read while the node stops moves nothing', async () => {
    const { applier, applied, advanced, restores } = setup();
    const snapshot = { index: 10, term: 1, configuration: CONFIGURATION };
    applier.pushSnapshot(snapshot);
    applier.snapshotInstalled(snapshot);
    applier.pushEntries(entries(11, 12));
    applier.stop();
    restores[0]?.();
    await turn();
    expect([applied, advanced]).toEqual([[], []]);
  });
});
