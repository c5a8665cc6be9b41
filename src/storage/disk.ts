/**
 * THE DISK PORT
 *
 * The few file operations that the log and the snapshots are built from, of one directory (the
 * node's own). Adapters: the real file system (node-disk.ts) and the simulator's (memory-disk.ts),
 * which tells volatile from durable bytes. Paths are relative to the directory, with `/`.
 *
 * Every failure is a DiskError; after one on `write`, `sync` or `syncDirectory` the process must
 * exit (durability rule 2).
 */
export interface Disk {
  /** Names in a directory, sorted; empty when the directory does not exist. */
  list(directory: string): Promise<string[]>;
  makeDirectory(path: string): Promise<void>;
  /** Opens for appending; `create` makes a new file and fails when it exists. */
  open(path: string, mode: 'create' | 'append' | 'read'): Promise<DiskFile>;
  /** Atomic replacement; durable only after `syncDirectory` of the directory. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
  /** Bytes free for this process on the file system of the directory. */
  freeBytes(): Promise<number>;
}

export interface DiskFile {
  /**
   * Appends; resolves with the number of bytes that were written, which may be fewer than given
   * (a disk that fills up). The caller checks the count.
   */
  write(bytes: Uint8Array): Promise<number>;
  /** fdatasync: resolves when every written byte, and the size, would survive a power cut. */
  sync(): Promise<void>;
  /** Up to `length` bytes from `offset`; fewer only at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
  size(): Promise<number>;
  truncate(size: number): Promise<void>;
  /**
   * Claims room for this many bytes on the file system without changing the file's size. Fails
   * with `EOPNOTSUPP` where that cannot be done, and the caller writes padding instead.
   */
  allocate(bytes: number): Promise<void>;
  close(): Promise<void>;
}

/** A failed file operation. `code` is the system's (`EIO`, `ENOSPC`, `ENOENT`, …). */
export class DiskError extends Error {
  override readonly name = 'DiskError';
  readonly code: string;

  constructor(code: string, operation: string, path: string) {
    super(`${operation} ${path}: ${code}`);
    this.code = code;
  }
}
