/** kill -9 of the leader, of any node, of all at once, each back after up to three seconds. */
import { kills } from '../support/chaos/faults.ts';
import type { Scenario } from '../support/chaos/scenario.ts';
import { CHAOS_ARGS, underLoad } from '../support/chaos/under-load.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

export const nodesAreKilled: Scenario = {
  name: 'nodes-are-killed',
  about: 'kill -9 of the leader, of any node and of all at once',
  share: 1,
  run: async (trial) => {
    await using cluster = await ProcessCluster.start({ args: CHAOS_ARGS });
    const nodes = () => cluster.nodes;
    await underLoad(trial, { nodes, faults: [kills(nodes, 3000)] });
    trial.floors({
      'calls acknowledged': 500,
      'histories checked': 8,
      'kills of the leader': 1,
      'kills of any node': 1,
      'kills of all nodes': 1,
      'watches resumed': 3,
    });
  },
};
