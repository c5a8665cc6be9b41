import { expect, test } from 'bun:test';
import { StateMachine } from '../../../src/kv/state-machine.ts';
import { Snapshots, type SnapshotsOptions } from '../../../src/node/snapshots/snapshots.ts';
import { EMPTY_CONFIGURATION } from '../../../src/raft/configuration.ts';
import type { SnapshotMeta } from '../../../src/raft/ready.ts';
import type { Storage } from '../../../src/storage/storage.ts';

test('a snapshot is saved once the log holds on disk what it stands for', async () => {
  const saved: number[] = [];
  const storage: Partial<Storage> = {
    newestSnapshot: () => null,
    walBytes: 1_000,
    saveSnapshot: (meta: SnapshotMeta) => {
      saved.push(meta.index);
      return Promise.resolve({ ...meta, bytes: 1, hash: '00' });
    },
  };
  const machine = new StateMachine();
  machine.skip(1, 1);
  const log = { baseIndex: 0, lastIndex: 1, term: () => 1, entry: () => ({ json: '{}' }) };
  const raft = { state: { log }, configurationAt: () => EMPTY_CONFIGURATION, compact: () => null };
  const durable = Promise.withResolvers<void>();
  const options = {
    storage,
    machine,
    raft,
    events: { emit: () => undefined },
    limits: { snapshotWalBytes: 10, retainEntries: 0, retainBytes: 0 },
    whenDurable: (index: number) => {
      expect(index).toBe(1);
      return durable.promise;
    },
    failed: (error: unknown) => {
      throw error;
    },
  };
  const snapshots = new Snapshots(options as unknown as SnapshotsOptions);
  snapshots.takeIfDue();
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  expect(saved).toEqual([]);
  durable.resolve();
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  expect(saved).toEqual([1]);
});
