/** Five nodes in namespaces of their own: cut off, killed, paused and slowed down, all at once. */
import { slowDisks } from '../support/chaos/disk-faults.ts';
import { kills, pauses, transfers } from '../support/chaos/faults.ts';
import { Namespaces } from '../support/chaos/namespaces.ts';
import { partitions } from '../support/chaos/partitions.ts';
import type { Scenario } from '../support/chaos/scenario.ts';
import { CHAOS_ARGS, underLoad } from '../support/chaos/under-load.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

const SIZE = 5;
const SECRET = ['--cluster-secret', 'between namespaces'];
/** So that snapshots are taken, and sent to whoever was away for long. */
const SNAPSHOTS = ['--snapshot-wal-bytes', '256KiB'];

export const everythingAtOnce: Scenario = {
  name: 'everything-at-once',
  about: 'partitions, kills, pauses, slow disks and transfers of five nodes side by side',
  share: 2.5,
  run: async (trial) => {
    using namespaces = new Namespaces(SIZE);
    await using cluster = await ProcessCluster.start({
      size: SIZE,
      args: [...CHAOS_ARGS, ...SECRET, ...SNAPSHOTS],
      host: (i) => namespaces.host(i),
      wrapper: (i) => namespaces.wrapper(i),
    });
    const nodes = () => cluster.nodes;
    const [slowOne] = slowDisks(cluster);
    const ofNetworks = partitions(nodes, namespaces, 3000);
    const ofProcesses = [...kills(nodes, 2000), transfers(nodes)];
    const ofTime = [...pauses(nodes, 2000), ...(slowOne === undefined ? [] : [slowOne])];
    await underLoad(trial, { nodes, faults: [ofNetworks, ofProcesses, ofTime], quietMs: 4000 });
    trial.floors({
      'calls acknowledged': 200,
      'histories checked': 5,
      'kills of the leader': 1,
      'pauses of any node': 1,
    });
  },
};
