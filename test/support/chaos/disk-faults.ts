/** FAULTS of disks: system calls that fail, end their process or take long, by strace. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeProcess } from '../node-process.ts';
import { until } from '../poll.ts';
import type { ProcessCluster } from '../process-cluster.ts';
import { failingAtSync, killedAtSync, Tracer } from '../strace.ts';
import { tempDir } from '../temp-dir.ts';
import { type Fault, leaderOf, leaderOnce, request } from './faults.ts';

const DISK_EXIT = 3;
const KILLED_EXIT = 137;
const END_MS = 30_000;
/** Between one n and the next, so that early and late ones come in turn; and each, in time. */
const STEP = 7;

/** One node after another is killed as it begins its 1st, 2nd, … n-th sync since its start. */
export function killsAtEachSync(cluster: ProcessCluster, last: number): Fault {
  let turn = 0;
  return {
    name: 'kills at a sync',
    strike: async (prng) => {
      const victim = prng.pick(cluster.nodes);
      turn += 1;
      const n = Math.max(1, (turn * STEP) % (last + 1));
      await restartedUnder(victim, killedAtSync(n));
      await leadSometimes(victim, prng.chance(0.5));
      await ended(victim, KILLED_EXIT);
      await victim.restart(undefined, []).up(END_MS);
    },
  };
}

/** From the n-th sync since its start on, every one of a thread fails. */
export function failuresAtEachSync(cluster: ProcessCluster, last: number): Fault {
  let turn = 0;
  return {
    name: 'failed syncs soon after a start',
    strike: async (prng) => {
      const victim = prng.pick(cluster.nodes);
      turn += 1;
      const n = Math.max(1, (turn * STEP) % (last + 1));
      await restartedUnder(victim, failingAtSync(n));
      await leadSometimes(victim, prng.chance(0.5));
      await ended(victim, DISK_EXIT);
      await victim.restart(undefined, []).up(END_MS);
    },
  };
}

/** Every sync of the leader fails, of a node that has run for a while. */
export function failedSyncsOfLeaders(cluster: ProcessCluster): Fault {
  return {
    name: 'failed syncs of the leader',
    strike: async () => {
      const victim = await leaderOnce(cluster.nodes);
      using folder = tempDir();
      await using tracer = await Tracer.failingSyncs(victim.pid, join(folder.path, 'trace'));
      await ended(victim, DISK_EXIT);
      const failed = (await tracer.seen()).filter((line) => line.includes('EIO'));
      // A second try may succeed although the pages are gone: there is none.
      if (failed.length !== 1) throw new Error(`${failed.length} syncs after the first failed`);
      await victim.restart(undefined, []).up(END_MS);
    },
  };
}

/** One write in a few to a node's log finds no room. */
export function failedWrites(cluster: ProcessCluster): Fault {
  return {
    name: 'writes without room',
    strike: async (prng) => {
      const victim = prng.pick(cluster.nodes);
      const wal = join(cluster.dataDir(victim), 'wal');
      const segment = readdirSync(wal).toSorted().at(-1) ?? '';
      const every = prng.between(1, 6);
      await using _ = await Tracer.failingWrites(victim.pid, join(wal, segment), every);
      await ended(victim, DISK_EXIT);
      await victim.restart(undefined, []).up(END_MS);
    },
  };
}

/** Syncs take longer for a while, on one node or on all. */
export function slowDisks(cluster: ProcessCluster): Fault[] {
  const slow = async (nodes: readonly NodeProcess[], delayMs: number, forMs: number) => {
    await using stack = new AsyncDisposableStack();
    for (const node of nodes) stack.use(await slowed(node, delayMs));
    await Bun.sleep(forMs);
  };
  return [
    {
      name: 'slow disks of any node',
      strike: (prng) => slow([prng.pick(cluster.nodes)], prng.between(2, 300), 2000),
    },
    {
      name: 'slow disks of all nodes',
      strike: (prng) => slow(cluster.nodes, prng.between(2, 60), 2000),
    },
    {
      // Twice the longest election time-out, and it has to go.
      name: 'leaders that stepped down for their disk',
      strike: async () => {
        const leader = await leaderOnce(cluster.nodes);
        await using _ = await Tracer.slowSyncs(leader.pid, 2000);
        await until(
          'another node leads',
          async () => {
            const now = await leaderOf(cluster.nodes);
            return now !== null && now !== leader;
          },
          10_000,
        );
      },
    },
  ];
}

/** Null for a node that is killed at the same time. */
async function slowed(node: NodeProcess, delayMs: number): Promise<Tracer | null> {
  const { pid } = node;
  if (!node.isRunning) return null;
  try {
    return await Tracer.slowSyncs(pid, delayMs);
  } catch (error) {
    if (node.isRunning && node.pid === pid) throw error;
    return null;
  }
}

async function restartedUnder(node: NodeProcess, wrapper: readonly string[]): Promise<void> {
  await node.kill();
  node.restart(undefined, wrapper);
}

/** A leader's sync counts for itself, a follower's for the leader. */
async function leadSometimes(node: NodeProcess, wanted: boolean): Promise<void> {
  if (!wanted) return;
  const id = await until(
    'it answers, or has ended',
    async () => (node.isRunning ? ((await node.status().catch(() => null))?.id ?? null) : 'ended'),
    END_MS,
  );
  if (id !== 'ended') await request(node, 'POST', '/cluster/leader', { to: id });
}

async function ended(node: NodeProcess, code: number): Promise<void> {
  await until(
    () => `the node ends\n${node.output.slice(-2000)}`,
    () => !node.isRunning,
    END_MS,
  );
  const exited = await node.exited;
  if (exited === code) return;
  throw new Error(`the node ended with ${exited}, not ${code}:\n${node.output.slice(-2000)}`);
}
