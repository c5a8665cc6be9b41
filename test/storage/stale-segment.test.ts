/**
 * A segment that was removed is back: the sync of its removal had failed, and much later the power
 * was cut. Nobody needs it, as long as a snapshot reaches what is behind the gap.
 */
import { expect, test } from 'bun:test';
import { MemoryDisk } from '../../src/storage/memory-disk.ts';
import { DamageError } from '../../src/storage/storage.ts';
import {
  batch,
  entries,
  failureOf,
  hardState,
  IDENTITY,
  meta,
  snapshotLines,
  storageOn,
} from './support.ts';

const SMALL = { segmentBytes: 1 };

/** A log of 12 in segments of one batch each; snapshots at 4 and 8 took the place of the first. */
async function logBehindSnapshots(): Promise<{ disk: MemoryDisk; first: [string, Uint8Array] }> {
  const disk = new MemoryDisk();
  const storage = storageOn(disk, SMALL);
  await storage.open(IDENTITY);
  let first: [string, Uint8Array] | null = null;
  for (const item of entries(1, 12, 1)) {
    await storage.append(batch([item], hardState(1)));
    const path = segmentsOf(disk).at(1);
    if (path !== undefined) first ??= [path, disk.contents(path).slice()];
    if (item.index === 6) await storage.saveSnapshot(meta(4, 1), snapshotLines(4));
    if (item.index === 10) await storage.saveSnapshot(meta(8, 1), snapshotLines(8));
  }
  await storage.close();
  if (first === null) throw new Error('there was one segment only');
  return { disk, first };
}

function segmentsOf(disk: MemoryDisk): string[] {
  return disk.paths().filter((path) => /^wal\/.*\.jsonl$/.test(path));
}

test('one before the gap is passed over, and removed', async () => {
  const { disk, first } = await logBehindSnapshots();
  const [path, bytes] = first;
  expect(segmentsOf(disk)).not.toContain(path);
  disk.place(path, bytes);
  const restored = await storageOn(disk, SMALL).open(IDENTITY);
  expect(restored.snapshot?.index).toBe(8);
  expect(restored.entries.map(({ index }) => index)).toEqual([9, 10, 11, 12]);
  expect(restored.tail).toBe('clean');
  expect(segmentsOf(disk)).not.toContain(path);
});

test('a gap in what no snapshot reaches is damage', async () => {
  const { disk } = await logBehindSnapshots();
  const lost = segmentsOf(disk).at(-2);
  if (lost === undefined) throw new Error('there was one segment only');
  disk.lose(lost);
  const error = await failureOf(storageOn(disk, SMALL).open(IDENTITY));
  expect(error).toBeInstanceOf(DamageError);
  expect(String(error)).toContain('is missing before this one');
});
