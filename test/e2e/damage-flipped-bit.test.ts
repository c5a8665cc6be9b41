import { expect, test } from 'bun:test';
import { readFileSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { abcd } from '../support/command-line.ts';
import { put } from '../support/client.ts';
import { until } from '../support/poll.ts';
import { ProcessCluster } from '../support/process-cluster.ts';
import { Segment } from '../support/wal-surgery.ts';
import { expectKept, storeHashes, writeAll } from '../support/writers.ts';

function pairs(prefix: string): [string, string][] {
  return Array.from({ length: 50 }, (_, n) => [`${prefix}/${n}`, `value ${n}`]);
}

test('a flipped bit: the node refuses to start, and is replaced as it says', async () => {
  await using cluster = await ProcessCluster.start();
  await writeAll(cluster.nodes, pairs('before'), 4);
  await cluster.converged();
  const [damaged, ...rest] = cluster.nodes;
  const [helper] = rest;
  if (damaged === undefined || helper === undefined) throw new Error('no node');
  const { id } = await damaged.status();
  await damaged.kill();
  const segment = new Segment(cluster.dataDir(damaged));
  const line = segment.batches[Math.floor(segment.batches.length / 2)]?.[0];
  if (line === undefined) throw new Error('no batch in the middle');
  segment.flipBit(line);
  const damage = readFileSync(segment.path);

  const said = damaged.output.length;
  expect(await damaged.restart().exited).toBe(2);
  const message = damaged.output.slice(said);
  expect(message).toContain(`${basename(segment.path)} at byte ${line.offset}`);
  expect(message).toContain('remove the member from the cluster and join again');
  // It is as stubborn the second time, for nothing was repaired in silence.
  expect(await damaged.restart().exited).toBe(2);
  expect(readFileSync(segment.path).equals(damage)).toBe(true);

  await cluster.ready(rest);
  await writeAll(rest, pairs('without'), 4);

  const removed = await abcd('member', 'remove', id, '--endpoints', helper.url);
  expect(removed).toEqual({ exitCode: 0, output: expect.stringContaining('removed') });
  rmSync(cluster.dataDir(damaged), { recursive: true });
  const place = ['--port', `${damaged.port}`, '--data-dir', cluster.dataDir(damaged)];
  await damaged.restart([...place, '--join', helper.url]).up();
  await until('it is a voter', async () => (await damaged.status()).role === 'follower');
  expect((await damaged.status()).id).not.toBe(id);
  expect(await put(damaged.url, 'through/the/new/one', '1')).toMatchObject({ type: 'ok' });
  await cluster.converged();
  await expectKept(cluster.nodes, [...pairs('before'), ...pairs('without')]);
  expect(new Set(await storeHashes(cluster.nodes)).size).toBe(1);
}, 60_000);
