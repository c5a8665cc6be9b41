import { describe, expect, test } from 'bun:test';
import { DiskError } from '../../src/storage/disk.ts';
import { removeIfThere } from '../../src/storage/file-write.ts';
import { MemoryDisk } from '../../src/storage/memory-disk.ts';
import { DamageError } from '../../src/storage/storage.ts';
import { encodeBatch } from '../../src/storage/wal-line.ts';
import {
  batch,
  entries,
  entry,
  failureOf,
  hardState,
  IDENTITY,
  meta,
  snapshotLines,
  storageOn,
} from './support.ts';

/**
 * What the lines of a log say of each other, where every line is whole by itself: a start believes
 * what can have come about, and refuses what cannot.
 */
async function logOf(...batches: Parameters<typeof batch>[]): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const storage = storageOn(disk);
  await storage.open(IDENTITY);
  for (const [items, state] of batches) await storage.append(batch(items, state));
  await storage.close();
  return disk;
}

function segmentOf(disk: MemoryDisk): string {
  return disk.paths().find((path) => path.startsWith('wal/')) ?? '';
}

/** The crc of the last line, and the number of its batch. */
function endOf(text: string): { readonly crc: string; readonly batch: number } {
  const line = JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as ReturnType<typeof endOf>;
  return { crc: line.crc, batch: line.batch };
}

test('batches are numbered without a gap, however well their lines follow each other', async () => {
  for (const [step, isWhole] of [
    [1, true],
    [2, false],
    [0, false],
  ] as const) {
    const disk = await logOf([entries(1, 2, 1), hardState(1)]);
    const path = segmentOf(disk);
    const text = Buffer.from(disk.contents(path)).toString();
    const { crc, batch: newest } = endOf(text);
    const more = encodeBatch([{ kind: 'synced' }], crc, newest + step).text;
    disk.place(path, Buffer.from(text + more));
    const opened = storageOn(disk).open(null);
    if (isWhole) expect((await opened).entries).toEqual(entries(1, 2, 1));
    else expect(await failureOf(opened)).toBeInstanceOf(DamageError);
  }
});

test('an entry that is written twice says the same twice', async () => {
  const same = await logOf([entries(1, 3, 1), hardState(1)], [[entry(2, 1)]]);
  expect((await storageOn(same).open(null)).entries).toEqual(entries(1, 3, 1));
  const other = await logOf([entries(1, 3, 1), hardState(1)], [[entry(2, 1, 'other')]]);
  const error = await failureOf(storageOn(other).open(null));
  expect(error).toBeInstanceOf(DamageError);
  expect(error.message).toContain('two entries 2 of term 1 differ');
});

test('of a torn batch the vote is remembered, though the log knows its term already', async () => {
  const disk = await logOf([[entry(1, 4)], hardState(5)], [[entry(2, 4)], hardState(5, '12')]);
  const path = segmentOf(disk);
  const damaged = Buffer.from(disk.contents(path)).indexOf('"entry":{"index":2');
  disk.flipBit(path, damaged * 8);
  const restored = await storageOn(disk).open(null);
  expect(restored.tail).toBe('torn');
  expect(restored.entries).toEqual([entry(1, 4)]);
  expect(restored.state).toEqual(hardState(5, '12'));
});

test('of a torn batch nothing takes the place of what was durable before', async () => {
  for (const [durable, lost] of [
    [hardState(5, '13'), hardState(5, '12')],
    [hardState(5, '13'), hardState(4, '12')],
    [hardState(5), hardState(4, '12')],
  ] as const) {
    const disk = await logOf([[entry(1, 4)], durable], [[entry(2, 4)]]);
    const path = segmentOf(disk);
    const text = Buffer.from(disk.contents(path)).toString();
    const { crc, batch: newest } = endOf(text);
    const more = encodeBatch([{ kind: 'synced' }, { kind: 'state', state: lost }], crc, newest + 1);
    disk.place(path, Buffer.from(text + more.text.replace('"synced":true', '"synced":trux')));
    const restored = await storageOn(disk).open(null);
    expect(restored.tail).toBe('torn');
    expect(restored.state).toEqual(durable);
  }
});

describe('a snapshot that was received in place of the log', () => {
  async function received(): Promise<MemoryDisk> {
    const leaderDisk = new MemoryDisk();
    const leader = storageOn(leaderDisk);
    await leader.open(IDENTITY);
    await leader.append(batch(entries(1, 20, 1)));
    const newer = await leader.saveSnapshot(meta(20, 1), snapshotLines(20));

    const disk = new MemoryDisk();
    const storage = storageOn(disk);
    await storage.open(IDENTITY);
    await storage.append(batch(entries(1, 6, 1), hardState(1)));
    await storage.saveSnapshot(meta(5, 1), snapshotLines(5));
    await storage.beginReceive(newer);
    await storage.receiveChunk(0, leaderDisk.contents('snapshot-20.jsonl'));
    await storage.finishReceive();
    await storage.installSnapshot(meta(20, 1));
    await storage.close();
    return disk;
  }

  test('is what a start goes by', async () => {
    const disk = await received();
    expect(disk.paths()).toContain('snapshot-5.jsonl');
    const restored = await storageOn(disk).open(null);
    expect(restored.snapshot?.index).toBe(20);
    expect(restored.entries).toEqual([]);
  });

  test('has no one before it to go back to: what lies between was never here', async () => {
    for (const lose of [false, true]) {
      const disk = await received();
      if (lose) await disk.remove('snapshot-20.jsonl');
      else disk.flipBit('snapshot-20.jsonl', 800);
      expect(await failureOf(storageOn(disk).open(null))).toBeInstanceOf(DamageError);
    }
  });
});

test('a snapshot that was verified is forgotten when another one begins', async () => {
  const leaderDisk = new MemoryDisk();
  const leader = storageOn(leaderDisk);
  await leader.open(IDENTITY);
  await leader.append(batch(entries(1, 9, 1)));
  const first = await leader.saveSnapshot(meta(5, 1), snapshotLines(5));
  const second = await leader.saveSnapshot(meta(9, 1), snapshotLines(9));

  const storage = storageOn(new MemoryDisk());
  await storage.open(IDENTITY);
  await storage.beginReceive(first);
  await storage.receiveChunk(0, leaderDisk.contents('snapshot-5.jsonl'));
  expect(await storage.finishReceive()).toEqual(first);
  await storage.beginReceive(second);
  expect(await storage.finishReceive()).toBeNull();
  expect(await storage.finishReceive()).toBeNull();
});

test('a segment that has just the size it may have is followed by another', async () => {
  const sizes = async (segmentBytes: number, count: number): Promise<number[]> => {
    const disk = new MemoryDisk();
    const storage = storageOn(disk, { segmentBytes });
    await storage.open(IDENTITY);
    for (const item of entries(1, count, 1)) await storage.append(batch([item], hardState(1)));
    await storage.close();
    return disk.paths().map((path) => disk.contents(path).length);
  };
  const [size = 0] = await sizes(2 ** 20, 1);
  expect(await sizes(size, 1)).toEqual([size]);
  expect(await sizes(size, 2)).toHaveLength(2);
  expect(await sizes(size + 1, 2)).toHaveLength(1);
});

test('a marker follows whatever was written last, once', async () => {
  const disk = new MemoryDisk();
  const storage = storageOn(disk);
  await storage.open(IDENTITY);
  const markers = (): number =>
    Buffer.from(disk.contents(segmentOf(disk)))
      .toString()
      .split('"synced":true').length - 1;
  const written = [
    () => storage.append(batch([entry(1, 1)])),
    () => storage.append(batch([], hardState(1))),
    () => storage.append(batch(entries(2, 4, 1), hardState(2))),
    async () => {
      await storage.saveSnapshot(meta(3, 1), snapshotLines(3));
    },
  ];
  for (const [at, write] of written.entries()) {
    await write();
    expect(markers()).toBe(at);
    await storage.markSynced();
    await storage.markSynced();
    expect(markers()).toBe(at + 1);
  }
});

test('who is to remove a file says when it cannot, unless there is none', async () => {
  const disk = new MemoryDisk();
  await removeIfThere(disk, 'none');
  const failing = {
    remove: (path: string) => Promise.reject(new DiskError('EIO', 'remove', path)),
  } as unknown as MemoryDisk;
  expect(await failureOf(removeIfThere(failing, 'some'))).toBeInstanceOf(DiskError);
});
