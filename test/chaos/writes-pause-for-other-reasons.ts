/**
 * For how long no write is acknowledged when the leader stands still, is cut off from the others,
 * or is asked to hand over: histograms beside that of leaders that are killed.
 */
import { leaderOnce, request } from '../support/chaos/faults.ts';
import { Namespaces } from '../support/chaos/namespaces.ts';
import type { Scenario, Trial } from '../support/chaos/scenario.ts';
import { verifyKept } from '../support/chaos/verify.ts';
import { countGaps, GapClient, histogram } from '../support/chaos/write-gap.ts';
import type { NodeProcess } from '../support/node-process.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

const SIZE = 3;

/** Something that happens to a leader, and how it is undone. */
interface Event {
  readonly name: string;
  readonly begin: (leader: NodeProcess) => Promise<void> | void;
  readonly end: (leader: NodeProcess) => Promise<void> | void;
}

export const writesPauseForOtherReasons: Scenario = {
  name: 'writes-pause-for-other-reasons',
  about: 'the time without writes as leaders stand still, are cut off, or hand over',
  share: 1,
  run: async (trial) => {
    using namespaces = new Namespaces(SIZE);
    await using cluster = await ProcessCluster.start({
      args: ['--cluster-secret', 'between namespaces'],
      host: (i) => namespaces.host(i),
      wrapper: (i) => namespaces.wrapper(i),
    });
    const events = eventsOf(cluster, namespaces);
    const gaps = new Map<string, number[]>(events.map(({ name }) => [name, []]));
    const client = new GapClient(cluster.nodes, trial.prng.fork());
    try {
      for (let round = 0; round < 2 || !trial.isOver; round += 1) {
        for (const event of events) {
          gaps.get(event.name)?.push(await happens(trial, cluster, client, event));
          trial.count(event.name);
        }
      }
    } finally {
      await client.stop();
    }
    for (const [name, all] of gaps) {
      trial.say(histogram(`time without writes: ${name}`, all));
      countGaps(trial, name, all);
    }
    await verifyKept(trial, cluster.nodes, client.acknowledged);
    const floors = events.map(({ name }): [string, number] => [name, 2]);
    trial.floors({ ...Object.fromEntries(floors), 'acknowledged writes found': 200 });
  },
};

function eventsOf(cluster: ProcessCluster, namespaces: Namespaces): readonly Event[] {
  return [
    {
      name: 'leaders stopped by SIGSTOP',
      begin: (leader) => leader.signal('SIGSTOP'),
      end: (leader) => leader.signal('SIGCONT'),
    },
    {
      name: 'leaders cut off, silently',
      begin: async (leader) => {
        const one = cluster.nodes.indexOf(leader);
        const others = [...cluster.nodes.keys()].filter((i) => i !== one);
        await Promise.all(
          others.flatMap((i) => [namespaces.cut(one, i, 'drop'), namespaces.cut(i, one, 'drop')]),
        );
      },
      end: () => namespaces.heal(),
    },
    {
      name: 'leaders that handed over',
      begin: async (leader) => void (await request(leader, 'POST', '/cluster/leader', {})),
      end: () => undefined,
    },
    {
      name: 'leaders stopped by SIGTERM',
      begin: async (leader) => void (await leader.stop()),
      end: (leader) => void leader.restart(),
    },
  ];
}

async function happens(
  trial: Trial,
  cluster: ProcessCluster,
  client: GapClient,
  event: Event,
): Promise<number> {
  await client.steadySince(performance.now());
  const leader = await leaderOnce(cluster.nodes);
  await Bun.sleep(trial.prng.unit() * 200);
  const moment = performance.now();
  await event.begin(leader);
  await client.steadySince(performance.now());
  const gap = client.gapSince(moment);
  await event.end(leader);
  await cluster.ready(cluster.nodes, 30_000);
  return gap;
}
