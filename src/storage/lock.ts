import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { libc } from './libc.ts';

/**
 * ONE PROCESS A DIRECTORY
 *
 * Two processes that append to one log destroy it. The kernel's advisory lock (flock) on the file
 * `LOCK` belongs to the open file: it ends with the process, however that ends, so no stale lock is
 * ever left. Child processes do not inherit it.
 */
export interface DirectoryLock {
  release(): void;
}

/** Another process has the directory. */
export class DirectoryLockedError extends Error {
  override readonly name = 'DirectoryLockedError';
}

const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_FORMAT = 1;

/**
 * Makes the directory when it is not there, and takes it for this process.
 *
 * @param holder the process id, for the message that a second process gives.
 * @throws DirectoryLockedError
 */
export function lockDirectory(directory: string, holder: number): DirectoryLock {
  makeDirectories(resolve(directory));
  const path = join(directory, 'LOCK');
  const fd = openSync(path, 'a+', 0o600);
  if (libc().flock(fd, LOCK_EX | LOCK_NB) !== 0) {
    const by = readFileSync(path, 'utf8').trim();
    closeSync(fd);
    throw new DirectoryLockedError(
      `${directory} is in use by another process (${path} says ${by === '' ? 'nothing' : by}), ` +
        'or its file system has no locks',
    );
  }
  ftruncateSync(fd, 0);
  writeSync(fd, `${JSON.stringify({ format: LOCK_FORMAT, pid: holder })}\n`);
  return { release: () => closeSync(fd) };
}

/** A directory that is new must survive a power cut as what is in it does. */
function makeDirectories(directory: string): void {
  const first = mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const top = dirname(resolve(first));
  for (let made = directory; made !== top; made = dirname(made)) syncDirectory(dirname(made));
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
