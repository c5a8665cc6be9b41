import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { MemoryDisk } from '../../src/storage/memory-disk.ts';
import { DamageError, type Restored } from '../../src/storage/storage.ts';
import {
  batch,
  collect,
  entries,
  entry,
  failureOf,
  hardState,
  IDENTITY,
  meta,
  snapshotLines,
  storageOn,
} from './support.ts';

/** Snapshots at 4 and 8 of a log of 10, in segments of one batch each. */
async function twoSnapshots(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const storage = storageOn(disk, { segmentBytes: 1 });
  await storage.open(IDENTITY);
  for (const item of entries(1, 4, 1)) await storage.append(batch([item], hardState(1)));
  await storage.saveSnapshot(meta(4, 1), snapshotLines(4));
  for (const item of entries(5, 8, 1)) await storage.append(batch([item]));
  await storage.saveSnapshot(meta(8, 1), snapshotLines(8));
  for (const item of entries(9, 10, 1)) await storage.append(batch([item]));
  await storage.close();
  return disk;
}

function cloneOf(disk: MemoryDisk): MemoryDisk {
  const copy = new MemoryDisk();
  for (const path of disk.paths()) copy.place(path, disk.contents(path));
  return copy;
}

function without(disk: MemoryDisk, ...paths: string[]): MemoryDisk {
  const copy = new MemoryDisk();
  for (const path of disk.paths()) {
    if (!paths.includes(path)) copy.place(path, disk.contents(path));
  }
  return copy;
}

function start(disk: MemoryDisk): Promise<Restored> {
  return storageOn(disk).open(null);
}

function expectOlder(restored: Restored): void {
  expect(restored.snapshot?.index).toBe(4);
  expect(restored.entries).toEqual(entries(5, 10, 1));
  expect(restored.tail).toBe('clean');
}

describe('the file', () => {
  test('has the form it always had', async () => {
    const disk = await twoSnapshots();
    const golden = await Bun.file(join(import.meta.dir, 'golden-snapshot.jsonl')).text();
    expect(Buffer.from(disk.contents('snapshot-4.jsonl')).toString()).toBe(golden);
  });

  test('a snapshot of nothing is whole', async () => {
    const disk = new MemoryDisk();
    const storage = storageOn(disk);
    await storage.open(IDENTITY);
    await storage.append(batch([entry(1, 1)]));
    const saved = await storage.saveSnapshot(meta(1, 1), []);
    expect(await collect(storage.readSnapshot(saved))).toEqual([]);
    await storage.close();
    expect((await start(disk)).snapshot).toEqual(saved);
  });

  test('reading a file that has been damaged since ends in an error', async () => {
    const disk = await twoSnapshots();
    const storage = storageOn(disk);
    const { snapshot } = await storage.open(null);
    if (snapshot === null) throw new Error('no snapshot');
    disk.flipBit('snapshot-8.jsonl', 400 * 8);
    expect(await failureOf(collect(storage.readSnapshot(snapshot)))).toBeInstanceOf(DamageError);
  });

  test('is written in slices, however long it takes', async () => {
    let now = 0;
    let pauses = 0;
    const disk = new MemoryDisk();
    const storage = storageOn(disk, {
      now: () => now,
      pause: () => {
        pauses += 1;
        return Promise.resolve();
      },
    });
    await storage.open(IDENTITY);
    await storage.append(batch([entry(1, 1)]));
    function* lines(): Generator<string> {
      for (let at = 0; at < 1000; at += 1) {
        now += 0.05;
        yield JSON.stringify('x'.repeat(1000));
      }
    }
    await storage.saveSnapshot(meta(1, 1), lines());
    expect(pauses).toBeGreaterThan(6);
    expect(pauses).toBeLessThan(20);
  });
});

describe('falling back', () => {
  test('one bit at every byte of the newest: the one before it is used', async () => {
    const disk = await twoSnapshots();
    const size = disk.contents('snapshot-8.jsonl').length;
    for (let offset = 0; offset < size; offset += 1) {
      const damaged = cloneOf(disk);
      damaged.flipBit('snapshot-8.jsonl', offset * 8 + ((offset * 3) % 8));
      const restored = await start(damaged);
      expectOlder(restored);
      expect(restored.findings[0]?.file).toBe('snapshot-8.jsonl');
      expect(damaged.paths()).toContain('snapshot-8.jsonl.damaged');
    }
  });

  test('the newest cut off anywhere, longer, empty, or missing', async () => {
    const disk = await twoSnapshots();
    const bytes = disk.contents('snapshot-8.jsonl');
    for (let size = 0; size < bytes.length; size += 1) {
      const damaged = cloneOf(disk);
      damaged.place('snapshot-8.jsonl', bytes.subarray(0, size));
      expectOlder(await start(damaged));
    }
    const longer = cloneOf(disk);
    longer.place('snapshot-8.jsonl', Buffer.concat([bytes, Buffer.from('{}\n')]));
    expectOlder(await start(longer));
    expectOlder(await start(without(disk, 'snapshot-8.jsonl')));
  });

  test('another whole snapshot under the newest one is not taken for it', async () => {
    const disk = await twoSnapshots();
    const other = new MemoryDisk();
    const storage = storageOn(other);
    await storage.open(IDENTITY);
    await storage.append(batch(entries(1, 8, 1)));
    await storage.saveSnapshot(meta(8, 1), snapshotLines(9));
    for (const bytes of [disk.contents('snapshot-4.jsonl'), other.contents('snapshot-8.jsonl')]) {
      const swapped = cloneOf(disk);
      swapped.place('snapshot-8.jsonl', bytes);
      expectOlder(await start(swapped));
    }
  });

  test('works after a restart too, and the next snapshot may have the same index', async () => {
    const disk = await twoSnapshots();
    await start(disk);
    const second = storageOn(disk);
    expect((await second.open(null)).snapshot?.index).toBe(8);
    await second.close();
    disk.flipBit('snapshot-8.jsonl', 800);
    const third = storageOn(disk);
    expectOlder(await third.open(null));
    const again = await third.saveSnapshot(meta(8, 1), ['["other"]']);
    await third.close();
    expect((await start(disk)).snapshot).toEqual(again);
  });

  test('both damaged: refused, as the log does not reach back', async () => {
    const disk = await twoSnapshots();
    disk.flipBit('snapshot-8.jsonl', 800);
    disk.flipBit('snapshot-4.jsonl', 800);
    expect(await failureOf(start(disk))).toBeInstanceOf(DamageError);
  });

  test('the only one damaged: the whole log is still there', async () => {
    const disk = new MemoryDisk();
    const storage = storageOn(disk, { segmentBytes: 1 });
    await storage.open(IDENTITY);
    for (const item of entries(1, 5, 1)) await storage.append(batch([item]));
    await storage.saveSnapshot(meta(5, 1), snapshotLines(5));
    await storage.close();
    await start(disk);
    disk.flipBit('snapshot-5.jsonl', 800);
    const restored = await start(disk);
    expect(restored.snapshot).toBeNull();
    expect(restored.entries).toEqual(entries(1, 5, 1));
  });

  test('segments below the older snapshot go, those it needs stay', async () => {
    const disk = await twoSnapshots();
    const storage = storageOn(disk, { segmentBytes: 1 });
    await storage.open(null);
    for (const item of entries(11, 14, 1)) await storage.append(batch([item]));
    const before = disk.paths().filter((path) => path.startsWith('wal/')).length;
    await storage.saveSnapshot(meta(12, 1), snapshotLines(12));
    const after = disk.paths().filter((path) => path.startsWith('wal/')).length;
    // The segment that the start made holds entries up to 10: the snapshot at 8 needs it.
    expect(after).toBe(before + 1);
    await storage.saveSnapshot(meta(14, 1), snapshotLines(14));
    expect(disk.paths().filter((path) => path.startsWith('wal/')).length).toBeLessThan(after);
    await storage.close();
    disk.flipBit('snapshot-14.jsonl', 800);
    const restored = await start(disk);
    expect(restored.snapshot?.index).toBe(12);
    expect(restored.entries).toEqual(entries(13, 14, 1));
  });

  test('a file that the log never named is removed', async () => {
    const disk = await twoSnapshots();
    disk.place('snapshot-9.jsonl', disk.contents('snapshot-8.jsonl'));
    disk.place('snapshot-10.jsonl.tmp', Buffer.from('half'));
    expect((await start(disk)).snapshot?.index).toBe(8);
    expect(disk.paths().filter((path) => path.startsWith('snapshot-'))).toEqual([
      'snapshot-4.jsonl',
      'snapshot-8.jsonl',
    ]);
  });
});

test('a whole snapshot of a newer format is refused by name, not passed over', async () => {
  const disk = await twoSnapshots();
  const file = Buffer.from(disk.contents('snapshot-8.jsonl')).toString();
  const newer = Buffer.from(file.replace('"format":1', '"format":2'));
  const hashOf = (bytes: Uint8Array): string =>
    new Bun.CryptoHasher('sha256').update(bytes).digest('hex');
  const restarted = storageOn(disk);
  await restarted.open(null);
  await restarted.close();
  const [segment = ''] = disk.paths().filter((path) => path.startsWith('wal/'));
  const log = Buffer.from(disk.contents(segment)).toString();
  disk.place('snapshot-8.jsonl', newer);
  disk.place(
    segment,
    Buffer.from(rechained(log.replace(hashOf(Buffer.from(file)), hashOf(newer)))),
  );
  const error = await failureOf(start(disk));
  expect(error).toBeInstanceOf(DamageError);
  expect(error.message).toContain('format 2');
});

test('a snapshot that the leader overtook while it was written is not adopted', async () => {
  const leaderDisk = new MemoryDisk();
  const leader = storageOn(leaderDisk);
  await leader.open(IDENTITY);
  await leader.append(batch(entries(1, 20, 1)));
  const newer = await leader.saveSnapshot(meta(20, 1), snapshotLines(20));
  const file = leaderDisk.contents('snapshot-20.jsonl');

  const disk = new MemoryDisk();
  const storage = storageOn(disk);
  await storage.open(IDENTITY);
  await storage.append(batch(entries(1, 5, 1)));
  await storage.beginReceive(newer);
  await storage.receiveChunk(0, file);
  expect(await storage.finishReceive()).toEqual(newer);
  const { promise, resolve } = Promise.withResolvers<void>();
  const slow = storage.saveSnapshot(
    meta(5, 1),
    (function* () {
      resolve();
      yield* snapshotLines(5, 5000);
    })(),
  );
  await promise;
  await storage.installSnapshot(newer);
  expect(await slow).toEqual(newer);
  await storage.close();
  expect(disk.paths().filter((path) => path.startsWith('snapshot-'))).toEqual([
    'snapshot-20.jsonl',
  ]);
  expect((await start(disk)).snapshot).toEqual(newer);
});

/** The lines with their checksums computed anew. */
function rechained(log: string): string {
  let prev: string | null = null;
  return log.replace(/^\{"crc":"([0-9a-f]{8})"(,"prev":")([0-9a-f]{8})(.*)$/gm, (...match) => {
    const [, , start, old, rest] = match as string[];
    const body = `${start}${prev ?? old}${rest}`;
    prev = Bun.hash.crc32(body).toString(16).padStart(8, '0');
    return `{"crc":"${prev}"${body}`;
  });
}
