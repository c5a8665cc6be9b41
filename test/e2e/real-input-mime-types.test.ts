import { expect, test } from 'bun:test';
import mimeTypes from 'mime-db/db.json';
import { ProcessCluster } from '../support/process-cluster.ts';
import { expectKept, storeHashes, writeAll } from '../support/writers.ts';

/** Every media type that is registered, with its sources and file extensions. */
const PAIRS = Object.entries(mimeTypes).map(([type, entry]): [string, string] => {
  return [type, JSON.stringify(entry)];
});
const THIRD = Math.ceil(PAIRS.length / 3);

/** Kills the leader, and brings the node back once another leads; resolves with its last moment. */
async function replaceLeader(cluster: ProcessCluster): Promise<number> {
  const leader = await cluster.leader();
  await leader.kill();
  const killedAt = performance.now();
  await cluster.ready(cluster.nodes.filter((node) => node !== leader));
  await leader.restart().up();
  return killedAt;
}

test('the media types of mime-db survive two kills of the leader, on every node', async () => {
  await using cluster = await ProcessCluster.start();
  const { nodes } = cluster;
  expect(PAIRS.length).toBeGreaterThan(2000);
  await writeAll(nodes, PAIRS.slice(0, THIRD), 16);
  for (const from of [THIRD, 2 * THIRD]) {
    const load = async (): Promise<number> => {
      await writeAll(nodes, PAIRS.slice(from, from + THIRD), 16);
      return performance.now();
    };
    const [killedAt, loadedAt] = await Promise.all([replaceLeader(cluster), load()]);
    expect(killedAt).toBeLessThan(loadedAt);
  }

  await cluster.ready(nodes);
  await cluster.converged();
  await expectKept(nodes, PAIRS);
  expect(new Set(await storeHashes(nodes)).size).toBe(1);
  const range = await fetch(`${nodes[0]?.url}/kv?prefix=application/&limit=10000`);
  const { count } = (await range.json()) as { count: number };
  expect(count).toBe(PAIRS.filter(([type]) => type.startsWith('application/')).length);
}, 60_000);
