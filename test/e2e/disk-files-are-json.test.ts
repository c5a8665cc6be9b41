import { expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { put, request } from '../support/client.ts';
import { readWithJq } from '../support/jq.ts';
import { ProcessCluster } from '../support/process-cluster.ts';
import { Segment } from '../support/wal-surgery.ts';
import { writeAll } from '../support/writers.ts';

const BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const ALL_BYTES = [...BYTES].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const ODD_KEYS = ['"', '\\', '\u2028', '\u0000', '{"crc":"', '\n', '👩‍🚀', 'ÿ', '%'];

test('jq reads every file of a data directory, whatever the keys are', async () => {
  await using cluster = await ProcessCluster.start({ args: ['--snapshot-wal-bytes', '64KiB'] });
  const [first, second] = cluster.nodes;
  if (first === undefined || second === undefined) throw new Error('no node');
  expect(await request('PUT', `${first.url}/kv/${ALL_BYTES}`, BYTES)).toMatchObject({ type: 'ok' });
  for (const key of ODD_KEYS) {
    expect(await put(first.url, key, key)).toMatchObject({ type: 'ok' });
  }
  const pairs = Array.from({ length: 600 }, (_, n): [string, string] => {
    return [`key/${n % 200}`, `value ${n}`.repeat(20)];
  });
  await writeAll(cluster.nodes, pairs, 16);
  await request('DELETE', `${second.url}/kv?prefix=key/1`, null);
  expect((await first.status()).snapshotIndex).toBeGreaterThan(0);

  // A crash in the middle of it, and a torn end: its copy is noise, and the only file that is.
  await second.kill();
  new Segment(cluster.dataDir(second)).garbleLastBatch();
  await second.restart().up();
  await cluster.ready(cluster.nodes);
  await writeAll(cluster.nodes, pairs, 16);
  await cluster.converged();

  const seen = new Set<string>();
  for (const node of cluster.nodes) {
    expect(await node.stop()).toBe(0);
    for (const { file, values } of readWithJq(cluster.dataDir(node))) {
      if (file.endsWith('.torn')) continue;
      expect({ file, values }).toEqual({ file, values: expect.any(Number) });
      expect(values).toBeGreaterThan(0);
      seen.add(file.slice(cluster.dataDir(node).length + 1).replace(/[0-9]+/g, 'N'));
    }
  }
  expect([...seen].toSorted()).toEqual(['LOCK', 'reserve', 'snapshot-N.jsonl', 'wal/N-N.jsonl']);
  expect(readdirSync(`${cluster.dataDir(second)}/wal`).some((name) => name.endsWith('.torn'))).toBe(
    true,
  );
}, 60_000);
