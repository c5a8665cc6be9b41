import { expect, test } from 'bun:test';
import { StateMachine } from '../../../src/kv/state-machine.ts';
import { Driver, type DriverHooks } from '../../../src/node/loop/driver.ts';
import { EMPTY_CONFIGURATION } from '../../../src/raft/configuration.ts';
import { createEntry, type Entry } from '../../../src/raft/entry.ts';
import type { Message } from '../../../src/raft/message.ts';
import type { Raft } from '../../../src/raft/raft.ts';
import type { Ready } from '../../../src/raft/ready.ts';
import type { Storage } from '../../../src/storage/storage.ts';
import { ManualClock, turn } from '../support/manual-clock.ts';
import { readyOf } from '../support/ready.ts';

function entries(from: number, to: number): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, at) =>
    createEntry(from + at, 1, { v: 1, kind: 'noop', requestId: null, at: 0, by: null }),
  );
}

function message(seq: number): Message {
  return { seq } as Message;
}

/** A driver of a core that says what the test has it say, and a note of all that it does. */
function setup() {
  const done: string[] = [];
  const readys: Ready[] = [];
  const failures: unknown[] = [];
  const machine = new StateMachine();
  const disk = Promise.withResolvers<void>();
  const raft = {
    state: { history: { latest: EMPTY_CONFIGURATION } },
    hasReady: () => readys.length > 0,
    ready: () => readys.shift(),
    persisted: () => done.push('persisted'),
    diskProgressed: () => undefined,
  };
  const storage: Partial<Storage> = {
    append: async ({ entries: written }) => {
      await disk.promise;
      done.push(`written ${written.map(({ index }) => index).join(' ')}`);
    },
    installSnapshot: async ({ index }) => {
      await disk.promise;
      done.push(`installed ${index}`);
    },
  };
  const ignored = (): void => undefined;
  const hooks: DriverHooks = {
    send: ({ seq }) => done.push(`sent ${seq}`),
    orderSnapshot: ignored,
    readAnswered: (context) => done.push(`read ${context}`),
    traced: ignored,
    configured: ignored,
    applied: ({ index }) => done.push(`applied ${index}`),
    advanced: ignored,
    restore: ({ index }) => {
      while (machine.appliedIndex < index) machine.skip(machine.appliedIndex + 1);
      done.push(`restored ${index}`);
      return Promise.resolve();
    },
    ticked: ignored,
    persisted: ignored,
    persistMeasured: ignored,
    failed: (error) => failures.push(error),
  };
  const driver = new Driver({
    raft: raft as unknown as Raft,
    machine,
    storage: storage as Storage,
    clock: new ManualClock(),
    tickMs: 10,
    hooks,
  });
  driver.start();
  const handle = async (ready: Partial<Ready>): Promise<void> => {
    readys.push(readyOf(ready));
    driver.input(() => undefined);
    await turn();
  };
  return { done, failures, disk, handle };
}

const MARK = { sequence: 1, lastIndex: 12, lastTerm: 1 };

test('a snapshot, and entries behind it in one step, are applied in this order', async () => {
  const { done, failures, disk, handle } = setup();
  const snapshot = { index: 10, term: 1, configuration: EMPTY_CONFIGURATION };
  const behind = entries(11, 12);
  await handle({ snapshot, entries: behind, committed: behind, mark: MARK });
  expect(done).toEqual([]);
  disk.resolve();
  await turn();
  expect(failures).toEqual([]);
  expect(done).toEqual([
    'installed 10',
    'restored 10',
    'applied 11',
    'applied 12',
    'written 11 12',
    'persisted',
  ]);
});

test('what waits for the disk leaves when it is done, all of it; the rest at once', async () => {
  const { done, disk, handle } = setup();
  const later = Array.from({ length: 20 }, (_, at) => message(at));
  await handle({
    messages: [message(100)],
    messagesAfterPersist: later,
    entries: entries(1, 1),
    mark: { ...MARK, lastIndex: 1 },
    readStates: [{ context: 7, index: 0 }],
  });
  expect(done).toEqual(['sent 100', 'read 7']);
  disk.resolve();
  await turn();
  expect(done.slice(2)).toEqual([
    'written 1',
    ...later.map(({ seq }) => `sent ${seq}`),
    'persisted',
  ]);
});
