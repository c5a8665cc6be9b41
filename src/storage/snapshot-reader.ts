import type { ClusterId } from '../lib/ids.ts';
import { Sha256 } from './checksum.ts';
import type { Disk, DiskFile } from './disk.ts';
import { readExactly } from './file-read.ts';
import { openIfThere } from './file-write.ts';
import { type RawLine, readLines } from './line-reader.ts';
import type { Pace } from './pace.ts';
import {
  decodeHeader,
  decodeTrailer,
  SNAPSHOT_FORMAT,
  type SnapshotHeader,
} from './snapshot-file.ts';
import { DamageError, type SnapshotFile } from './storage.ts';

/** What a whole snapshot must be. */
export interface ExpectedSnapshot {
  readonly index: number;
  readonly term: number;
  readonly hash: string;
}

/** Why a snapshot file is not the one that was expected. */
export class SnapshotFault extends Error {
  override readonly name = 'SnapshotFault';
}

/** A whole snapshot, or why it is not. A file of a newer format is refused by a DamageError. */
export async function checkSnapshot(
  disk: Disk,
  path: string,
  expected: ExpectedSnapshot,
  clusterId: ClusterId,
  pace: Pace,
): Promise<SnapshotFile | SnapshotFault> {
  try {
    const lines = snapshotLines(disk, path, expected, clusterId, pace);
    let step = await lines.next();
    while (step.done !== true) step = await lines.next();
    return step.value;
  } catch (error) {
    if (error instanceof SnapshotFault) return error;
    throw error;
  }
}

/**
 * The state machine's lines, in blocks. Only when the last block has been taken is it certain that
 * they are the ones that were written.
 *
 * @throws SnapshotFault when the file is not whole.
 */
export async function* snapshotLines(
  disk: Disk,
  path: string,
  expected: ExpectedSnapshot,
  clusterId: ClusterId,
  pace: Pace,
): AsyncGenerator<readonly RawLine[], SnapshotFile> {
  const file = await openIfThere(disk, path);
  if (file === null) throw new SnapshotFault('the file is missing');
  try {
    return yield* checkedLines(file, path, expected, clusterId, pace);
  } finally {
    await file.close();
  }
}

async function* checkedLines(
  file: DiskFile,
  path: string,
  expected: ExpectedSnapshot,
  clusterId: ClusterId,
  pace: Pace,
): AsyncGenerator<readonly RawLine[], SnapshotFile> {
  const scan = new Scan(path, expected, clusterId, await trailerOffset(file, path));
  for await (const block of readLines(file, path, (bytes) => scan.bytes(bytes))) {
    const data = block.filter((line) => scan.isData(line));
    if (data.length > 0) yield data;
    await pace.rest();
  }
  return scan.finish();
}

/** A trailer is short; what does not end in a short line is no snapshot. */
const TRAILER_BYTES = 256;

async function trailerOffset(file: DiskFile, path: string): Promise<number> {
  const size = await file.size();
  const start = Math.max(0, size - TRAILER_BYTES);
  const end = await readExactly(file, path, start, size - start);
  const before = end.subarray(0, -1).lastIndexOf(0x0a);
  if (before < 0 || end.at(-1) !== 0x0a) throw new SnapshotFault('the file has no trailer');
  return start + before + 1;
}

/** Sees the file once, from its beginning to its end. */
class Scan {
  readonly #path: string;
  readonly #expected: ExpectedSnapshot;
  readonly #clusterId: ClusterId;
  readonly #trailerOffset: number;
  readonly #hash = new Sha256();
  #hashBeforeTrailer = '';
  #header: SnapshotHeader | null = null;
  #newerFormat: number | null = null;
  #trailer: RawLine | null = null;
  #size = 0;
  #lines = 0;

  constructor(path: string, expected: ExpectedSnapshot, clusterId: ClusterId, trailer: number) {
    this.#path = path;
    this.#expected = expected;
    this.#clusterId = clusterId;
    this.#trailerOffset = trailer;
  }

  bytes(bytes: Uint8Array): void {
    const before = this.#trailerOffset - this.#size;
    this.#size += bytes.length;
    if (before < 0 || before > bytes.length) {
      this.#hash.update(bytes);
      return;
    }
    this.#hash.update(bytes.subarray(0, before));
    this.#hashBeforeTrailer = this.#hash.hex();
    this.#hash.update(bytes.subarray(before));
  }

  isData(line: RawLine): boolean {
    if (line.offset === 0) {
      this.#readHeader(line);
      return false;
    }
    if (line.offset >= this.#trailerOffset) {
      this.#trailer = line;
      return false;
    }
    this.#lines += 1;
    return true;
  }

  finish(): SnapshotFile {
    const { index, term, hash } = this.#expected;
    const actual = this.#hash.hex();
    if (actual !== hash) throw new SnapshotFault(`its hash is ${actual}, not ${hash}`);
    this.#refuseNewer();
    const trailer = this.#trailer === null ? null : decodeTrailer(this.#trailer.bytes);
    if (this.#header === null) throw new SnapshotFault('it has no header');
    if (trailer === null) throw new SnapshotFault('it has no trailer');
    if (trailer.sha256 !== this.#hashBeforeTrailer) {
      throw new SnapshotFault(`its content has hash ${this.#hashBeforeTrailer}`);
    }
    if (trailer.lines !== this.#lines) {
      throw new SnapshotFault(`it holds ${this.#lines} lines, not ${trailer.lines}`);
    }
    const { configuration } = this.#header;
    return { index, term, configuration, bytes: this.#size, hash };
  }

  /** Asked once the hash is known to be right: a damaged digit is no newer format. */
  #refuseNewer(): void {
    if (this.#newerFormat === null) return;
    throw new DamageError(
      this.#path,
      0,
      `format ${this.#newerFormat}, where this version reads up to format ${SNAPSHOT_FORMAT}`,
      'Start the newer version that wrote it.',
    );
  }

  #readHeader(line: RawLine): void {
    const header = decodeHeader(line.bytes);
    if (typeof header === 'number') this.#newerFormat = header;
    if (header === null || typeof header === 'number') return;
    const { index, term } = this.#expected;
    if (header.index !== index || header.term !== term || header.clusterId !== this.#clusterId) {
      const found = `snapshot ${header.index} of term ${header.term} of ${header.clusterId}`;
      throw new SnapshotFault(`it is ${found}, not ${index} of term ${term} of ${this.#clusterId}`);
    }
    this.#header = header;
  }
}
