import type { DiskFile } from './disk.ts';
import { readExactly } from './file-read.ts';

/** The bytes between two newlines of a file. */
export interface RawLine {
  readonly offset: number;
  /** Without the newline. Valid until the next block is asked for. */
  readonly bytes: Uint8Array;
  /** False for what follows the last newline of the file. */
  readonly ended: boolean;
}

/** Small enough that handling a block does not hold the event loop for long. */
const BLOCK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/**
 * The lines of a file in blocks, in order. The file does not change meanwhile.
 *
 * @param path for errors.
 * @param onBytes sees every byte of the file once, in order (to hash them).
 */
export async function* readLines(
  file: DiskFile,
  path: string,
  onBytes: (bytes: Uint8Array) => void = () => undefined,
): AsyncGenerator<readonly RawLine[]> {
  let unfinished: Uint8Array[] = [];
  let lineOffset = 0;
  let offset = 0;
  const size = await file.size();
  while (offset < size) {
    const block = await readExactly(file, path, offset, Math.min(BLOCK_BYTES, size - offset));
    onBytes(block);
    offset += block.length;
    const lines: RawLine[] = [];
    let start = 0;
    for (let end = block.indexOf(NEWLINE); end >= 0; end = block.indexOf(NEWLINE, start)) {
      unfinished.push(block.subarray(start, end));
      const bytes = joined(unfinished);
      lines.push({ offset: lineOffset, bytes, ended: true });
      unfinished = [];
      lineOffset += bytes.length + 1;
      start = end + 1;
    }
    if (start < block.length) unfinished.push(block.subarray(start));
    if (lines.length > 0) yield lines;
  }
  if (unfinished.length > 0) {
    yield [{ offset: lineOffset, bytes: joined(unfinished), ended: false }];
  }
}

/** The text of a line. */
export function textOfLine(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
}
