import { DiskError, type DiskFile } from './disk.ts';

/**
 * So many bytes from `offset`, or an error. A read that ends before the file does must never pass
 * for a file that ends there: what is missing would be taken for never written.
 */
export async function readExactly(
  file: DiskFile,
  path: string,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = await file.read(offset, length);
  if (bytes.length !== length) throw new DiskError('EIO', 'read', path);
  return bytes;
}
