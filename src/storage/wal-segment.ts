import type { HardState, LogIndex } from '../raft/entry.ts';
import type { Disk, DiskFile } from './disk.ts';
import { readExactly } from './file-read.ts';
import { createAnew, writeFully } from './file-write.ts';
import type { Identity } from './storage.ts';
import { type ChainPosition, decodeLine, encodeBatch } from './wal-line.ts';
import { type SegmentHeader, type SnapshotMark, WAL_FORMAT, type WalRecord } from './wal-record.ts';

export const WAL_DIRECTORY = 'wal';

/** One file of the log, by its name. */
export interface SegmentName {
  readonly seq: number;
  readonly firstIndex: LogIndex;
  readonly path: string;
}

const NAME = /^([0-9]{8,15})-([0-9]{1,16})\.jsonl$/;

/** The path of a segment, relative to the node's directory. */
export function segmentPath(seq: number, firstIndex: LogIndex): string {
  return `${WAL_DIRECTORY}/${String(seq).padStart(8, '0')}-${firstIndex}.jsonl`;
}

/** The finished segments in order; unfinished and foreign files are not among them. */
export async function listSegments(disk: Disk): Promise<SegmentName[]> {
  const segments: SegmentName[] = [];
  for (const name of await disk.list(WAL_DIRECTORY)) {
    const match = NAME.exec(name);
    if (match === null) continue;
    const [, seq, firstIndex] = match;
    const path = `${WAL_DIRECTORY}/${name}`;
    segments.push({ seq: Number(seq), firstIndex: Number(firstIndex), path });
  }
  return segments.sort((a, b) => a.seq - b.seq);
}

/** A header is far shorter. */
const HEADER_BYTES = 64 * 1024;

/** The segments that count: a start makes one that supersedes all before it. */
export async function newestCopied(
  disk: Disk,
  segments: readonly SegmentName[],
): Promise<readonly SegmentName[]> {
  for (let at = segments.length - 1; at > 0; at -= 1) {
    const segment = segments[at];
    if (segment !== undefined && (await isCopied(disk, segment))) return segments.slice(at);
  }
  return segments;
}

/** False for what cannot be read, too: the reader will say what is wrong with it. */
async function isCopied(disk: Disk, segment: SegmentName): Promise<boolean> {
  const file = await disk.open(segment.path, 'read');
  try {
    const length = Math.min(HEADER_BYTES, await file.size());
    const bytes = await readExactly(file, segment.path, 0, length);
    const end = bytes.indexOf(0x0a);
    if (end < 0) return false;
    const decoded = decodeLine(bytes.subarray(0, end));
    return (
      decoded.type === 'line' &&
      decoded.line.record.kind === 'header' &&
      decoded.line.record.header.copied
    );
  } finally {
    await file.close();
  }
}

/** Removes what a crash left under temporary names. */
export async function removeUnfinished(disk: Disk, directory: string): Promise<void> {
  for (const name of await disk.list(directory)) {
    const path = directory === '.' ? name : `${directory}/${name}`;
    if (name.endsWith('.tmp')) await disk.remove(path);
  }
}

/** What a segment must repeat, so that the ones before it can go. */
export interface Carried {
  readonly identity: Identity;
  readonly torn: boolean;
  readonly state: HardState;
  readonly snapshots: readonly SnapshotMark[];
}

/** The header line of a segment. */
export function headerRecord(
  seq: number,
  firstIndex: LogIndex,
  carried: Carried,
  copied: boolean,
): WalRecord {
  const { clusterId, memberId, node } = carried.identity;
  const header: SegmentHeader = {
    format: WAL_FORMAT,
    seq,
    firstIndex,
    copied,
    torn: carried.torn,
    clusterId,
    memberId,
    node,
  };
  return { kind: 'header', header };
}

/** What follows the header, and the entries of a copied segment, in a segment's first batch. */
export function carriedRecords(carried: Carried): WalRecord[] {
  const marks = carried.snapshots.map((mark): WalRecord => {
    return { kind: 'snapshot', snapshot: { ...mark, install: false } };
  });
  return [...marks, { kind: 'state', state: carried.state }];
}

/** A segment that has just been made, ready for batches. */
export interface NewSegment {
  readonly path: string;
  readonly file: DiskFile;
  readonly position: ChainPosition;
  readonly bytes: number;
}

/**
 * Makes a segment whose first batch is whole and durable before the segment has its name: a segment
 * with a bad first batch is damage, never a crash.
 */
export async function createSegment(
  disk: Disk,
  seq: number,
  firstIndex: LogIndex,
  carried: Carried,
  position: ChainPosition,
): Promise<NewSegment> {
  const path = segmentPath(seq, firstIndex);
  const batch = position.batch + 1;
  const records = [headerRecord(seq, firstIndex, carried, false), ...carriedRecords(carried)];
  const { text, crc } = encodeBatch(records, position.crc, batch);
  const bytes = Buffer.from(text, 'utf8');
  const file = await createAnew(disk, temporary(path));
  await writeFully(file, path, bytes);
  await file.sync();
  await publish(disk, path);
  return { path, file, position: { crc, batch }, bytes: bytes.length };
}

/** Where a file is written before it has its name. */
export function temporary(path: string): string {
  return `${path}.tmp`;
}

/** Gives a segment, whose bytes are durable, its name for good. */
export async function publish(disk: Disk, path: string): Promise<void> {
  await disk.rename(temporary(path), path);
  await disk.syncDirectory(WAL_DIRECTORY);
}
