import { assert } from '../lib/assert.ts';
import type { LogIndex } from '../raft/entry.ts';
import type { Disk, DiskFile } from './disk.ts';
import { writeFully } from './file-write.ts';
import type { LogState } from './log-state.ts';
import { type ChainPosition, encodeBatch } from './wal-line.ts';
import type { WalRecord } from './wal-record.ts';
import { type Carried, createSegment, WAL_DIRECTORY } from './wal-segment.ts';

/** A segment that is written, and the newest entry in it. */
interface OldSegment {
  readonly path: string;
  readonly maxIndex: LogIndex;
}

/** The segment a writer goes on in. */
export interface OpenSegment {
  readonly seq: number;
  readonly path: string;
  readonly file: DiskFile;
  readonly position: ChainPosition;
  readonly bytes: number;
}

/**
 * Appends batches: one write and one fdatasync each, the next not before the last is durable. The
 * caller sees to it that calls do not overlap, and makes none after one has failed.
 */
export class WalWriter {
  readonly #disk: Disk;
  readonly #log: LogState;
  readonly #segmentBytes: number;
  #old: OldSegment[] = [];
  #segment: OpenSegment;
  #maxIndex: LogIndex;
  #bytes: number;
  #position: ChainPosition;

  /** @param log what the lines so far add up to; kept up to date with every batch. */
  constructor(disk: Disk, log: LogState, segment: OpenSegment, segmentBytes: number) {
    this.#disk = disk;
    this.#log = log;
    this.#segmentBytes = segmentBytes;
    this.#segment = segment;
    this.#maxIndex = log.shape.last;
    this.#bytes = segment.bytes;
    this.#position = segment.position;
  }

  /** Resolves with the batch's size once it is durable. */
  async append(records: readonly WalRecord[], progressed: () => void): Promise<number> {
    if (this.#bytes >= this.#segmentBytes) {
      await this.#rotate();
      progressed();
    }
    for (const record of records) {
      const why = this.#log.apply(record);
      assert(why === null, () => `cannot log this: ${why}`);
      if (record.kind === 'entry') this.#maxIndex = Math.max(this.#maxIndex, record.index);
    }
    const batch = this.#position.batch + 1;
    const { text, crc } = encodeBatch(records, this.#position.crc, batch);
    const bytes = Buffer.from(text, 'utf8');
    const { file, path } = this.#segment;
    await writeFully(file, path, bytes);
    await file.sync();
    this.#position = { crc, batch };
    this.#bytes += bytes.length;
    return bytes.length;
  }

  /** Removes the oldest segments as long as all their entries are at or below `index`. */
  async removeUpTo(index: LogIndex): Promise<void> {
    for (;;) {
      const [oldest] = this.#old;
      if (oldest === undefined || oldest.maxIndex > index) return;
      await this.#disk.remove(oldest.path);
      // One after the other for good: a power cut that undid just some of several removals would
      // leave a gap, as damage does.
      await this.#disk.syncDirectory(WAL_DIRECTORY);
      this.#old = this.#old.slice(1);
    }
  }

  async close(): Promise<void> {
    await this.#segment.file.close();
  }

  async #rotate(): Promise<void> {
    const { seq, path, file } = this.#segment;
    const next = await createSegment(
      this.#disk,
      seq + 1,
      this.#log.shape.last + 1,
      carriedBy(this.#log),
      this.#position,
    );
    this.#old.push({ path, maxIndex: this.#maxIndex });
    this.#segment = { ...next, seq: seq + 1 };
    this.#bytes = next.bytes;
    this.#position = next.position;
    this.#maxIndex = 0;
    await file.close();
  }
}

/** What a new segment repeats of the log so far. */
function carriedBy(log: LogState): Carried {
  return { identity: log.identity, torn: log.torn, state: log.hard, snapshots: log.snapshots };
}
