import type { LogIndex } from '../raft/entry.ts';
import type { Disk } from './disk.ts';
import type { LogState } from './log-state.ts';
import type { Pace } from './pace.ts';
import { snapshotIndexOf, snapshotPath } from './snapshot-file.ts';
import { checkSnapshot, SnapshotFault } from './snapshot-reader.ts';
import { DamageError, type Finding, type SnapshotFile } from './storage.ts';
import { ADVICE } from './wal-reader.ts';
import type { SnapshotMark } from './wal-record.ts';

/** The snapshot a start goes by. */
export interface SnapshotChoice {
  readonly newest: SnapshotFile | null;
  /** The chosen one and, where there is one, the one before it. */
  readonly kept: readonly SnapshotMark[];
  /** Newer ones that are not whole. */
  readonly damaged: readonly LogIndex[];
  readonly findings: readonly Finding[];
}

/**
 * The newest snapshot that is whole and that the log continues: a damaged one is passed over as
 * long as the log reaches back to the one before it, or to the very beginning.
 *
 * @throws DamageError when neither is so.
 */
export async function chooseSnapshot(
  disk: Disk,
  log: LogState,
  pace: Pace,
): Promise<SnapshotChoice> {
  const { base } = log.shape;
  const damaged: LogIndex[] = [];
  const findings: Finding[] = [];
  for (const mark of log.snapshots.toReversed()) {
    if (mark.index < base) break;
    const file = snapshotPath(mark.index);
    const checked = await checkSnapshot(disk, file, mark, log.identity.clusterId, pace);
    if (!(checked instanceof SnapshotFault)) {
      const kept = log.snapshots.filter((other) => other.index <= mark.index);
      return { newest: checked, kept, damaged, findings };
    }
    damaged.push(mark.index);
    findings.push({ message: `snapshot ${mark.index}: ${checked.message}`, file, offset: 0 });
  }
  if (base === 0) return { newest: null, kept: [], damaged, findings };
  const [finding] = findings;
  const file = finding?.file ?? 'wal';
  const found = finding?.message ?? `no snapshot up to entry ${base}, where the log begins`;
  throw new DamageError(file, 0, found, ADVICE);
}

const DAMAGED_SUFFIX = '.damaged';

/** Puts the newest damaged snapshot aside for people to look at, in place of an earlier one. */
export async function setAside(disk: Disk, damaged: readonly LogIndex[]): Promise<void> {
  const names = await disk.list('.');
  const newest = snapshotPath(damaged[0] ?? 0);
  if (!names.includes(newest)) return;
  for (const name of names.filter((other) => other.endsWith(DAMAGED_SUFFIX))) {
    await disk.remove(name);
  }
  await disk.rename(newest, `${newest}${DAMAGED_SUFFIX}`);
}

/** Removes the finished snapshots that nothing needs. */
export async function removeSnapshotsBut(disk: Disk, kept: readonly LogIndex[]): Promise<void> {
  for (const name of await disk.list('.')) {
    const index = snapshotIndexOf(name);
    if (index !== null && !kept.includes(index)) await disk.remove(name);
  }
}

/** While the node runs a newer file may be about to be named in the log; it is left alone. */
export async function removeSnapshotsBelow(disk: Disk, index: LogIndex): Promise<void> {
  for (const name of await disk.list('.')) {
    if ((snapshotIndexOf(name) ?? index) < index) await disk.remove(name);
  }
}
