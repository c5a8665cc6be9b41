import { assert } from '../lib/assert.ts';
import { type Command, createEntry, type Entry, type HardState } from '../raft/entry.ts';
import { copyBytes, copyForward, entryBytes } from './copy-forward.ts';
import type { Disk } from './disk.ts';
import { LogState } from './log-state.ts';
import type { Pace } from './pace.ts';
import { giveUpReserve } from './reserve.ts';
import { chooseSnapshot, removeSnapshotsBut, setAside } from './snapshot-choice.ts';
import { snapshotIndexOf } from './snapshot-file.ts';
import {
  DamageError,
  type Finding,
  type Identity,
  type Restored,
  type SnapshotFile,
} from './storage.ts';
import { keepTornTail, removeOldCopies } from './torn-copy.ts';
import { parseJson } from './wal-line.ts';
import { ADVICE, readWal, type WalContents } from './wal-reader.ts';
import type { EntryRecord } from './wal-record.ts';
import {
  type Carried,
  carriedRecords,
  headerRecord,
  listSegments,
  newestCopied,
  removeUnfinished,
  type SegmentName,
  WAL_DIRECTORY,
} from './wal-segment.ts';
import type { OpenSegment } from './wal-writer.ts';

/** What a start found, and where the log goes on. */
export interface Recovered {
  readonly restored: Restored;
  readonly log: LogState;
  readonly segment: OpenSegment;
  /** Bytes of entries behind the newest snapshot. */
  readonly walBytes: number;
}

/**
 * Reads a directory and puts it in order; null when it is empty. Nothing is removed before what
 * replaces it is durable, and nothing found is trusted to be on the disk before it was written
 * again, so a crash anywhere in here leaves a directory that gives the same result.
 *
 * @param identity overrides `node` of the one on disk.
 * @throws DamageError when the files contradict what was acknowledged.
 */
export async function recover(
  disk: Disk,
  identity: Identity | null,
  pace: Pace,
): Promise<Recovered | null> {
  const all = await listSegments(disk);
  if (all.length === 0) {
    await refuseLostLog(disk);
    return null;
  }
  const contents = await readWal(disk, await behindGap(disk, await newestCopied(disk, all)));
  const { log } = contents.image;
  const choice = await chooseSnapshot(disk, contents.image.log, pace);
  const findings = [...contents.findings, ...choice.findings];
  const entries = contents.image.entries;
  const carried: Carried = {
    identity: identity === null ? log.identity : { ...log.identity, node: identity.node },
    torn: log.torn || contents.tail === 'torn',
    state: stateOf(contents, choice.newest),
    snapshots: choice.kept,
  };
  const behind = entriesBehind(entries, choice.newest?.index ?? 0);
  const restoredEntries = behind.map((record) => entryOf(record, all));

  await removeUnfinished(disk, WAL_DIRECTORY);
  await removeUnfinished(disk, '.');
  await makeRoom(disk, contents);
  findings.push(...(await keepCut(disk, contents)));
  const seq = nextSeq(all);
  const { base } = log.shape;
  const segment = await copyForward(disk, seq, base, entries, carried, contents.position, pace);
  await removeSuperseded(disk, all, choice.damaged, carried);
  if (log.torn) findings.push(unconfirmed(segment.path));
  return {
    restored: {
      identity: carried.identity,
      state: carried.state,
      snapshot: choice.newest,
      entries: restoredEntries,
      tail: carried.torn ? 'torn' : 'clean',
      findings,
    },
    log: logStateOf(seq, base, entries, carried),
    segment,
    walBytes: entryBytes(behind),
  };
}

/**
 * A segment that was removed is back after a power cut, where the sync of that failed: what is
 * behind the gap is enough when a snapshot reaches it, as every segment repeats what it must of
 * those before. Else the gap is damage, which the reader will say.
 */
async function behindGap(
  disk: Disk,
  segments: readonly SegmentName[],
): Promise<readonly SegmentName[]> {
  const at = segments.findLastIndex(
    ({ seq }, i) => i > 0 && seq !== (segments[i - 1]?.seq ?? 0) + 1,
  );
  const first = segments[at]?.firstIndex;
  if (first === undefined) return segments;
  const names = await disk.list('.');
  const isReached = names.some((name) => (snapshotIndexOf(name) ?? -1) + 1 >= first);
  return isReached ? segments.slice(at) : segments;
}

/** The state of a log whose only segment is a copied one. */
export function logStateOf(
  seq: number,
  base: number,
  entries: readonly EntryRecord[],
  carried: Carried,
): LogState {
  const header = headerRecord(seq, base + 1, carried, true);
  assert(header.kind === 'header', 'a header record is a header');
  const log = new LogState(header.header);
  for (const record of [...entries, ...carriedRecords(carried)]) {
    const why = log.apply(record);
    assert(why === null, () => `what was read does not fit: ${why}`);
  }
  return log;
}

/** A snapshot may have been installed, and the process killed, before its term was written. */
function stateOf(contents: WalContents, newest: SnapshotFile | null): HardState {
  const { hard: logged, shape } = contents.image.log;
  const { salvaged } = contents;
  const newer = salvaged !== null && (salvaged.term > logged.term || logged.vote === null);
  const hard = newer && salvaged.term >= logged.term ? salvaged : logged;
  const term = Math.max(newest?.term ?? 0, shape.termAt(shape.last) ?? 0);
  return term > hard.term ? { term, vote: null } : hard;
}

function entriesBehind(entries: readonly EntryRecord[], index: number): readonly EntryRecord[] {
  const first = entries[0]?.index ?? 0;
  return entries.slice(Math.max(0, index + 1 - first));
}

function entryOf(record: EntryRecord, segments: readonly SegmentName[]): Entry {
  const command = parseJson(record.json);
  if (typeof command !== 'object' || command === null) {
    throw new DamageError(
      segments.at(-1)?.path ?? WAL_DIRECTORY,
      0,
      `the command of entry ${record.index} is not JSON`,
      ADVICE,
    );
  }
  return createEntry(record.index, record.term, command as Command, record.json);
}

/** A start on a full disk has the reserve for what it must write. */
async function makeRoom(disk: Disk, { image, cut }: WalContents): Promise<void> {
  const needed = copyBytes(image.entries) + (cut?.bytes ?? 0);
  if ((await disk.freeBytes()) < needed) await giveUpReserve(disk);
}

async function keepCut(disk: Disk, contents: WalContents): Promise<Finding[]> {
  if (contents.cut === null || contents.tail !== 'torn') return [];
  const { path, offset } = contents.cut;
  const file = await keepTornTail(disk, path, offset);
  return [{ message: 'a copy of what was cut', file, offset: 0 }];
}

function unconfirmed(file: string): Finding {
  const message = 'the log was torn, or new, at an earlier start and has not been confirmed since';
  return { message, file, offset: 0 };
}

/** Numbers of cut or superseded segments are not used again, so copies of them keep their names. */
function nextSeq(segments: readonly SegmentName[]): number {
  return (segments.at(-1)?.seq ?? 0) + 1;
}

async function removeSuperseded(
  disk: Disk,
  segments: readonly SegmentName[],
  damaged: readonly number[],
  carried: Carried,
): Promise<void> {
  for (const segment of segments) await disk.remove(segment.path);
  await removeOldCopies(disk);
  await setAside(disk, damaged);
  const kept = carried.snapshots.map((mark) => mark.index);
  await removeSnapshotsBut(disk, kept);
}

async function refuseLostLog(disk: Disk): Promise<void> {
  const names = await disk.list('.');
  const snapshot = names.find((name) => name.startsWith('snapshot-') && name.endsWith('.jsonl'));
  if (snapshot === undefined) return;
  throw new DamageError(WAL_DIRECTORY, 0, `no log, but ${snapshot} beside it`, ADVICE);
}
