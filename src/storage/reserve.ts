import { type Disk, DiskError, type DiskFile } from './disk.ts';
import { createAnew, removeIfThere, writeFully } from './file-write.ts';
import type { Pace } from './pace.ts';

/**
 * THE RESERVE
 *
 * A file that holds on to room which a start may need for its own copy of the log when the disk is
 * full. The room is claimed without content where the file system can do that, so the file stays
 * one short line; elsewhere it is padded.
 */
const RESERVE_PATH = 'reserve';
const RESERVE_FORMAT = 1;

const PADDING_BYTES = 256 * 1024;

/** With less than this many reserves free, taking one would leave too little to write in. */
const ROOM_FACTOR = 3;

/** Frees the room of the reserve. */
export async function giveUpReserve(disk: Disk): Promise<void> {
  await removeIfThere(disk, RESERVE_PATH);
  await disk.syncDirectory('.');
}

/**
 * Makes sure that the reserve is there, if there is room for it.
 *
 * @returns whether it is.
 */
export async function claimReserve(disk: Disk, bytes: number, pace: Pace): Promise<boolean> {
  const names = await disk.list('.');
  if (names.includes(RESERVE_PATH)) {
    if (bytes > 0) return true;
    await giveUpReserve(disk);
  }
  if (bytes === 0 || (await disk.freeBytes()) < ROOM_FACTOR * bytes) return false;
  try {
    await makeReserve(disk, bytes, pace);
    return true;
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== 'ENOSPC') throw error;
    await removeIfThere(disk, TEMPORARY_PATH);
    return false;
  }
}

const TEMPORARY_PATH = 'reserve.tmp';

async function makeReserve(disk: Disk, bytes: number, pace: Pace): Promise<void> {
  const file = await createAnew(disk, TEMPORARY_PATH);
  try {
    const header = `${JSON.stringify({ format: RESERVE_FORMAT, reserve: bytes })}\n`;
    await writeFully(file, TEMPORARY_PATH, Buffer.from(header));
    if (!(await allocated(file, bytes))) await pad(file, bytes, pace);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(TEMPORARY_PATH, RESERVE_PATH);
  await disk.syncDirectory('.');
}

async function allocated(file: DiskFile, bytes: number): Promise<boolean> {
  try {
    await file.allocate(bytes);
    return true;
  } catch (error) {
    if (error instanceof DiskError && error.code === 'EOPNOTSUPP') return false;
    throw error;
  }
}

async function pad(file: DiskFile, bytes: number, pace: Pace): Promise<void> {
  const frame = '{"padding":""}\n'.length;
  const line = Buffer.from(`{"padding":"${'x'.repeat(PADDING_BYTES - frame)}"}\n`);
  for (let written = 0; written < bytes; written += line.length) {
    await writeFully(file, TEMPORARY_PATH, line);
    await pace.rest();
  }
}
