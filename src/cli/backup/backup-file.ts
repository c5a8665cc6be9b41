/**
 * Backup files: what `GET /backup` gives is a snapshot file (storage/snapshot-file.ts). It is read
 * whole, and everything in it is checked, before anything is made of it.
 */

import { basename, dirname, resolve } from 'node:path';
import { SnapshotError } from '../../kv/snapshot-reader.ts';
import { StateMachine } from '../../kv/state-machine.ts';
import { Sha256 } from '../../storage/checksum.ts';
import { DiskError } from '../../storage/disk.ts';
import { readLines, textOfLine } from '../../storage/line-reader.ts';
import { NodeDisk } from '../../storage/node-disk.ts';
import { Pace, type PaceOptions } from '../../storage/pace.ts';
import { decodeHeader, type SnapshotHeader } from '../../storage/snapshot-file.ts';
import { SnapshotFault, snapshotLines } from '../../storage/snapshot-reader.ts';
import { DamageError } from '../../storage/storage.ts';
import type { Cli } from '../cli.ts';
import { EXIT, ExitError } from '../exit.ts';

/** A backup whose every checksum is right. */
export interface Backup {
  readonly header: SnapshotHeader;
  readonly bytes: number;
  /** Hex SHA-256 of the whole file. */
  readonly hash: string;
  /** The state that it holds. */
  readonly machine: StateMachine;
}

/** @throws ExitError when there is no such file, or it is damaged or no backup */
export async function readBackup({ clock }: Cli, path: string): Promise<Backup> {
  const disk = new NodeDisk(dirname(resolve(path)));
  const pace = { now: () => clock.now(), pause: () => clock.yield() };
  try {
    return await readChecked(disk, basename(path), pace);
  } catch (error) {
    throw refusalOf(error, path);
  }
}

async function readChecked(disk: NodeDisk, name: string, options: PaceOptions): Promise<Backup> {
  const { header, hash } = await readHead(disk, name);
  const { index, term, clusterId } = header;
  const machine = new StateMachine();
  const receiver = machine.restore();
  const expected = { index, term, hash };
  const lines = snapshotLines(disk, name, expected, clusterId, new Pace(options));
  for (let step = await lines.next(); ; step = await lines.next()) {
    if (step.done === true) {
      receiver.finish();
      if (machine.appliedIndex !== index) throw new SnapshotFault('its state is of another index');
      return { header, bytes: step.value.bytes, hash, machine };
    }
    for (const { bytes } of step.value) receiver.line(textOfLine(bytes));
  }
}

/** The first line, and the hash of all. */
async function readHead(
  disk: NodeDisk,
  name: string,
): Promise<{ readonly header: SnapshotHeader; readonly hash: string }> {
  const file = await disk.open(name, 'read');
  const hash = new Sha256();
  let header: SnapshotHeader | number | null = null;
  try {
    let isFirst = true;
    for await (const [line] of readLines(file, name, (bytes) => hash.update(bytes))) {
      if (isFirst && line !== undefined) header = decodeHeader(line.bytes);
      isFirst = false;
    }
  } finally {
    await file.close();
  }
  if (typeof header === 'number') throw new SnapshotFault(`format ${header} is of a newer version`);
  if (header === null) throw new SnapshotFault('it does not begin like a backup');
  return { header, hash: hash.hex() };
}

function refusalOf(error: unknown, path: string): unknown {
  if (error instanceof DiskError) {
    const exitCode = error.code === 'ENOENT' || error.code === 'EISDIR' ? EXIT.usage : EXIT.disk;
    return new ExitError(exitCode, `${path} cannot be read: ${error.message}`);
  }
  const isDamage =
    error instanceof SnapshotFault ||
    error instanceof SnapshotError ||
    error instanceof DamageError;
  if (!isDamage) return error;
  return new ExitError(EXIT.refused, `${path} is not a whole backup: ${error.message}`);
}
