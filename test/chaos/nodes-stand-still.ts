/** SIGSTOP, as a virtual machine that is moved or a machine that swaps. */
import { pauses, transfers } from '../support/chaos/faults.ts';
import type { Scenario } from '../support/chaos/scenario.ts';
import { CHAOS_ARGS, underLoad } from '../support/chaos/under-load.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

export const nodesStandStill: Scenario = {
  name: 'nodes-stand-still',
  about: 'SIGSTOP of the leader, of any node and of all for 0.5 to 5 s; leadership transfers',
  share: 1,
  run: async (trial) => {
    await using cluster = await ProcessCluster.start({ args: CHAOS_ARGS });
    const nodes = () => cluster.nodes;
    await underLoad(trial, { nodes, faults: [[...pauses(nodes, 5000), transfers(nodes)]] });
    trial.floors({
      'calls acknowledged': 500,
      'histories checked': 8,
      'pauses of the leader': 1,
      'pauses of any node': 1,
      'pauses of all nodes': 1,
      'leadership transfers': 1,
    });
  },
};
