import type { Disk } from './disk.ts';
import { createAnew } from './file-write.ts';
import type { Pace } from './pace.ts';
import { SlicedWriter } from './sliced-writer.ts';
import { type ChainPosition, encodeBatch } from './wal-line.ts';
import type { EntryRecord, WalRecord } from './wal-record.ts';
import {
  type Carried,
  carriedRecords,
  headerRecord,
  publish,
  segmentPath,
  temporary,
} from './wal-segment.ts';
import type { OpenSegment } from './wal-writer.ts';

/** Entries encoded at a time. */
const PIECE = 128;

/**
 * Writes everything of the log that counts into a new segment (rule 4): what was read may have come
 * from the page cache of a process whose sync had failed, and was perhaps never on the disk. The
 * segment is one batch and gets its name when it is durable; a crash before that leaves the old
 * segments as they were, a crash after it leaves a segment that supersedes them.
 *
 * @param base the index before the first of `entries`.
 */
export async function copyForward(
  disk: Disk,
  seq: number,
  base: number,
  entries: readonly EntryRecord[],
  carried: Carried,
  position: ChainPosition,
  pace: Pace,
): Promise<OpenSegment> {
  const path = segmentPath(seq, base + 1);
  const batch = position.batch + 1;
  const file = await createAnew(disk, temporary(path));
  const writer = new SlicedWriter(file, path, pace);
  let { crc } = position;
  const add = async (records: readonly WalRecord[], terminal: boolean): Promise<void> => {
    const encoded = encodeBatch(records, crc, batch, terminal);
    crc = encoded.crc;
    if (writer.add(encoded.text)) await writer.flush();
  };
  await add([headerRecord(seq, base + 1, carried, true)], false);
  for (let at = 0; at < entries.length; at += PIECE) {
    await add(entries.slice(at, at + PIECE), false);
  }
  await add(carriedRecords(carried), true);
  await writer.finish();
  await publish(disk, path);
  return { seq, path, file, position: { crc, batch }, bytes: writer.bytes };
}

const LINE_OVERHEAD = 160;
const SEGMENT_OVERHEAD = 16 * 1024;

/** About the size of such a segment, and never less. */
export function copyBytes(entries: readonly EntryRecord[]): number {
  return SEGMENT_OVERHEAD + entryBytes(entries);
}

/** About the size of the lines of these entries, and never less. */
export function entryBytes(entries: readonly EntryRecord[]): number {
  let bytes = 0;
  for (const entry of entries) bytes += LINE_OVERHEAD + Buffer.byteLength(entry.json);
  return bytes;
}
