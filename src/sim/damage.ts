/**
 * DAMAGE TO DISKS that say nothing of it: other bits, garbage, zeros, what belongs elsewhere, what
 * was never written.
 *
 * THE BUDGET. One member's disk at a time is damaged, of at least three voters, all of which are
 * well, and no other loses what it acknowledged until that one is made good or replaced. So there
 * are always enough sound copies, and the damaged member may halt or repair itself, but never be
 * wrong. Beyond one member's damage nothing is promised but a halt.
 *
 * Left out is what no checksum shows, because the file is what a crash before the write leaves: the
 * end of the log cut off (at a line or within one), or the newest segment gone. A disk that does
 * this to what was synced does not honour `fdatasync`, which is not promised to be survived.
 */
import type { Prng } from '../lib/prng.ts';
import type { MemoryDisk } from '../storage/memory-disk.ts';

const SECTOR = 512;
/** About two lines of the log. */
const END_BYTES = 400;
const NEWLINE = 0x0a;
const FLIPS_MAX = 200;

export const DAMAGES = [
  'bits-flipped',
  'sector-garbage',
  'sector-zeroed',
  'write-misdirected',
  'write-lost',
  'file-swapped',
  'file-truncated',
  'file-lost',
] as const;

export type Damage = (typeof DAMAGES)[number];

/** Damages one file; says where, or null when there was nothing to damage so. */
export function damage(kind: Damage, disk: MemoryDisk, prng: Prng): string | null {
  const path = drawPath(disk, prng);
  if (path === null) return null;
  switch (kind) {
    case 'bits-flipped':
      return flipBits(disk, path, prng);
    case 'sector-garbage':
      return overwriteSector(disk, path, prng, () => prng.between(0, 256));
    case 'sector-zeroed':
      return overwriteSector(disk, path, prng, () => 0);
    case 'write-misdirected':
      return misdirect(disk, path, prng);
    case 'write-lost':
      return loseWrite(disk, prng);
    case 'file-swapped':
      return swap(disk, prng);
    case 'file-truncated':
      return truncate(disk, prng);
    case 'file-lost':
      return lose(disk, prng);
  }
}

/** One bit, often at the end of the log: there damage and a torn write look alike. */
export function flipBit(disk: MemoryDisk, prng: Prng): string | null {
  const path = drawPath(disk, prng);
  if (path === null) return null;
  const size = disk.contents(path).length;
  const from = path === segments(disk).at(-1) ? Math.max(0, size - END_BYTES) : 0;
  const bit = prng.between(8 * from, 8 * size);
  disk.flipBit(path, bit);
  return `bit ${bit} of ${path}`;
}

/** A bit in the last line of the log, as it may be after any crash; null when there is none. */
export function tearLog(disk: MemoryDisk, prng: Prng): string | null {
  const path = segments(disk).at(-1);
  const bytes = path === undefined ? new Uint8Array() : disk.contents(path);
  const line = linesOf(bytes).at(-1);
  // A segment has its name only once its first batch is durable.
  if (path === undefined || line === undefined || batchesOf(bytes).length < 2) return null;
  const bit = prng.between(8 * line.start, 8 * (line.end - 1));
  disk.flipBit(path, bit);
  return `bit ${bit} of ${path}`;
}

function drawPath(disk: MemoryDisk, prng: Prng): string | null {
  const paths = disk.paths().filter((path) => disk.contents(path).length > 0);
  const newest = segments(disk).at(-1);
  if (newest !== undefined && prng.chance(0.5)) return newest;
  return paths.length === 0 ? null : prng.pick(paths);
}

/** Of the log, in order. */
function segments(disk: MemoryDisk): string[] {
  return disk.paths().filter((path) => path.startsWith('wal/') && path.endsWith('.jsonl'));
}

/** All but the newest segment, whose end is nobody's but a crash's; and whole snapshots. */
function settled(disk: MemoryDisk): string[] {
  const snapshots = disk.paths().filter((path) => /^snapshot-[0-9]+\.jsonl$/.test(path));
  return [...segments(disk).slice(0, -1), ...snapshots];
}

function flipBits(disk: MemoryDisk, path: string, prng: Prng): string {
  const bits = 8 * disk.contents(path).length;
  const rate = prng.logUniform(1e-5, 1e-3);
  const count = Math.min(FLIPS_MAX, Math.max(1, Math.round(bits * rate)));
  for (let i = 0; i < count; i += 1) disk.flipBit(path, prng.between(0, bits));
  return `${count} bits of ${path}`;
}

function overwriteSector(disk: MemoryDisk, path: string, prng: Prng, draw: () => number): string {
  const size = disk.contents(path).length;
  const offset = SECTOR * prng.between(0, Math.ceil(size / SECTOR));
  const bytes = Uint8Array.from({ length: Math.min(SECTOR, size - offset) }, draw);
  disk.overwrite(path, offset, bytes);
  return `the sector at ${offset} of ${path}`;
}

/** A line, or a sector, well-formed as it is, in the place of another; of this file or another. */
function misdirect(disk: MemoryDisk, path: string, prng: Prng): string | null {
  const sources = disk.paths().filter((other) => disk.contents(other).length > 0);
  const source = prng.chance(0.5) ? path : prng.pick(sources);
  const size = disk.contents(path).length;
  if (prng.chance(0.5)) {
    const line = prng.pick(linesOf(disk.contents(source)));
    const place = prng.pick(linesOf(disk.contents(path)));
    const bytes = disk.contents(source).slice(line.start, line.end);
    return overwritten(disk, path, place.start, bytes.subarray(0, size - place.start))
      ? `the line at ${line.start} of ${source} at ${place.start} of ${path}`
      : null;
  }
  const from = SECTOR * prng.between(0, Math.ceil(disk.contents(source).length / SECTOR));
  const to = SECTOR * prng.between(0, Math.ceil(size / SECTOR));
  const bytes = disk.contents(source).slice(from, from + SECTOR);
  return overwritten(disk, path, to, bytes.subarray(0, size - to))
    ? `the sector at ${from} of ${source} at ${to} of ${path}`
    : null;
}

/** Not what leaves the newest segment as an append that was cut short would: nobody can tell. */
function overwritten(disk: MemoryDisk, path: string, offset: number, bytes: Uint8Array): boolean {
  const isEnd = offset + bytes.length === disk.contents(path).length;
  if (isEnd && path === segments(disk).at(-1) && bytes.at(-1) !== NEWLINE) return false;
  disk.overwrite(path, offset, bytes);
  return true;
}

/**
 * One write to the log was reported and never reached the disk; what came after it did. Where it
 * should be, there are zeros, or the next write.
 */
function loseWrite(disk: MemoryDisk, prng: Prng): string | null {
  const path = prng.pick(segments(disk));
  const bytes = disk.contents(path);
  const batches = batchesOf(bytes);
  // The last is left out, and the first: a segment has its name only once that is durable.
  if (batches.length < 3) return null;
  const lost = batches[prng.between(1, batches.length - 1)];
  if (lost === undefined) return null;
  if (prng.chance(0.5)) {
    disk.overwrite(path, lost.start, new Uint8Array(lost.end - lost.start));
  } else {
    disk.place(path, new Uint8Array([...bytes.slice(0, lost.start), ...bytes.slice(lost.end)]));
  }
  return `the write from ${lost.start} to ${lost.end} of ${path}`;
}

/** One file has the content of another of its kind: an older one of the same name, say. */
function swap(disk: MemoryDisk, prng: Prng): string | null {
  const path = drawSettled(disk, prng);
  const kind = path?.slice(0, 4) ?? '';
  const others = settled(disk).filter((other) => other !== path && other.startsWith(kind));
  if (path === null || others.length === 0) return null;
  const other = prng.pick(others);
  disk.place(path, disk.contents(other));
  return `${other} in the place of ${path}`;
}

function truncate(disk: MemoryDisk, prng: Prng): string | null {
  const path = drawSettled(disk, prng);
  if (path === null) return null;
  const bytes = disk.contents(path);
  const cut = prng.between(1, Math.min(bytes.length, 1_024) + 1);
  disk.place(path, bytes.slice(0, bytes.length - cut));
  return `${cut} bytes at the end of ${path}`;
}

function lose(disk: MemoryDisk, prng: Prng): string | null {
  const path = drawSettled(disk, prng);
  if (path === null) return null;
  disk.lose(path);
  return path;
}

function drawSettled(disk: MemoryDisk, prng: Prng): string | null {
  const paths = settled(disk).filter((path) => disk.contents(path).length > 0);
  return paths.length === 0 ? null : prng.pick(paths);
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** With their newlines. */
function linesOf(bytes: Uint8Array): Span[] {
  const lines: Span[] = [];
  for (let start = 0; start < bytes.length; ) {
    const at = bytes.indexOf(NEWLINE, start);
    const end = at < 0 ? bytes.length : at + 1;
    lines.push({ start, end });
    start = end;
  }
  return lines;
}

/** Lines up to and including one that closes its batch. */
function batchesOf(bytes: Uint8Array): Span[] {
  const text = Buffer.from(bytes).toString('latin1');
  const batches: Span[] = [];
  let start = 0;
  for (const line of linesOf(bytes)) {
    if (!text.slice(line.start, line.end).includes('"last":true')) continue;
    batches.push({ start, end: line.end });
    start = line.end;
  }
  return batches;
}
