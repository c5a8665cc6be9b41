import { expect, test } from 'bun:test';
import { StateMachine } from '../../../src/kv/state-machine.ts';
import { DEFAULT_LIMITS } from '../../../src/node/options.ts';
import { Snapshots, type SnapshotsOptions } from '../../../src/node/snapshots/snapshots.ts';
import { EMPTY_CONFIGURATION } from '../../../src/raft/configuration.ts';
import type { Raft } from '../../../src/raft/raft.ts';
import type { SnapshotMeta } from '../../../src/raft/ready.ts';
import type { SnapshotFile, Storage } from '../../../src/storage/storage.ts';
import { put } from '../../kv/support/commands.ts';
import { Rig } from '../../kv/support/rig.ts';
import { turn } from '../support/manual-clock.ts';

/** Snapshots of a machine whose log is durable, and whose disk writes, when the test says so. */
function setup() {
  const rig = new Rig();
  const durable = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  const saved: { meta: SnapshotMeta; lines: string[] }[] = [];
  const compacted: number[] = [];
  const configured: number[] = [];
  let newest: SnapshotFile | null = null;
  const storage: Partial<Storage> = {
    newestSnapshot: () => newest,
    saveSnapshot: async (meta, lines) => {
      await written.promise;
      saved.push({ meta, lines: [...lines] });
      newest = { ...meta, bytes: 1, hash: '00' };
      return newest;
    },
  };
  const log = { term: () => 3, baseIndex: 0, entry: () => ({ json: '{}' }) };
  const raft = {
    state: { log: { ...log, lastIndex: 0 } },
    configurationAt: (index: number) => {
      configured.push(index);
      return EMPTY_CONFIGURATION;
    },
    compact: (index: number) => compacted.push(index),
  };
  const options: Partial<SnapshotsOptions> = {
    storage: storage as Storage,
    machine: rig.machine,
    raft: raft as unknown as Raft,
    events: { emit: () => undefined } as unknown as SnapshotsOptions['events'],
    limits: { ...DEFAULT_LIMITS, retainEntries: 0 },
    whenDurable: () => durable.promise,
    failed: (error) => {
      throw error;
    },
  };
  const snapshots = new Snapshots(options as SnapshotsOptions);
  const write = (key: string): void => {
    rig.apply(put(key, 'v'));
    raft.state.log.lastIndex = rig.machine.appliedIndex;
  };
  return { rig, snapshots, saved, compacted, configured, durable, written, write };
}

test('a snapshot is of its index, whatever is applied while it waits and is written', async () => {
  const { rig, snapshots, saved, compacted, configured, durable, written, write } = setup();
  write('a');
  write('b');
  const hash = rig.machine.hash();
  const taken = snapshots.takeNow();
  write('c');
  await turn();
  expect(saved).toEqual([]);
  durable.resolve();
  await turn();
  write('d');
  written.resolve();
  await taken;
  const [{ meta, lines } = { meta: null, lines: [] }] = saved;
  expect(meta).toMatchObject({ index: 2, term: 3 });
  expect(configured).toEqual([2]);
  const restored = new StateMachine();
  const receiver = restored.restore();
  for (const line of lines) receiver.line(line);
  receiver.finish();
  expect([restored.appliedIndex, restored.hash()]).toEqual([2, hash]);
  // The log goes as far as the snapshot reaches, and no further.
  expect(compacted).toEqual([2]);
});
