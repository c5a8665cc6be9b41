import { describe, expect, test } from 'bun:test';
import { Prng } from '../../src/lib/prng.ts';
import { DiskError } from '../../src/storage/disk.ts';
import {
  type DiskFault,
  type DiskOperation,
  MemoryDisk,
  type MemoryDiskOptions,
} from '../../src/storage/memory-disk.ts';
import { DamageError, NoRoomError } from '../../src/storage/storage.ts';
import {
  batch,
  entries,
  entry,
  failureOf,
  IDENTITY,
  meta,
  snapshotLines,
  storageOn,
} from './support.ts';

/** Faults that are armed once the directory exists. */
function faulty(fault: (operation: DiskOperation) => DiskFault | null): {
  readonly options: MemoryDiskOptions;
  readonly arm: () => void;
} {
  let armed = false;
  return {
    options: { fault: (operation) => (armed ? fault(operation) : null) },
    arm: () => {
      armed = true;
    },
  };
}

function onWal(operation: DiskOperation, kind: DiskOperation['kind']): boolean {
  return operation.kind === kind && operation.path.startsWith('wal/');
}

async function founded(options: MemoryDiskOptions) {
  const disk = new MemoryDisk(options);
  const storage = storageOn(disk);
  await storage.open(IDENTITY);
  await storage.append(batch(entries(1, 2, 1)));
  return { disk, storage };
}

async function entriesAfter(disk: MemoryDisk, mode: 'kill' | 'drop') {
  const restored = await storageOn(disk.crash(new Prng(1), mode, {})).open(null);
  expect(restored.tail).toBe('clean');
  return restored.entries;
}

describe('writes that take a part', () => {
  test('the rest is written, whatever the pieces', async () => {
    const prng = new Prng(3);
    const { options, arm } = faulty((operation) =>
      operation.kind === 'write' && operation.bytes > 1 && prng.chance(0.7)
        ? { type: 'short-write', bytes: prng.between(1, operation.bytes) }
        : null,
    );
    const { disk, storage } = await founded(options);
    arm();
    for (const item of entries(3, 30, 1)) await storage.append(batch([item]));
    await storage.saveSnapshot(meta(20, 1), snapshotLines(20));
    await storage.close();
    const restored = await storageOn(disk.crash(new Prng(1), 'drop', {})).open(null);
    expect(restored.snapshot?.index).toBe(20);
    expect(restored.entries).toEqual(entries(21, 30, 1));
  });

  test('a full disk: part of a batch, then ENOSPC; no retry, no loss', async () => {
    let writes = 0;
    const { options, arm } = faulty((operation) => {
      if (!onWal(operation, 'write')) return null;
      writes += 1;
      return writes === 1 ? { type: 'short-write', bytes: 60 } : { type: 'error', code: 'ENOSPC' };
    });
    const { disk, storage } = await founded(options);
    arm();
    const error = await failureOf(storage.append(batch([entry(3, 1)])));
    expect(error).toBeInstanceOf(DiskError);
    expect(error.message).toContain('ENOSPC');
    expect(await failureOf(storage.append(batch([entry(3, 1)])))).toBe(error);
    expect(await failureOf(storage.markSynced())).toBe(error);
    expect(await failureOf(storage.saveSnapshot(meta(1, 1), ['1']))).toBe(error);
    expect(writes).toBe(2);
    expect(await entriesAfter(disk, 'kill')).toEqual(entries(1, 2, 1));
  });

  test('no room for a snapshot: only the snapshot does not happen', async () => {
    let full = false;
    const { options, arm } = faulty((operation) => {
      const isSnapshot = operation.kind === 'write' && operation.path.startsWith('snapshot-');
      return full && isSnapshot ? { type: 'error', code: 'ENOSPC' } : null;
    });
    const { disk, storage } = await founded(options);
    arm();
    full = true;
    expect(await failureOf(storage.saveSnapshot(meta(2, 1), snapshotLines(2)))).toBeInstanceOf(
      NoRoomError,
    );
    expect(disk.paths().filter((path) => path.startsWith('snapshot-'))).toEqual([]);
    expect(storage.newestSnapshot()).toBeNull();
    await storage.append(batch([entry(3, 1)]));
    full = false;
    expect((await storage.saveSnapshot(meta(3, 1), snapshotLines(3))).index).toBe(3);
    expect(await entriesAfter(disk, 'kill')).toEqual([]);
  });

  test('a write that says it took nothing, or more than it was given, is an error', async () => {
    const { options, arm } = faulty((operation) =>
      onWal(operation, 'write') ? { type: 'short-write', bytes: 0 } : null,
    );
    const { storage } = await founded(options);
    arm();
    expect(await failureOf(storage.append(batch([entry(3, 1)])))).toBeInstanceOf(DiskError);
  });
});

describe('syncs that fail', () => {
  test('the pages are gone: no acknowledgement, and a sound start', async () => {
    for (const mode of ['kill', 'drop'] as const) {
      const { options, arm } = faulty((operation) =>
        onWal(operation, 'sync') ? { type: 'dropped-pages' } : null,
      );
      const { disk, storage } = await founded(options);
      arm();
      const error = await failureOf(storage.append(batch([entry(3, 1)])));
      expect(error.message).toContain('EIO');
      expect(await failureOf(storage.append(batch([entry(3, 1)])))).toBe(error);
      const left = disk.crash(new Prng(1), mode, {});
      const found = (await storageOn(left).open(null)).entries;
      expect(found).toEqual(entries(1, mode === 'kill' ? 3 : 2, 1));
      // The start saw the batch in the page cache only; it must have made it durable itself.
      expect(await entriesAfter(left, 'drop')).toEqual([...found]);
    }
  });

  test('one that fails is not tried again: the next says nothing of those pages', async () => {
    let syncs = 0;
    const { options, arm } = faulty((operation) => {
      if (!onWal(operation, 'sync')) return null;
      syncs += 1;
      return syncs === 1 ? { type: 'dropped-pages' } : null;
    });
    const { disk, storage } = await founded(options);
    arm();
    const error = await failureOf(storage.append(batch([entry(3, 1)])));
    expect(error).toBeInstanceOf(DiskError);
    expect(await failureOf(storage.append(batch([entry(3, 1)])))).toBe(error);
    expect(syncs).toBe(1);
    expect(await entriesAfter(disk, 'drop')).toEqual(entries(1, 2, 1));
  });

  test('a stuck sync acknowledges nothing', async () => {
    const { options, arm } = faulty((operation) =>
      onWal(operation, 'sync') ? { type: 'stuck' } : null,
    );
    const { disk, storage } = await founded(options);
    arm();
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    storage.append(batch([entry(3, 1)])).then(settle, settle);
    for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
    expect(settled).toBe(false);
    expect(await entriesAfter(disk, 'drop')).toEqual(entries(1, 2, 1));
  });

  test('a directory that cannot be synced: no snapshot is named', async () => {
    const { options, arm } = faulty((operation) =>
      operation.kind === 'sync-directory' ? { type: 'error', code: 'EIO' } : null,
    );
    const { disk, storage } = await founded(options);
    arm();
    const error = await failureOf(storage.saveSnapshot(meta(2, 1), snapshotLines(2)));
    expect(error).toBeInstanceOf(DiskError);
    expect(await failureOf(storage.append(batch([entry(3, 1)])))).toBe(error);
    expect(await entriesAfter(disk, 'kill')).toEqual(entries(1, 2, 1));
  });
});

test('a batch that the disk lost without a word is noticed once another follows', async () => {
  let writes = 0;
  const { options, arm } = faulty((operation) => {
    if (!onWal(operation, 'write')) return null;
    writes += 1;
    return writes === 1 ? { type: 'lost-write' } : null;
  });
  const { disk, storage } = await founded(options);
  arm();
  await storage.append(batch([entry(3, 1)]));
  await storage.append(batch([entry(4, 1)]));
  await storage.close();
  const left = disk.crash(new Prng(1), 'drop', {});
  expect(await failureOf(storageOn(left).open(null))).toBeInstanceOf(DamageError);
});

test('an error while reading is no damage', async () => {
  const { disk, storage } = await founded({});
  await storage.close();
  const left = disk.crash(new Prng(1), 'drop', {
    fault: (operation) => (operation.kind === 'read' ? { type: 'error', code: 'EIO' } : null),
  });
  expect(await failureOf(storageOn(left).open(null))).toBeInstanceOf(DiskError);
});

describe('the reserve', () => {
  const reserveBytes = 50_000;

  async function fill(disk: MemoryDisk, reserve: number): Promise<void> {
    const storage = storageOn(disk, { reserveBytes: reserve });
    await storage.open(IDENTITY);
    await storage.append(batch([entry(1, 1, 'x'.repeat(30_000))]));
    await storage.close();
  }

  test('is claimed where there is room', async () => {
    const disk = new MemoryDisk({ capacity: 250_000 });
    await fill(disk, reserveBytes);
    expect(disk.paths()).toContain('reserve');
    expect(Buffer.from(disk.contents('reserve')).toString()).toBe('{"format":1,"reserve":50000}\n');
    expect(await disk.freeBytes()).toBeLessThan(250_000 - reserveBytes - 30_000);
  });

  test('is left out where it would take what is needed for writing', async () => {
    const disk = new MemoryDisk({ capacity: 3 * reserveBytes - 1 });
    await fill(disk, reserveBytes);
    expect(disk.paths()).not.toContain('reserve');
  });

  test('is padded where the file system cannot claim room', async () => {
    const disk = new MemoryDisk({
      fault: (operation) =>
        operation.kind === 'allocate' ? { type: 'error', code: 'EOPNOTSUPP' } : null,
    });
    await fill(disk, reserveBytes);
    const lines = Buffer.from(disk.contents('reserve')).toString().trimEnd().split('\n');
    expect(disk.contents('reserve').length).toBeGreaterThan(reserveBytes);
    for (const line of lines) expect(() => void JSON.parse(line)).not.toThrow();
  });

  test('is given up for a start on a full disk, and taken again later', async () => {
    const roomy = new MemoryDisk({ capacity: 250_000 });
    await fill(roomy, reserveBytes);
    const used = 250_000 - (await roomy.freeBytes());
    const full = roomy.crash(new Prng(1), 'drop', { capacity: used + 10_000 });
    const restored = await storageOn(full, { reserveBytes }).open(null);
    expect(restored.entries).toHaveLength(1);
    expect(full.paths()).not.toContain('reserve');
    const freed = full.crash(new Prng(1), 'drop', { capacity: 1_000_000 });
    await storageOn(freed, { reserveBytes }).open(null);
    expect(freed.paths()).toContain('reserve');
  });

  test('what an earlier start left unfinished does not take the room of the next', async () => {
    const roomy = new MemoryDisk({ capacity: 250_000 });
    await fill(roomy, 0);
    const used = 250_000 - (await roomy.freeBytes());
    roomy.place('wal/00000002-1.jsonl.tmp', new Uint8Array(60_000));
    roomy.place('snapshot-received.tmp', new Uint8Array(60_000));
    const full = roomy.crash(new Prng(1), 'drop', { capacity: used + 60_000 });
    expect((await storageOn(full).open(null)).entries).toHaveLength(1);
    expect(full.paths().filter((path) => path.endsWith('.tmp'))).toEqual([]);
  });

  test('a start without room and without a reserve fails and changes nothing', async () => {
    const roomy = new MemoryDisk({ capacity: 250_000 });
    await fill(roomy, 0);
    const used = 250_000 - (await roomy.freeBytes());
    const full = roomy.crash(new Prng(1), 'drop', { capacity: used + 10_000 });
    const error = await failureOf(storageOn(full).open(null));
    expect(error.message).toContain('ENOSPC');
    const later = full.crash(new Prng(1), 'kill', {});
    expect((await storageOn(later).open(null)).entries).toHaveLength(1);
  });
});

describe('reads', () => {
  test('that end before the file does are an error, and nothing is lost by them', async () => {
    for (const path of ['wal/', 'snapshot-10']) {
      let left = 0;
      const { options, arm } = faulty((operation) => {
        if (operation.kind !== 'read' || !operation.path.startsWith(path)) return null;
        left -= 1;
        return left === 0 ? { type: 'short-read', bytes: 100 } : null;
      });
      const { disk, storage } = await founded(options);
      await storage.append(batch(entries(3, 20, 1)));
      await storage.saveSnapshot(meta(10, 1), snapshotLines(10));
      await storage.close();
      arm();
      for (left = 1; left > 0; ) {
        const nth = left;
        const start = disk.crash(new Prng(1), 'kill', options);
        const opening = storageOn(start).open(null);
        const wasShort = await opening.then(
          () => false,
          (error: unknown) => error instanceof DiskError && error.code === 'EIO',
        );
        expect([path, nth, wasShort]).toEqual([path, nth, left <= 0]);
        const after = await storageOn(start.crash(new Prng(1), 'drop', {})).open(null);
        expect([after.snapshot?.index, after.tail]).toEqual([10, 'clean']);
        expect(after.entries).toEqual(entries(11, 20, 1));
        left = left === 0 ? nth + 1 : 0;
      }
    }
  });
});
