import type { Disk } from './disk.ts';
import { readExactly } from './file-read.ts';
import { createAnew, writeFully } from './file-write.ts';
import { temporary, WAL_DIRECTORY } from './wal-segment.ts';

const PIECE_BYTES = 256 * 1024;
/** Copies are for people to look at; a disk that tears often must not fill up with them. */
const KEPT_COPIES = 4;
const SUFFIX = '.torn';

/** Keeps the bytes that are about to be cut off the log, durably, and returns the copy's path. */
export async function keepTornTail(disk: Disk, path: string, offset: number): Promise<string> {
  const copyPath = `${path}${SUFFIX}`;
  const source = await disk.open(path, 'read');
  const copy = await createAnew(disk, temporary(copyPath));
  const size = await source.size();
  for (let at = offset; at < size; at += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, size - at);
    await writeFully(copy, copyPath, await readExactly(source, path, at, length));
  }
  await copy.sync();
  await copy.close();
  await source.close();
  await disk.rename(temporary(copyPath), copyPath);
  await disk.syncDirectory(WAL_DIRECTORY);
  return copyPath;
}

/** Removes all but the newest copies. */
export async function removeOldCopies(disk: Disk): Promise<void> {
  const names = (await disk.list(WAL_DIRECTORY)).filter((name) => name.endsWith(SUFFIX));
  for (const name of names.slice(0, -KEPT_COPIES)) await disk.remove(`${WAL_DIRECTORY}/${name}`);
}
