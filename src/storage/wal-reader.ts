import type { HardState } from '../raft/entry.ts';
import type { Disk } from './disk.ts';
import { isCleanPrefix } from './clean-prefix.ts';
import { type RawLine, readLines } from './line-reader.ts';
import { LogImage } from './log-image.ts';
import { DamageError, type Finding } from './storage.ts';
import {
  type ChainPosition,
  decodeLine,
  LINE_START,
  newerFormat,
  type WalLine,
} from './wal-line.ts';
import { WAL_FORMAT, type WalRecord } from './wal-record.ts';
import { type SegmentName, segmentPath } from './wal-segment.ts';

/**
 * READING THE LOG AT A START
 *
 * Let L be the last complete batch of the part that is whole from the beginning. Batch L+1 is the
 * only one that can have been on its way to the disk when the process died, because no batch is
 * written before the one ahead of it is durable. So:
 *
 * - a clean beginning of batch L+1 and then the end of the file was never acknowledged: cut;
 * - anything else in its place, with nothing valid beyond, is a power cut or damage: torn;
 * - a valid line of a batch beyond L+1 proves that L+1 was durable: damage, refuse;
 * - the first batch of a segment was durable before the segment had its name: any fault in it, or
 *   in a segment that has a successor, is damage too.
 */

export const ADVICE =
  'Restore this node from a backup, or remove the member from the cluster and join again ' +
  'with an empty directory.';

/** The log up to the end of its last complete batch. */
export interface WalContents {
  readonly image: LogImage;
  readonly position: ChainPosition;
  readonly tail: 'clean' | 'torn';
  /** What follows the last complete batch, if anything does. */
  readonly cut: WalCut | null;
  /** The newest term and vote in a torn batch, in a line that is whole by itself. */
  readonly salvaged: HardState | null;
  readonly findings: readonly Finding[];
}

/** Bytes at the end of a segment that do not count. */
export interface WalCut {
  readonly path: string;
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Reads segments, from one that needs none before it to the newest.
 *
 * @throws DamageError when they contradict what was acknowledged.
 */
export async function readWal(disk: Disk, segments: readonly SegmentName[]): Promise<WalContents> {
  const reader = new WalReader();
  for (const segment of segments) {
    reader.beginSegment(segment);
    const file = await disk.open(segment.path, 'read');
    try {
      for await (const lines of readLines(file, segment.path)) {
        for (const line of lines) reader.line(line);
      }
    } finally {
      await file.close();
    }
  }
  return reader.finish();
}

interface Suspect {
  readonly offset: number;
  readonly found: string;
}

class WalReader {
  #image: LogImage | null = null;
  #segment: SegmentName | null = null;
  /** The crc of the last good line. */
  #crc: string | null = null;
  /** The last complete batch, where it ends, and the crc of its last line. */
  #complete: ChainPosition & { readonly offset: number } = { batch: 0, crc: '', offset: 0 };
  /** The segment's first batch is complete. */
  #founded = true;
  /** Lines of the batch that is not complete yet, and where it begins. */
  #records: WalRecord[] = [];
  /** The first thing that is not a line of the batch that was due. */
  #suspect: Suspect | null = null;
  #fragment: RawLine | null = null;
  #salvaged: HardState | null = null;
  /** Where what was read of the segment ends. */
  #end = 0;

  beginSegment(segment: SegmentName): void {
    const before = this.#segment;
    if (before !== null) {
      this.#requireWhole(`segment ${segment.seq} follows`);
      if (segment.seq !== before.seq + 1) {
        throw damage(segment.path, 0, `segment ${before.seq + 1} is missing before this one`);
      }
    }
    this.#segment = segment;
    this.#founded = false;
    this.#complete = { ...this.#complete, offset: 0 };
  }

  line(raw: RawLine): void {
    this.#end = raw.offset + raw.bytes.length + (raw.ended ? 1 : 0);
    if (this.#suspect !== null) {
      this.#searchBeyond(raw.bytes);
      return;
    }
    if (!raw.ended) {
      this.#fragment = raw;
      return;
    }
    if (raw.offset === 0) this.#refuseNewer(raw);
    const decoded = decodeLine(raw.bytes);
    switch (decoded.type) {
      case 'line':
        this.#chained(raw, decoded.line);
        break;
      case 'bad':
        this.#suspectFrom(raw, decoded.found);
        break;
      case 'wrong':
        throw this.#damage(raw.offset, decoded.found);
    }
  }

  finish(): WalContents {
    const segment = this.#segment;
    const image = this.#image;
    if (!this.#founded || segment === null || image === null) {
      throw this.#damage(this.#complete.offset, 'the segment ends within its first batch');
    }
    const tail = this.#judgeTail();
    for (const record of this.#records) this.#salvage(record);
    const { batch, crc, offset } = this.#complete;
    const findings: Finding[] = [];
    if (tail !== null) findings.push({ message: tail.message, file: segment.path, offset });
    return {
      image,
      position: { batch, crc },
      tail: tail?.torn === true ? 'torn' : 'clean',
      cut: tail === null ? null : { path: segment.path, offset, bytes: this.#end - offset },
      salvaged: tail?.torn === true ? this.#salvaged : null,
      findings,
    };
  }

  #judgeTail(): { readonly message: string; readonly torn: boolean } | null {
    const expected = this.#complete.batch + 1;
    const fragment = this.#fragment;
    if (this.#suspect === null && fragment !== null) {
      if (isCleanPrefix(fragment.bytes, this.#crc ?? '', expected)) {
        return { message: `batch ${expected} is unfinished; it was cut`, torn: false };
      }
      this.#suspectFrom(fragment, 'bytes that no line begins with');
    }
    if (this.#suspect !== null) {
      const { found, offset } = this.#suspect;
      const message =
        `batch ${expected} is not whole (${found} at byte ${offset}): a power cut, or damage; ` +
        'it was cut and a copy kept';
      return { message, torn: true };
    }
    if (this.#records.length === 0) return null;
    return { message: `batch ${expected} is unfinished; it was cut`, torn: false };
  }

  /** A whole line where a line of batch L+1, or of a new batch, is due. */
  #chained(raw: RawLine, line: WalLine): void {
    const due = this.#complete.batch + 1;
    const first = this.#image === null;
    if (!first && line.prev !== this.#crc) {
      this.#suspectFrom(raw, `a line that follows ${line.prev}, not ${this.#crc}`);
      return;
    }
    if (!first && line.batch !== due) {
      throw this.#damage(raw.offset, `batch ${line.batch} where batch ${due} is due`);
    }
    const header = line.record.kind === 'header' ? line.record.header : null;
    if ((raw.offset === 0) !== (header !== null)) {
      throw this.#damage(raw.offset, `a ${line.record.kind} line out of place`);
    }
    if (header !== null) {
      const { seq, firstIndex } = header;
      if (segmentPath(seq, firstIndex) !== this.#segment?.path) {
        throw this.#damage(0, `the header of segment ${seq} with first index ${firstIndex}`);
      }
      if (this.#image === null) {
        this.#image = new LogImage(header);
        this.#complete = { batch: line.batch - 1, crc: line.prev, offset: 0 };
      }
    }
    this.#crc = line.crc;
    this.#records.push(line.record);
    if (line.last) this.#closeBatch(raw, line);
  }

  #closeBatch(raw: RawLine, line: WalLine): void {
    for (const record of this.#records) {
      const why = this.#image?.apply(record) ?? null;
      if (why !== null) throw this.#damage(this.#complete.offset, why);
    }
    this.#records = [];
    this.#founded = true;
    const offset = raw.offset + raw.bytes.length + 1;
    this.#complete = { batch: line.batch, crc: line.crc, offset };
  }

  #suspectFrom(raw: RawLine, found: string): void {
    if (!this.#founded) throw this.#damage(raw.offset, found);
    this.#suspect = { offset: raw.offset, found };
    this.#searchBeyond(raw.bytes);
  }

  /**
   * Looks for a line that could only be written after batch L+1 was durable. It may begin within
   * the bytes, where the newline before it is what was damaged.
   */
  #searchBeyond(bytes: Uint8Array): void {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = buffer.indexOf(LINE_START);
    for (; at >= 0; at = buffer.indexOf(LINE_START, at + 1)) {
      const decoded = decodeLine(buffer.subarray(at));
      if (decoded.type !== 'line') continue;
      if (decoded.line.batch === this.#complete.batch + 1) this.#salvage(decoded.line.record);
      if (decoded.line.batch <= this.#complete.batch + 1) continue;
      const { found = '', offset = 0 } = this.#suspect ?? {};
      throw this.#damage(
        offset,
        `${found} in batch ${this.#complete.batch + 1}, though batch ${decoded.line.batch} follows`,
      );
    }
  }

  /**
   * A vote in a batch that is cut may have been given: to remember it is always safe, to forget it
   * may elect two leaders.
   */
  #salvage(record: WalRecord): void {
    if (record.kind !== 'state') return;
    if (record.state.term >= (this.#salvaged?.term ?? 0)) this.#salvaged = record.state;
  }

  #requireWhole(why: string): void {
    const { offset } = this.#complete;
    if (!this.#founded) throw this.#damage(offset, `the first batch is unfinished, though ${why}`);
    if (this.#suspect !== null) {
      throw this.#damage(this.#suspect.offset, `${this.#suspect.found}, though ${why}`);
    }
    if (this.#fragment !== null || this.#records.length > 0) {
      throw this.#damage(offset, `batch ${this.#complete.batch + 1} is unfinished, though ${why}`);
    }
  }

  #refuseNewer(raw: RawLine): void {
    const format = newerFormat(raw.bytes);
    if (format === null) return;
    throw new DamageError(
      this.#segment?.path ?? '',
      0,
      `format ${format}, where this version reads up to format ${WAL_FORMAT}`,
      'Start the newer version that wrote it.',
    );
  }

  #damage(offset: number, found: string): DamageError {
    return damage(this.#segment?.path ?? '', offset, found);
  }
}

function damage(path: string, offset: number, found: string): DamageError {
  return new DamageError(path, offset, found, ADVICE);
}
