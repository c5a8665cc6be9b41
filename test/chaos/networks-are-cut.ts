/** Partitions between five network namespaces, of packets that vanish or are refused. */
import { kills } from '../support/chaos/faults.ts';
import { Namespaces } from '../support/chaos/namespaces.ts';
import { partitions } from '../support/chaos/partitions.ts';
import type { Scenario } from '../support/chaos/scenario.ts';
import { CHAOS_ARGS, underLoad } from '../support/chaos/under-load.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

const SIZE = 5;
const SECRET = ['--cluster-secret', 'between namespaces'];

export const networksAreCut: Scenario = {
  name: 'networks-are-cut',
  about: 'partitions of five nodes: symmetric, one-way, halves, rings; silent and refused',
  share: 2,
  run: async (trial) => {
    using namespaces = new Namespaces(SIZE);
    await using cluster = await ProcessCluster.start({
      size: SIZE,
      args: [...CHAOS_ARGS, ...SECRET],
      host: (i) => namespaces.host(i),
      wrapper: (i) => namespaces.wrapper(i),
    });
    const nodes = () => cluster.nodes;
    const cuts = partitions(nodes, namespaces, 3000);
    const [, any] = kills(nodes, 1000);
    const some = any === undefined ? [] : [any];
    await underLoad(trial, { nodes, faults: [[...cuts, ...some]], quietMs: 1000 });
    trial.floors({
      'calls acknowledged': 300,
      'histories checked': 8,
      'leaders cut off, silently': 1,
      'leaders cut off, refused': 1,
      'leaders that are not heard': 1,
      'leaders that hear nothing': 1,
      halves: 1,
      'majority rings': 1,
    });
  },
};
