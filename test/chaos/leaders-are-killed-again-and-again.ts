/**
 * kill -9 of the leader, again and again, with writes going on: for how long none is acknowledged,
 * as a histogram, and whether every one that was is there in the end.
 */
import { leaderOnce } from '../support/chaos/faults.ts';
import type { Scenario, Trial } from '../support/chaos/scenario.ts';
import { verifyKept } from '../support/chaos/verify.ts';
import { countGaps, GapClient, histogram, percentile } from '../support/chaos/write-gap.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

/**
 * An election time-out is 300 to 600 ms; a split vote takes another. What is far beyond is no
 * matter of chance, even where the machine is busy.
 */
const MEDIAN_MAX_MS = 1500;

export const leadersAreKilledAgainAndAgain: Scenario = {
  name: 'leaders-are-killed-again-and-again',
  about: 'kill -9 of each leader in turn; the time without writes as a histogram',
  share: 2,
  run: async (trial) => {
    await using cluster = await ProcessCluster.start();
    const client = new GapClient(cluster.nodes, trial.prng.fork());
    const gaps: number[] = [];
    try {
      while (wanted(trial, gaps.length)) gaps.push(await killOne(trial, cluster, client));
    } finally {
      await client.stop();
    }
    trial.say(histogram('time without an acknowledged write around a kill of the leader', gaps));
    trial.count('kills of the leader', gaps.length);
    countGaps(trial, 'kill -9', gaps);
    await verifyKept(trial, cluster.nodes, client.acknowledged);
    trial.floors({ 'kills of the leader': trial.kills ?? 10, 'acknowledged writes found': 300 });
    const median = percentile(
      gaps.toSorted((a, b) => a - b),
      50,
    );
    if (median > MEDIAN_MAX_MS) throw new Error(`half of the gaps are longer than ${median} ms`);
  },
};

function wanted(trial: Trial, kills: number): boolean {
  return trial.kills === null ? !trial.isOver : kills < trial.kills;
}

async function killOne(trial: Trial, cluster: ProcessCluster, client: GapClient): Promise<number> {
  await client.steadySince(performance.now());
  const leader = await leaderOnce(cluster.nodes);
  // Anywhere between two heartbeats.
  await Bun.sleep(trial.prng.unit() * 200);
  const { term } = await leader.status();
  const moment = performance.now();
  await leader.kill();
  await client.steadySince(performance.now());
  const gap = client.gapSince(moment);
  const next = await leaderOnce(cluster.nodes);
  // One term is what an election takes when nobody disturbs it.
  trial.count('further terms that elections took', (await next.status()).term - term - 1);
  leader.restart();
  await cluster.ready(cluster.nodes, 30_000);
  return gap;
}
