/** One node of three on a small disk that fills up, to the last byte or nearly, and is emptied. */
import { type Fault, transfers } from '../support/chaos/faults.ts';
import type { Scenario } from '../support/chaos/scenario.ts';
import { CHAOS_ARGS, underLoad } from '../support/chaos/under-load.ts';
import type { NodeProcess } from '../support/node-process.ts';
import { ProcessCluster } from '../support/process-cluster.ts';
import { tempDir } from '../support/temp-dir.ts';
import { Tmpfs } from '../support/tmpfs.ts';

const MIB = 2 ** 20;
const DISK_BYTES = 256 * MIB;
const DISK_EXIT = 3;

export const aDiskFillsUp: Scenario = {
  name: 'a-disk-fills-up',
  about: 'the disk of one node of three is full for a while, again and again',
  share: 1,
  run: async (trial) => {
    using disk = new Tmpfs(DISK_BYTES);
    using others = tempDir();
    const dataDir = (i: number): string =>
      i === 0 ? `${disk.path}/n1` : `${others.path}/n${i + 1}`;
    await using cluster = await ProcessCluster.start({ args: CHAOS_ARGS, dataDir });
    const [victim] = cluster.nodes;
    if (victim === undefined) throw new Error('no node');
    const nodes = () => cluster.nodes;
    const faults = [[fillUp(victim, disk), nearlyFull(victim, disk), transfers(nodes)]];
    await underLoad(trial, { nodes, faults });
    trial.floors({
      'calls acknowledged': 300,
      'histories checked': 8,
      'disks full to the last byte': 1,
      'disks nearly full': 1,
    });
  },
};

/** Without room the node ends, and is started again once there is some. */
function fillUp(victim: NodeProcess, disk: Tmpfs): Fault {
  return {
    name: 'disks full to the last byte',
    strike: (prng) => fullFor(500 + prng.unit() * 2500, victim, disk, 0),
  };
}

/** Less than twice the reserve is free: as leader it refuses writes, as follower it takes them. */
function nearlyFull(victim: NodeProcess, disk: Tmpfs): Fault {
  return {
    name: 'disks nearly full',
    strike: (prng) => fullFor(500 + prng.unit() * 1500, victim, disk, 1.5 * MIB),
  };
}

async function fullFor(
  ms: number,
  victim: NodeProcess,
  disk: Tmpfs,
  freeBytes: number,
): Promise<void> {
  try {
    disk.fillUpTo(freeBytes);
  } catch (error) {
    // The node took the last of the room first.
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
  await Bun.sleep(ms);
  disk.empty();
  // What had no room may be noticed a moment later.
  await Bun.sleep(200);
  if (victim.isRunning) return;
  const code = await victim.exited;
  if (code !== DISK_EXIT) throw new Error(`ended with ${code}:\n${victim.output.slice(-2000)}`);
  await victim.restart().up(60_000);
}
