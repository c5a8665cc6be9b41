/**
 * A CLUSTER MADE OF A BACKUP
 *
 * Each of its nodes gets a directory made of the same file. Who they are follows from the file, the
 * list of members and the token alone, so that the directories fit together although they were made
 * on different machines. The ids are new: nothing of the old cluster, should it still run, can take
 * them for its own.
 *
 * A directory holds one snapshot, with the state of the backup and the new membership. Index and
 * term go on from those of the backup, for what is in the state refers to them: revisions go on,
 * leases keep what was left of them, and requests that were remembered still are.
 */

import {
  type FoundingEntry,
  foundingClusterId,
  foundingConfiguration,
  foundingMemberId,
} from '../../node/bootstrap.ts';
import type { Configuration } from '../../raft/configuration.ts';
import type { SnapshotMeta } from '../../raft/ready.ts';
import type { Disk } from '../../storage/disk.ts';
import { removeIfThere } from '../../storage/file-write.ts';
import { JsonlStorage } from '../../storage/jsonl-storage.ts';
import { Pace, type PaceOptions } from '../../storage/pace.ts';
import { writeSnapshot } from '../../storage/snapshot-writer.ts';
import type { Identity, SnapshotFile } from '../../storage/storage.ts';
import { assert } from '../../lib/assert.ts';
import type { Backup } from './backup-file.ts';

/** What the nodes of the new cluster agree on. */
export interface NewCluster {
  readonly members: readonly FoundingEntry[];
  readonly token: string;
  /** This node's entry of the members. */
  readonly self: FoundingEntry;
  readonly remembered: Identity['node'];
}

/** Where the new file grows. */
const GROWING = 'restored.tmp';
const CHUNK_BYTES = 2 ** 20;

/** Fills an empty directory. It is durable when this resolves. */
export async function createDirectory(
  disk: Disk,
  backup: Backup,
  cluster: NewCluster,
  pace: PaceOptions,
): Promise<Identity> {
  const identity = identityOf(backup, cluster);
  const storage = new JsonlStorage(disk, { reserveBytes: 0, ...pace });
  try {
    await storage.open(null);
    await storage.create(identity);
    const { index, term } = backup.header;
    const meta = { index, term, configuration: configurationOf(backup, cluster) };
    const file = await writeState(disk, identity, meta, backup, pace);
    await install(disk, storage, file);
  } finally {
    await storage.close();
  }
  await removeIfThere(disk, GROWING);
  await disk.syncDirectory('.');
  return identity;
}

function identityOf(backup: Backup, cluster: NewCluster): Identity {
  const token = tokenOf(backup, cluster);
  return {
    clusterId: foundingClusterId(token, cluster.members),
    memberId: foundingMemberId(token, cluster.self),
    node: cluster.remembered,
  };
}

/**
 * Every member counts as one that has a log: should its directory be lost, it must not come back
 * with an empty one.
 */
function configurationOf(backup: Backup, cluster: NewCluster): Configuration {
  const { members, removed } = foundingConfiguration(tokenOf(backup, cluster), cluster.members);
  const { clusterVersion } = backup.header.configuration;
  return { members: members.map((one) => ({ ...one, active: true })), removed, clusterVersion };
}

function tokenOf({ hash }: Backup, { token }: NewCluster): string {
  return JSON.stringify(['restored', hash, token]);
}

async function writeState(
  disk: Disk,
  { clusterId }: Identity,
  meta: SnapshotMeta,
  { machine }: Backup,
  pace: PaceOptions,
): Promise<SnapshotFile> {
  const lines = machine.snapshot();
  const roomy = () => Promise.resolve();
  return await writeSnapshot(disk, GROWING, clusterId, meta, lines, new Pace(pace), roomy);
}

/** As a node takes in a snapshot of its leader's: verified once more, then made its own. */
async function install(disk: Disk, storage: JsonlStorage, snapshot: SnapshotFile): Promise<void> {
  const file = await disk.open(GROWING, 'read');
  try {
    let offset = await storage.beginReceive(snapshot);
    while (offset < snapshot.bytes) {
      offset = await storage.receiveChunk(offset, await file.read(offset, CHUNK_BYTES));
    }
  } finally {
    await file.close();
  }
  const received = await storage.finishReceive();
  assert(received !== null, 'what was just written is whole');
  await storage.installSnapshot(snapshot);
}
