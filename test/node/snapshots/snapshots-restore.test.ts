import { describe, expect, test } from 'bun:test';
import { StateMachine } from '../../../src/kv/state-machine.ts';
import { EMPTY_CONFIGURATION } from '../../../src/raft/configuration.ts';
import { Snapshots, type SnapshotsOptions } from '../../../src/node/snapshots/snapshots.ts';
import { DamageError, type SnapshotFile, type Storage } from '../../../src/storage/storage.ts';

const FILE: SnapshotFile = {
  index: 7,
  term: 1,
  configuration: EMPTY_CONFIGURATION,
  bytes: 100,
  hash: '00',
};

/** A storage whose snapshot reads as these lines, and is found to be damaged at its end or not. */
function restoring(lines: readonly string[], isDamaged: boolean): Promise<void> {
  const storage: Partial<Storage> = {
    newestSnapshot: () => FILE,
    async *readSnapshot() {
      yield* lines;
      await Promise.resolve();
      if (isDamaged) throw new DamageError('snapshot-7.jsonl', 0, 'wrong hash', 'Replace it.');
    },
  };
  const options: Partial<SnapshotsOptions> = {
    storage: storage as Storage,
    machine: new StateMachine(),
    events: { emit: () => undefined } as unknown as SnapshotsOptions['events'],
  };
  return new Snapshots(options as SnapshotsOptions).restore(FILE);
}

describe('restoring a snapshot', () => {
  test('whose lines make no sense: where the file is damaged, that is what is said', async () => {
    await expect(restoring(['{"what":'], true)).rejects.toThrow('wrong hash');
  });

  test('that is as it was written, and makes no sense all the same', async () => {
    await expect(restoring(['{"what":'], false)).rejects.toThrow('snapshot line 1');
  });

  test('that goes on behind its end', async () => {
    const lines = [...new StateMachine().snapshot()];
    await restoring(lines, false);
    await expect(restoring([...lines, '{"type":"log","items":[]}'], false)).rejects.toThrow();
  });
});
