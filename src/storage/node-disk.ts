import fs from 'node:fs';
import { join } from 'node:path';
import { assert } from '../lib/assert.ts';
import { type Disk, DiskError, type DiskFile } from './disk.ts';
import { libc } from './libc.ts';
import { isOutOfFiles, SpareFiles } from './spare-files.ts';

/** Of the process: a segment, a snapshot, some readers of snapshots, and their directory. */
const SPARE = new SpareFiles(16);

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** The directory of a node on the real file system. It must exist (see lock.ts). */
export class NodeDisk implements Disk {
  readonly #root: string;
  /** Open files, so that errors name a file as it is called now. */
  readonly #files = new Set<NodeFile>();

  constructor(root: string) {
    this.#root = root;
    SPARE.fill();
  }

  async list(directory: string): Promise<string[]> {
    const path = this.#at(directory);
    try {
      const { result: names, fromSpare } = await withFile<string[]>(
        'list',
        path,
        (done) => fs.readdir(path, done),
        () => fs.readdirSync(path),
      );
      if (fromSpare) SPARE.fill();
      return names.sort();
    } catch (error) {
      if (error instanceof DiskError && error.code === 'ENOENT') return [];
      throw error;
    }
  }

  async makeDirectory(path: string): Promise<void> {
    const options = { recursive: true, mode: DIRECTORY_MODE };
    await call('make directory', this.#at(path), (done) => fs.mkdir(this.#at(path), options, done));
  }

  async open(path: string, mode: 'create' | 'append' | 'read'): Promise<DiskFile> {
    const at = this.#at(path);
    const opened = await openFile(mode, at, FLAGS[mode]);
    const file = new NodeFile(opened, at, () => this.#files.delete(file));
    this.#files.add(file);
    return file;
  }

  async rename(from: string, to: string): Promise<void> {
    const [old, name] = [this.#at(from), this.#at(to)];
    await call('rename', old, (done) => fs.rename(old, name, done));
    for (const file of this.#files) if (file.path === old) file.path = name;
  }

  async remove(path: string): Promise<void> {
    await call('remove', this.#at(path), (done) => fs.unlink(this.#at(path), done));
  }

  async syncDirectory(path: string): Promise<void> {
    const at = this.#at(path);
    const opened = await openFile('open', at, O_RDONLY);
    try {
      await call('sync', at, (done) => fs.fsync(opened.result, done));
    } finally {
      await closeFile(opened, at);
    }
  }

  async freeBytes(): Promise<number> {
    const stats = await call<fs.StatsFs>('statfs', this.#root, (done) =>
      fs.statfs(this.#root, done),
    );
    return stats.bavail * stats.bsize;
  }

  #at(path: string): string {
    assert(!path.split('/').includes('..'), () => `${path} leaves the directory`);
    return join(this.#root, path);
  }
}

/** Appending is the kernel's business, so that no lost offset can overwrite what is there. */
const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR } = fs.constants;
const FLAGS = {
  create: O_RDWR | O_APPEND | O_CREAT | O_EXCL,
  append: O_RDWR | O_APPEND,
  read: O_RDONLY,
} as const;

/** FALLOC_FL_KEEP_SIZE of fallocate(2). */
const KEEP_SIZE = 1;

class NodeFile implements DiskFile {
  readonly #opened: Opened;
  readonly #fd: number;
  readonly #closed: () => void;
  /** What errors call it. */
  path: string;

  constructor(opened: Opened, path: string, closed: () => void) {
    this.#opened = opened;
    this.#fd = opened.result;
    this.path = path;
    this.#closed = closed;
  }

  write(bytes: Uint8Array): Promise<number> {
    return call('write', this.path, (done) =>
      fs.write(this.#fd, bytes, 0, bytes.length, null, done),
    );
  }

  async sync(): Promise<void> {
    await call('sync', this.path, (done) => fs.fdatasync(this.#fd, done));
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const buffer = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const got = await call<number>('read', this.path, (done) =>
        fs.read(this.#fd, buffer, filled, length - filled, offset + filled, done),
      );
      if (got === 0) break;
      filled += got;
    }
    return buffer.subarray(0, filled);
  }

  async size(): Promise<number> {
    const stats = await call<fs.Stats>('stat', this.path, (done) => fs.fstat(this.#fd, done));
    return stats.size;
  }

  async truncate(size: number): Promise<void> {
    await call('truncate', this.path, (done) => fs.ftruncate(this.#fd, size, done));
  }

  allocate(bytes: number): Promise<void> {
    const done = libc().fallocate?.(this.#fd, KEEP_SIZE, 0, bytes) === 0;
    // Whatever the reason was: writing padding gives the right error if there is no room.
    return done
      ? Promise.resolve()
      : Promise.reject(new DiskError('EOPNOTSUPP', 'allocate', this.path));
  }

  async close(): Promise<void> {
    this.#closed();
    await closeFile(this.#opened, this.path);
  }
}

/** What was done, and whether a file that was kept back had to be given up for it. */
interface WithFile<T> {
  readonly result: T;
  readonly fromSpare: boolean;
}
type Opened = WithFile<number>;

/** Does what needs a file; where there are none, at once and in the place of one kept back. */
async function withFile<T>(
  operation: string,
  path: string,
  start: (done: Done<T>) => void,
  atOnce: () => T,
): Promise<WithFile<T>> {
  try {
    return { result: await call<T>(operation, path, start), fromSpare: false };
  } catch (error) {
    if (!(error instanceof DiskError) || !isOutOfFiles(error.code)) throw error;
  }
  const result = await call<T>(operation, path, (done) => {
    try {
      done(null, SPARE.instead(atOnce));
    } catch (error) {
      done(error as NodeJS.ErrnoException);
    }
  });
  return { result, fromSpare: true };
}

function openFile(operation: string, path: string, flags: number): Promise<Opened> {
  return withFile<number>(
    operation,
    path,
    (done) => fs.open(path, flags, FILE_MODE, done),
    () => fs.openSync(path, flags, FILE_MODE),
  );
}

async function closeFile({ result: fd, fromSpare }: Opened, path: string): Promise<void> {
  await call('close', path, (done) => {
    if (!fromSpare) {
      fs.close(fd, done);
      return;
    }
    SPARE.takeBack(fd);
    done(null);
  });
}

type Done<T> = (error: NodeJS.ErrnoException | null, value?: T) => void;

/** Turns a callback of node:fs into a promise, and its error into a DiskError. */
function call<T>(operation: string, path: string, start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (error === null || error === undefined) resolve(value as T);
      else reject(new DiskError(error.code ?? 'EIO', operation, path));
    });
  });
}
