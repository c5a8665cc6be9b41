import { open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { AbcdClient } from '../../client/client.ts';
import type { Cli } from '../cli.ts';
import { EXIT, ExitError } from '../exit.ts';
import { type Backup, readBackup } from './backup-file.ts';

/** Streams that break are begun anew so many times. */
const ATTEMPTS = 3;

/**
 * Writes a backup to a file: checked, durable, and under its name only when it is whole.
 *
 * @throws ExitError, AbcdError
 */
export async function saveBackup(cli: Cli, client: AbcdClient, file: string): Promise<Backup> {
  const target = resolve(file);
  const growing = `${target}.part-${cli.pid}`;
  try {
    for (let attempt = 1; ; attempt += 1) {
      const isBroken = !(await download(cli, client, growing));
      if (!isBroken) break;
      if (attempt === ATTEMPTS || cli.stopping.aborted) {
        throw new ExitError(EXIT.unavailable, 'the connection broke before the backup was whole');
      }
    }
    const backup = await readBackup(cli, growing);
    await rename(growing, target);
    await sync(dirname(target));
    return backup;
  } catch (error) {
    await rm(growing, { force: true });
    throw isSystemError(error)
      ? new ExitError(EXIT.usage, `${file} cannot be written: ${error.message}`)
      : error;
  }
}

/** Whether the stream came to its end. */
async function download(cli: Cli, client: AbcdClient, path: string): Promise<boolean> {
  const reader = (await client.backup({ signal: cli.stopping })).getReader();
  const file = await open(path, 'w', 0o600);
  try {
    for (;;) {
      const piece = await reader.read().catch(() => null);
      if (piece === null) return false;
      if (piece.done) break;
      for (let offset = 0; offset < piece.value.length; ) {
        offset += (await file.write(piece.value, offset)).bytesWritten;
      }
    }
    await file.datasync();
    return true;
  } finally {
    await file.close();
    await reader.cancel().catch(() => undefined);
  }
}

async function sync(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}
