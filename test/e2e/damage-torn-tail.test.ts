import { expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { put } from '../support/client.ts';
import type { NodeProcess } from '../support/node-process.ts';
import { until } from '../support/poll.ts';
import { ProcessCluster } from '../support/process-cluster.ts';
import { Segment } from '../support/wal-surgery.ts';
import { expectKept, storeHashes, Writers } from '../support/writers.ts';

/** The log as a killed process may leave it: from one byte of the next batch to all but its end. */
const FRACTIONS = [0.01, 0.3, 0.6, 0.99];

function tornCopies(dataDir: string): string[] {
  return readdirSync(join(dataDir, 'wal')).filter((name) => name.endsWith('.torn'));
}

/** Waits until the node has printed something, from a place in its output on. */
async function said(node: NodeProcess, from: number, what: RegExp): Promise<void> {
  await until(`${node.url} says ${what}`, () => what.test(node.output.slice(from)));
}

async function enough(writers: Writers): Promise<void> {
  const before = writers.acknowledged.size;
  await until('writes are acknowledged', () => writers.acknowledged.size > before + 50);
}

test('half a batch at the end of the log is cut, and the node goes on', async () => {
  await using cluster = await ProcessCluster.start();
  await using writers = new Writers(cluster.nodes, 'torn');
  for (const [round, fraction] of FRACTIONS.entries()) {
    await enough(writers);
    const node = cluster.nodes[round % 3];
    if (node === undefined) throw new Error('no node');
    await node.kill();
    new Segment(cluster.dataDir(node)).halfWrite(fraction);
    const before = node.output.length;
    await node.restart().up();
    await said(node, before, /is unfinished; it was cut/);
    expect((await node.status()).recovering).toBe(false);
    expect(tornCopies(cluster.dataDir(node))).toEqual([]);
    await cluster.ready(cluster.nodes);
  }
  await writers.stop();
  await cluster.converged();
  await expectKept(cluster.nodes, writers.acknowledged);
  expect(new Set(await storeHashes(cluster.nodes)).size).toBe(1);
}, 60_000);

test('a garbled last batch: the node keeps a copy, and recovers by itself', async () => {
  await using cluster = await ProcessCluster.start();
  await using writers = new Writers(cluster.nodes, 'garbled');
  await enough(writers);
  const [damaged, ...others] = cluster.nodes;
  if (damaged === undefined) throw new Error('no node');
  await Promise.all(cluster.nodes.map((node) => node.kill()));
  await writers.stop();
  new Segment(cluster.dataDir(damaged)).garbleLastBatch();

  await damaged.restart().up();
  const alone = await damaged.status();
  expect(alone.recovering).toBe(true);
  expect(tornCopies(cluster.dataDir(damaged))).toHaveLength(1);
  // Longer than any election timeout: it asks for no vote, and takes no write.
  expect(await put(damaged.url, 'refused', '1', { timeoutMs: 1500 })).toMatchObject({ type: 'no' });
  const later = await damaged.status();
  expect({ ...later, uptime: 0 }).toEqual({ ...alone, uptime: 0 });

  for (const node of others) node.restart();
  await cluster.ready(cluster.nodes);
  await until('it has recovered', async () => !(await damaged.status()).recovering);
  expect(await put(damaged.url, 'accepted', '1')).toMatchObject({ type: 'ok' });
  await cluster.converged();
  await expectKept(cluster.nodes, writers.acknowledged);
  expect(new Set(await storeHashes(cluster.nodes)).size).toBe(1);

  // It counts as a voter again: with one of the others gone there is still a majority.
  await others[0]?.kill();
  const [, , third] = cluster.nodes;
  await cluster.ready(third === undefined ? [damaged] : [damaged, third]);
  expect(await put(damaged.url, 'as/voter', '1')).toMatchObject({ type: 'ok' });
}, 60_000);

test('alone, a node goes on without the garbled batch, with all that stood before it', async () => {
  await using cluster = await ProcessCluster.start({ size: 1 });
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('no node');
  await using writers = new Writers(cluster.nodes, 'alone');
  await enough(writers);
  await node.kill();
  await writers.stop();
  const segment = new Segment(cluster.dataDir(node));
  const lost = new Set(segment.lastBatch.map((line) => line.key));
  expect(lost.size).toBeLessThanOrEqual(8);
  segment.garbleLastBatch();

  const before = node.output.length;
  node.restart();
  await cluster.ready(cluster.nodes);
  await said(node, before, /a power cut, or damage/);
  expect(tornCopies(cluster.dataDir(node))).toHaveLength(1);
  const kept = [...writers.acknowledged].filter(([key]) => !lost.has(key));
  expect(kept.length).toBeGreaterThan(writers.acknowledged.size - 9);
  await expectKept(cluster.nodes, kept);
  expect(await put(node.url, 'goes/on', '1')).toMatchObject({ type: 'ok' });
}, 30_000);

test('alone, a node refuses to start without a batch that was marked as durable', async () => {
  await using cluster = await ProcessCluster.start({ size: 1 });
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('no node');
  expect(await put(node.url, 'a', '1')).toMatchObject({ type: 'ok' });
  const marked = (): boolean => new Segment(cluster.dataDir(node)).lastBatch[0]?.isMarker === true;
  await until('the idle log is marked', marked);
  await node.kill();
  const segment = new Segment(cluster.dataDir(node));
  const entry = segment.batches.at(-2)?.[0];
  if (entry === undefined) throw new Error('no batch before the marker');
  segment.flipBit(entry);
  expect(await node.restart().exited).toBe(2);
  expect(node.output).toContain(`at byte ${entry.offset}`);
}, 30_000);
