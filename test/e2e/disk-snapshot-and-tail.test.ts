import { expect, test } from 'bun:test';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeProcess } from '../support/node-process.ts';
import { until } from '../support/poll.ts';
import { ProcessCluster } from '../support/process-cluster.ts';
import { slowWrites } from '../support/strace.ts';
import { newestSegment } from '../support/wal-surgery.ts';
import { expectKept, storeHashes, writeAll } from '../support/writers.ts';

const PIECE_BYTES = 2 ** 20;

/** Every fourth value is large, so that the snapshot takes several pieces of 1 MiB. */
function* pairs(prefix: string, count: number): Generator<[string, string]> {
  for (let n = 0; n < count; n += 1) {
    if (n % 4 === 0) yield [`large/${n % 1000}`, prefix.padEnd(16 * 1024, '.')];
    else yield [`${prefix}/${n}`, `value ${n}`];
  }
}

async function firstIndexHeld(node: NodeProcess): Promise<number> {
  const response = await fetch(`${node.url}/cluster/state`);
  return ((await response.json()) as { firstIndex: number }).firstIndex;
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}

/** Waits until the node stands where the leader does. */
async function caughtUp(node: NodeProcess, leader: NodeProcess): Promise<void> {
  await until('it has caught up', async () => {
    const [its, theirs] = await Promise.all([node.status(), leader.status()]);
    return its.appliedIndex >= theirs.commitIndex;
  });
}

test('a follower far behind gets a snapshot, even when killed as it receives it', async () => {
  await using cluster = await ProcessCluster.start({ args: ['--snapshot-wal-bytes', '1MiB'] });
  await writeAll(cluster.nodes, pairs('before', 20), 4);
  await cluster.converged();
  const leader = await cluster.leader();
  const follower = cluster.nodes.find((node) => node !== leader);
  if (follower === undefined) throw new Error('no node');
  const received = join(cluster.dataDir(follower), 'snapshot-received.tmp');
  const log = (): string => {
    const dataDir = cluster.dataDir(follower);
    return readFileSync(join(dataDir, newestSegment(dataDir)), 'utf8');
  };
  const { appliedIndex } = await follower.status();
  expect(await follower.stop()).toBe(0);
  const isLeftBehind = async (): Promise<boolean> => {
    return (await firstIndexHeld(await cluster.leader())) > appliedIndex + 1;
  };
  // The leader keeps some 5,000 entries for followers that lag.
  for (let round = 0; !(await isLeftBehind()); round += 1) {
    await writeAll([leader], pairs(`without/${round}`, 1000), 64);
  }

  // Each piece takes 300 ms to write, so the kill falls between the first and the last.
  await follower.restart(undefined, slowWrites(received, 300)).up();
  await until('the first piece is there', () => sizeOf(received) >= PIECE_BYTES);
  await follower.kill();
  expect(sizeOf(received)).toBeGreaterThanOrEqual(PIECE_BYTES);
  expect(log()).not.toContain('"install":true');
  await writeAll([leader], pairs('tail', 50), 8);

  await follower.restart().up();
  await caughtUp(follower, leader);
  expect(log()).toContain('"install":true');
  expect(existsSync(received)).toBe(false);
  const { snapshotIndex } = await follower.status();
  expect(snapshotIndex).toBeGreaterThan(0);
  await cluster.converged();
  expect(new Set(await storeHashes(cluster.nodes)).size).toBe(1);
  await expectKept([follower], pairs('tail', 50));

  // What it received is its own now: it comes back by itself, with the same state.
  await follower.kill();
  await follower.restart().up();
  expect((await follower.status()).snapshotIndex).toBeGreaterThanOrEqual(snapshotIndex);
  await cluster.ready(cluster.nodes);
  await cluster.converged();
  expect(new Set(await storeHashes(cluster.nodes)).size).toBe(1);
}, 60_000);
