/** EIO on a sync, ENOSPC on a write: the node ends with 3, the others go on, nothing is lost. */
import {
  failedSyncsOfLeaders,
  failedWrites,
  failuresAtEachSync,
} from '../support/chaos/disk-faults.ts';
import type { Scenario } from '../support/chaos/scenario.ts';
import { CHAOS_ARGS, underLoad } from '../support/chaos/under-load.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

export const disksFail: Scenario = {
  name: 'disks-fail',
  about: 'EIO on syncs and ENOSPC on writes of one node of three, from the first sync on',
  share: 1,
  run: async (trial) => {
    await using cluster = await ProcessCluster.start({ args: CHAOS_ARGS });
    const faults = [
      failuresAtEachSync(cluster, 20),
      failedSyncsOfLeaders(cluster),
      failedWrites(cluster),
    ];
    const nodes = () => cluster.nodes;
    await underLoad(trial, { nodes, faults: [faults], quietMs: 500 });
    trial.floors({
      'calls acknowledged': 300,
      'histories checked': 8,
      'failed syncs soon after a start': 1,
      'failed syncs of the leader': 1,
      'writes without room': 1,
    });
  },
};
