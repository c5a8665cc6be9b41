/** kill -9 as a node of three, often the leader, begins its n-th fdatasync since its start. */
import { killsAtEachSync } from '../support/chaos/disk-faults.ts';
import type { Scenario } from '../support/chaos/scenario.ts';
import { CHAOS_ARGS, underLoad } from '../support/chaos/under-load.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

const LAST_SYNC = 40;

export const oneOfThreeIsKilledAtEachSync: Scenario = {
  name: 'one-of-three-is-killed-at-each-sync',
  about: 'kill -9 of one node of three at its n-th fdatasync, n = 1, 2, …',
  share: 1,
  run: async (trial) => {
    await using cluster = await ProcessCluster.start({ args: CHAOS_ARGS });
    const nodes = () => cluster.nodes;
    const faults = [[killsAtEachSync(cluster, LAST_SYNC)]];
    await underLoad(trial, { nodes, faults, quietMs: 250 });
    trial.floors({ 'calls acknowledged': 300, 'histories checked': 8, 'kills at a sync': 3 });
  },
};
