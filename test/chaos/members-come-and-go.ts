/** Nodes join and members are removed, while leaders are killed and hand over. */
import { pauses, transfers } from '../support/chaos/faults.ts';
import { Membership } from '../support/chaos/membership.ts';
import type { Scenario } from '../support/chaos/scenario.ts';
import { CHAOS_ARGS, underLoad } from '../support/chaos/under-load.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

export const membersComeAndGo: Scenario = {
  name: 'members-come-and-go',
  about: 'nodes join and are removed, while leaders are killed, paused and handed over',
  share: 1.5,
  run: async (trial) => {
    await using cluster = await ProcessCluster.start({ args: CHAOS_ARGS });
    await using members = new Membership(cluster.nodes, cluster.directory, CHAOS_ARGS);
    const nodes = () => members.nodes;
    const changes = [members.join(), members.remove(3)];
    const trouble = [members.killLeader(), transfers(nodes), ...pauses(nodes, 1500).slice(0, 2)];
    await underLoad(trial, { nodes, faults: [changes, trouble], quietMs: 2000 });
    trial.count('members that joined', members.joined);
    trial.floors({
      'calls acknowledged': 300,
      'histories checked': 8,
      'members that joined': 1,
      'members removed': 1,
      'kills of the leader': 1,
    });
  },
};
