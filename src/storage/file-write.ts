import { type Disk, DiskError, type DiskFile } from './disk.ts';

/** Writes all the bytes: a disk that fills up takes part of them first, without an error. */
export async function writeFully(file: DiskFile, path: string, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) {
    const written = await file.write(rest);
    if (written <= 0 || written > rest.length) throw new DiskError('EIO', 'write', path);
    rest = rest.subarray(written);
  }
}

/** Opens a new file under a name that a crash may have left something behind under. */
export async function createAnew(disk: Disk, path: string): Promise<DiskFile> {
  await removeIfThere(disk, path);
  return disk.open(path, 'create');
}

export async function removeIfThere(disk: Disk, path: string): Promise<void> {
  try {
    await disk.remove(path);
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== 'ENOENT') throw error;
  }
}

/** Null when there is no such file. */
export async function openIfThere(disk: Disk, path: string): Promise<DiskFile | null> {
  try {
    return await disk.open(path, 'read');
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') return null;
    throw error;
  }
}
