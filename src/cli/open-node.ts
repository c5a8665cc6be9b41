/**
 * From a data directory to something a node can start from: takes the directory, reads it, and for
 * a new one does what node/bootstrap.ts planned.
 */

import type { Config } from '../config.ts';
import type { Logger } from '../lib/logger.ts';
import { type Intent, joiningIdentity, planStart, type StartPlan } from '../node/bootstrap.ts';
import type { Configuration } from '../raft/configuration.ts';
import { JsonlStorage } from '../storage/jsonl-storage.ts';
import { type DirectoryLock, lockDirectory } from '../storage/lock.ts';
import { NodeDisk } from '../storage/node-disk.ts';
import type { Identity, Restored, Storage } from '../storage/storage.ts';
import type { Cli } from './cli.ts';
import { EXIT, ExitError } from './exit.ts';
import { askFounders } from './founding-inquiry.ts';
import { findCluster } from './join.ts';
import { readStoredIdentity } from './stored-identity.ts';

const JOIN_PATIENCE_MS = 30_000;

/** What Node.start needs of the directory, and what remains to be done afterwards. */
export interface OpenedNode {
  readonly lock: DirectoryLock;
  readonly storage: Storage;
  readonly restored: Restored & { readonly identity: Identity };
  readonly founding: Configuration | null;
  /** The members to ask for membership, once this node can be reached; empty: it is one. */
  readonly joinThrough: readonly string[];
}

/** @throws ExitError, DamageError, DirectoryLockedError, DiskError */
export async function openNode(cli: Cli, config: Config, logger: Logger): Promise<OpenedNode> {
  const lock = lockDirectory(config.dataDir, cli.pid);
  const disk = new NodeDisk(config.dataDir);
  const storage = new JsonlStorage(disk, {
    reserveBytes: config.reserveBytes,
    now: () => cli.clock.now(),
    pause: () => cli.clock.yield(),
  });
  const stored = await readStoredIdentity(disk);
  const restored = await storage.open(
    stored.type === 'known' ? { ...stored.identity, node: config.remembered } : null,
  );
  for (const { message, file, offset } of restored.findings) {
    logger.log('warn', 'node', 'found at the start', { found: message, file, offset });
  }
  const hasLog = restored.entries.length > 0 || restored.snapshot !== null;
  const intent: Intent = config;
  const plan = planStart({ identity: restored.identity, hasLog }, intent, cli.randomBytes);
  const { identity, joinThrough } = await prepare(cli, config, plan, logger);
  // Whether others have heard of an earlier one of the same id, nobody may have been there to tell.
  const isDoubtful = plan.type === 'found-together';
  if (restored.identity === null) await storage.create(identity, isDoubtful);
  const tail = isDoubtful ? 'torn' : restored.tail;
  const founding = 'founding' in plan ? plan.founding : null;
  return { lock, storage, restored: { ...restored, identity, tail }, founding, joinThrough };
}

interface Prepared {
  readonly identity: Identity;
  readonly joinThrough: readonly string[];
}

/** What must be known before the directory gets an identity, or the node speaks. */
async function prepare(
  cli: Cli,
  config: Config,
  plan: StartPlan,
  logger: Logger,
): Promise<Prepared> {
  if (plan.type === 'found-together') await refuseLost(cli, config, plan);
  if (plan.type !== 'join') return { identity: plan.identity, joinThrough: [] };
  const cluster = await findCluster(cli, plan.through, JOIN_PATIENCE_MS, logger);
  if (cluster === null) throw nobodyToJoin(cli, plan.through);
  const { clusterId, urls } = cluster;
  const identity = plan.identity ?? joiningIdentity(clusterId, config, cli.randomBytes);
  if (identity.clusterId === clusterId) return { identity, joinThrough: urls };
  throw new ExitError(
    EXIT.refused,
    `${config.dataDir} belongs to cluster ${identity.clusterId}, and ${plan.through} to cluster ` +
      `${clusterId}: join a member of the former, or start with an empty --data-dir`,
  );
}

async function refuseLost(
  cli: Cli,
  config: Config,
  { identity, others }: Extract<StartPlan, { type: 'found-together' }>,
): Promise<void> {
  const { memberId } = identity;
  const verdict = await askFounders(cli, memberId, others);
  if (verdict.type === 'clear') return;
  const { invocation } = cli;
  const { name, port, dataDir } = config;
  const remove = `${invocation} member remove ${memberId} --endpoints ${verdict.toldBy}`;
  const own = `--name ${name} --port ${port} --data-dir ${dataDir}`;
  const join = `${invocation} ${own} --join ${verdict.toldBy}`;
  if (verdict.type === 'removed') {
    throw new ExitError(
      EXIT.refused,
      `member ${memberId} (${name}) was removed from the cluster, for ever. ` +
        `To make ${dataDir} a new member:\n  ${join}`,
    );
  }
  throw new ExitError(
    EXIT.refused,
    `${dataDir} was lost: it is empty, and the cluster knows that member ${memberId} (${name}) ` +
      `had a log. With its votes forgotten it could help to elect two leaders, so it must not ` +
      `come back as it was. Remove the member and join again:\n  ${remove}\n  ${join}`,
  );
}

function nobodyToJoin({ invocation }: Cli, through: string): ExitError {
  return new ExitError(
    EXIT.usage,
    `no member of a cluster answers at ${through}: start that one first, name another with ` +
      `--join, or found a new cluster with a port of its own:\n  ${invocation} --port 8080`,
  );
}
