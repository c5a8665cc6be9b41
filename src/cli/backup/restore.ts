import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config } from '../../config.ts';
import { DiskError } from '../../storage/disk.ts';
import { NodeDisk } from '../../storage/node-disk.ts';
import type { Identity } from '../../storage/storage.ts';
import type { Cli } from '../cli.ts';
import { EXIT, ExitError } from '../exit.ts';
import type { Backup } from './backup-file.ts';
import { createDirectory } from './new-cluster.ts';

/**
 * Makes the data directory of a node of a new cluster: whole or not at all, for it grows under
 * another name.
 *
 * @throws ExitError `refused` when the directory is not empty
 */
export async function restore(cli: Cli, config: Config, backup: Backup): Promise<Identity> {
  const target = resolve(config.dataDir);
  requireEmpty(target);
  const growing = `${target}.restoring-${cli.pid}`;
  const self = { name: config.name, url: config.url };
  const { clusterToken: token, remembered } = config;
  const cluster = { members: config.cluster ?? [self], token, self, remembered };
  const pace = { now: () => cli.clock.now(), pause: () => cli.clock.yield() };
  try {
    mkdirSync(growing, { recursive: true, mode: 0o700 });
    const identity = await createDirectory(new NodeDisk(growing), backup, cluster, pace);
    // Again: it took a while.
    requireEmpty(target);
    renameSync(growing, target);
    syncDirectory(dirname(target));
    return identity;
  } catch (error) {
    rmSync(growing, { recursive: true, force: true });
    if (!(error instanceof DiskError)) throw error;
    throw new ExitError(EXIT.disk, `${target} could not be made: ${error.message}`);
  }
}

function requireEmpty(directory: string): void {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    const why = error instanceof Error ? error.message : String(error);
    throw new ExitError(EXIT.usage, `--data-dir cannot be used: ${why}`);
  }
  if (names.length === 0) return;
  throw new ExitError(
    EXIT.refused,
    `${directory} is not empty: a backup makes a new directory. Name another --data-dir`,
  );
}

function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
