import { expect, test } from 'bun:test';
import { StateMachine } from '../../../src/kv/state-machine.ts';
import { DEFAULT_LIMITS, type NodeLimits } from '../../../src/node/options.ts';
import { Snapshots, type SnapshotsOptions } from '../../../src/node/snapshots/snapshots.ts';
import { EMPTY_CONFIGURATION } from '../../../src/raft/configuration.ts';
import type { Raft } from '../../../src/raft/raft.ts';
import type { SnapshotMeta } from '../../../src/raft/ready.ts';
import type { SnapshotFile, Storage } from '../../../src/storage/storage.ts';
import { put } from '../../kv/support/commands.ts';
import { Rig } from '../../kv/support/rig.ts';
import { turn } from '../support/manual-clock.ts';

const FILE = { index: 0, term: 3, configuration: EMPTY_CONFIGURATION, bytes: 1, hash: '00' };

/** Pauses that end when the test says so, and whether the node goes on then. */
function pausing(sleeps: ((goesOn: boolean) => void)[]): SnapshotsOptions['delays'] {
  const sleep = (): Promise<boolean> => {
    if (sleeps.length > 9) throw new Error('it looks without a rest');
    return new Promise((resolve) => sleeps.push(resolve));
  };
  return { sleep } as unknown as SnapshotsOptions['delays'];
}

/** Snapshots of a machine whose log is durable, and whose disk writes, when the test says so. */
function setup(retained: Partial<NodeLimits> = {}) {
  const rig = new Rig();
  const durable = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  const saved: { meta: SnapshotMeta; lines: string[] }[] = [];
  const begun: number[] = [];
  const compacted: number[] = [];
  const configured: number[] = [];
  const world = {
    newest: null as SnapshotFile | null,
    sleeps: [] as ((goesOn: boolean) => void)[],
  };
  const storage: Partial<Storage> = {
    newestSnapshot: () => world.newest,
    saveSnapshot: async (meta, lines) => {
      begun.push(meta.index);
      await written.promise;
      saved.push({ meta, lines: [...lines] });
      world.newest = { ...FILE, ...meta };
      return world.newest;
    },
  };
  const log = {
    term: (): number | null => 3,
    baseIndex: 0,
    lastIndex: 0,
    entry: () => ({ json: '{}' }),
  };
  const raft = {
    state: { log },
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
    limits: { ...DEFAULT_LIMITS, retainEntries: 0, ...retained },
    whenDurable: () => durable.promise,
    delays: pausing(world.sleeps),
    failed: (error) => {
      throw error;
    },
  };
  const snapshots = new Snapshots(options as SnapshotsOptions);
  const write = (key: string): void => {
    rig.apply(put(key, 'v'));
    log.lastIndex = rig.machine.appliedIndex;
  };
  return {
    rig,
    snapshots,
    begun,
    saved,
    compacted,
    configured,
    durable,
    written,
    log,
    world,
    write,
  };
}

test('a snapshot is of its index, whatever is applied while it waits and is written', async () => {
  const { rig, snapshots, begun, saved, compacted, configured, durable, written, write } = setup();
  write('a');
  write('b');
  const hash = rig.machine.hash();
  const taken = snapshots.takeNow();
  write('c');
  await turn();
  // The log on disk cannot stand on what it does not hold yet.
  expect(begun).toEqual([]);
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

test('where a received one takes the place of the state none is taken; it is awaited', async () => {
  const { rig, snapshots, log, world, write } = setup();
  write('a');
  // The log has been replaced already; the state has not.
  log.term = () => null;
  const taken = snapshots.takeNow();
  await turn();
  expect(world.sleeps).toHaveLength(1);
  world.newest = { ...FILE, index: rig.machine.appliedIndex };
  world.sleeps[0]?.(true);
  await taken;
  expect(world.sleeps).toHaveLength(1);
});

test('and not at all any more when the node stops', async () => {
  const { snapshots, log, world, write } = setup();
  write('a');
  log.term = () => null;
  const taken = snapshots.takeNow();
  await turn();
  world.sleeps[0]?.(false);
  await expect(taken).rejects.toThrow('stopped');
});

test.each<[Partial<NodeLimits>, number]>([
  [{ retainEntries: 2 }, 2],
  [{ retainEntries: 3 }, 1],
  [{ retainEntries: 9 }, 0],
  [{ retainEntries: 9, retainBytes: 6 }, 1],
  [{ retainEntries: 3, retainBytes: 4 }, 2],
])('of a log of four entries, %j keeps those behind %d in memory', async (retained, index) => {
  const { snapshots, compacted, durable, written, write } = setup(retained);
  write('a');
  write('b');
  const taken = snapshots.takeNow();
  write('c');
  write('d');
  durable.resolve();
  written.resolve();
  await taken;
  expect(compacted).toEqual([index]);
});
