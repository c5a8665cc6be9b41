/** Syncs that take milliseconds to seconds: nothing is acknowledged early, and a leader goes. */
import { slowDisks } from '../support/chaos/disk-faults.ts';
import type { Scenario } from '../support/chaos/scenario.ts';
import { CHAOS_ARGS, underLoad } from '../support/chaos/under-load.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

export const disksAreSlow: Scenario = {
  name: 'disks-are-slow',
  about: 'syncs delayed by 2 to 300 ms; by 2 s on the leader, which has to step down',
  share: 1,
  run: async (trial) => {
    await using cluster = await ProcessCluster.start({ args: CHAOS_ARGS });
    const nodes = () => cluster.nodes;
    await underLoad(trial, { nodes, faults: [slowDisks(cluster)], quietMs: 500 });
    trial.floors({
      'calls acknowledged': 300,
      'histories checked': 6,
      'slow disks of any node': 1,
      'slow disks of all nodes': 1,
      'leaders that stepped down for their disk': 1,
    });
  },
};
