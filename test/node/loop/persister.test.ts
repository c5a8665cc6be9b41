import { describe, expect, test } from 'bun:test';
import { createEntry, type Entry } from '../../../src/raft/entry.ts';
import type { Ready, SnapshotMeta } from '../../../src/raft/ready.ts';
import { Persister } from '../../../src/node/loop/persister.ts';
import type { Batch, Storage } from '../../../src/storage/storage.ts';
import { ManualClock, turn } from '../support/manual-clock.ts';
import { readyOf } from '../support/ready.ts';

function entry(index: number, term: number, size = 0): Entry {
  const command = { v: 1, kind: 'put', requestId: null, at: 0, by: null, text: 'x'.repeat(size) };
  return createEntry(index, term, command);
}

let sequence = 0;

function ready(part: Partial<Ready>): Ready {
  sequence += 1;
  return readyOf({ mark: { sequence, lastIndex: 0, lastTerm: 0 }, ...part });
}

const SNAPSHOT: SnapshotMeta = {
  index: 9,
  term: 2,
  configuration: { members: [], removed: [], clusterVersion: 1 },
};

/** A persister over a disk that finishes an operation when it is told to. */
function setup() {
  const clock = new ManualClock();
  const done: string[] = [];
  const persisted: Ready[] = [];
  const failures: unknown[] = [];
  const pending: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  const operation = (what: string): Promise<void> => {
    done.push(what);
    return new Promise((resolve, reject) => pending.push({ resolve, reject }));
  };
  const append = ({ state, entries }: Batch): Promise<void> => {
    const named = entries.map(({ index, term }) => `${index}.${term}`);
    return operation(`append ${state === null ? '' : `t${state.term} `}${named.join(' ')}`.trim());
  };
  const storage = {
    append,
    markSynced: () => operation('synced'),
    markRecovered: () => operation('recovered'),
    installSnapshot: ({ index }: SnapshotMeta) => operation(`install ${index}`),
  } as unknown as Storage;
  const persister = new Persister(storage, clock, {
    persisted: (one) => persisted.push(one),
    installed: ({ index }) => done.push(`installed ${index}`),
    progressed: () => undefined,
    failed: (error) => failures.push(error),
    measured: () => undefined,
  });
  const finish = async (): Promise<void> => {
    pending.shift()?.resolve();
    await turn();
  };
  return { clock, done, persisted, failures, pending, persister, finish };
}

describe('what is to be made durable', () => {
  test('goes as one batch when it arrives while the disk is busy', async () => {
    const { persister, done, persisted, finish } = setup();
    const readys = [1, 2, 3].map((index) => ready({ entries: [entry(index, 1)] }));
    for (const one of readys) persister.push(one);
    expect(done).toEqual(['append 1.1']);
    await finish();
    expect(persisted).toEqual(readys.slice(0, 1));
    expect(done).toEqual(['append 1.1', 'append 2.1 3.1']);
    await finish();
    expect(persisted).toEqual(readys);
  });

  test('that was replaced before it was written is not written', async () => {
    const { persister, done, finish } = setup();
    persister.push(ready({ entries: [entry(1, 1)] }));
    persister.push(ready({ entries: [entry(2, 1), entry(3, 1)], state: { term: 1, vote: null } }));
    persister.push(ready({ entries: [entry(2, 2)], state: { term: 2, vote: null } }));
    await finish();
    expect(done.at(-1)).toBe('append t2 2.2');
  });

  test('with a snapshot goes in its order: term, snapshot, entries', async () => {
    const { persister, done, persisted, finish } = setup();
    persister.push(ready({ entries: [entry(1, 1)] }));
    persister.push(ready({ entries: [entry(2, 1)] }));
    persister.push(ready({ snapshot: SNAPSHOT, state: { term: 3, vote: null } }));
    persister.push(ready({ entries: [entry(10, 3)] }));
    for (let n = 0; n < 4; n += 1) await finish();
    expect(done).toEqual([
      'append 1.1',
      'append 2.1',
      'append t3',
      'install 9',
      'installed 9',
      'append 10.3',
    ]);
    expect(persisted).toHaveLength(2);
    await finish();
    expect(persisted).toHaveLength(4);
  });

  test('is cut into batches that do not hold up the event loop', async () => {
    const { persister, done, finish } = setup();
    persister.push(ready({ entries: [entry(1, 1)] }));
    for (let index = 2; index <= 7; index += 1) {
      persister.push(ready({ entries: [entry(index, 1, 2 ** 21)] }));
    }
    for (let n = 0; n < 4; n += 1) await finish();
    expect(done).toEqual(['append 1.1', 'append 2.1 3.1', 'append 4.1 5.1', 'append 6.1 7.1']);
  });

  test('includes that a recovery is settled', async () => {
    const { persister, done, persisted, finish } = setup();
    persister.push(ready({ recovered: true, state: { term: 2, vote: null } }));
    await finish();
    expect([done.at(-1), persisted.length]).toEqual(['recovered', 0]);
    await finish();
    expect(persisted).toHaveLength(1);
  });
});

describe('an idle log', () => {
  test('is marked as synced after a while, and not while something is written', async () => {
    const { persister, done, clock, finish } = setup();
    persister.push(ready({ entries: [entry(1, 1)] }));
    await clock.advance(200);
    expect(done).toEqual(['append 1.1']);
    await finish();
    await clock.advance(49);
    persister.push(ready({ entries: [entry(2, 1)] }));
    await finish();
    await clock.advance(49);
    expect(done).toEqual(['append 1.1', 'append 2.1']);
    await clock.advance(1);
    expect(done.at(-1)).toBe('synced');
    persister.push(ready({ entries: [entry(3, 1)] }));
    expect(done.at(-1)).toBe('synced');
    await finish();
    expect(done.at(-1)).toBe('append 3.1');
  });
});

describe('the end', () => {
  test('comes once all that was pushed is durable', async () => {
    const { persister, persisted, finish, clock } = setup();
    persister.push(ready({ entries: [entry(1, 1)] }));
    persister.push(ready({ entries: [entry(2, 1)] }));
    let isClosed = false;
    void persister.close().then(() => {
      isClosed = true;
    });
    persister.push(ready({ entries: [entry(3, 1)] }));
    await finish();
    expect(isClosed).toBe(false);
    await finish();
    expect([isClosed, persisted.length, clock.timers]).toEqual([true, 2, 0]);
  });

  test('by a failure is told once, and nothing is written after it', async () => {
    const { persister, pending, failures, persisted, done, clock } = setup();
    persister.push(ready({ entries: [entry(1, 1)] }));
    persister.push(ready({ entries: [entry(2, 1)] }));
    pending.shift()?.reject(new Error('EIO'));
    await turn();
    persister.push(ready({ entries: [entry(3, 1)] }));
    await clock.advance(100);
    expect([failures.length, persisted.length, done]).toEqual([1, 0, ['append 1.1']]);
    await persister.close();
  });

  test('by a halt lets nothing follow from what the disk does later', async () => {
    const { persister, pending, failures, persisted, done, clock } = setup();
    persister.push(ready({ entries: [entry(1, 1)] }));
    persister.push(ready({ entries: [entry(2, 1)] }));
    persister.halt();
    pending.shift()?.resolve();
    await clock.advance(100);
    expect([failures.length, persisted.length, done]).toEqual([0, 0, ['append 1.1']]);
  });
});
