import { expect, test } from 'bun:test';
import { get, type Outcome, put, request } from '../support/client.ts';
import type { NodeProcess } from '../support/node-process.ts';
import { until } from '../support/poll.ts';
import { ProcessCluster } from '../support/process-cluster.ts';
import { Tmpfs } from '../support/tmpfs.ts';
import { expectKept, storeHashes, writeAll } from '../support/writers.ts';

const MIB = 2 ** 20;
const DISK_BYTES = 16 * MIB;
const ARGS = ['--reserve-bytes', '1MiB'];
const DISK_EXIT = 3;
const LARGE = 'x'.repeat(128 * 1024);

/** Three small disks, and a cluster with a node on each. */
class SmallDisks implements AsyncDisposable {
  readonly disks: readonly Tmpfs[];
  readonly cluster: ProcessCluster;

  private constructor(disks: readonly Tmpfs[], cluster: ProcessCluster) {
    this.disks = disks;
    this.cluster = cluster;
  }

  static async create(): Promise<SmallDisks> {
    const disks = [1, 2, 3].map(() => new Tmpfs(DISK_BYTES));
    const dataDir = (i: number): string => `${disks[i]?.path}/node`;
    return new SmallDisks(disks, await ProcessCluster.start({ args: ARGS, dataDir }));
  }

  diskOf(node: NodeProcess): Tmpfs {
    const disk = this.disks[this.cluster.nodes.indexOf(node)];
    if (disk === undefined) throw new Error('no disk');
    return disk;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
    for (const disk of this.disks) disk[Symbol.dispose]();
  }
}

/** Several clients that write as fast as they can, each until it is refused. */
async function writeUntilRefused(
  nodes: readonly NodeProcess[],
  value: string,
): Promise<{ readonly written: Map<string, string>; readonly refusals: Outcome[] }> {
  const written = new Map<string, string>();
  const client = async (number: number): Promise<Outcome> => {
    const url = nodes[number % nodes.length]?.url ?? '';
    for (let n = 0; ; n += 1) {
      const outcome = await put(url, `fill/${number}/${n}`, value);
      if (outcome.type !== 'ok') return outcome;
      written.set(`fill/${number}/${n}`, value);
    }
  };
  const refusals = await Promise.all(Array.from({ length: 8 }, (_, number) => client(number)));
  return { written, refusals };
}

function accepted(node: NodeProcess, key: string): Promise<Outcome> {
  return until(`${key} is accepted`, async () => {
    const outcome = await put(node.url, key, '1');
    return outcome.type === 'ok' ? outcome : null;
  });
}

test('all disks fill up: writes get 507, reads and deletes go on', async () => {
  await using small = await SmallDisks.create();
  const { nodes } = small.cluster;
  const [first] = nodes;
  if (first === undefined) throw new Error('no node');
  const { written, refusals } = await writeUntilRefused(nodes, LARGE);
  for (const refusal of refusals) {
    expect(refusal).toMatchObject({ type: 'no', status: 507, body: { code: 'disk-full' } });
  }
  expect(written.size).toBeGreaterThan(30);
  for (const [i, node] of nodes.entries()) {
    expect(await put(node.url, 'another', '1')).toMatchObject({ type: 'no', status: 507 });
    const key = `fill/${i}/0`;
    expect(await get(node.url, key)).toMatchObject({ type: 'ok' });
    const deleted = await request('DELETE', `${node.url}/kv/${key}`, null);
    expect(deleted).toMatchObject({ type: 'ok', body: { deleted: 1 } });
    written.delete(key);
  }
  for (const disk of small.disks) disk.resize(2 * DISK_BYTES);
  await accepted(first, 'room/again');
  expect(nodes.every((node) => node.isRunning)).toBe(true);
  await expectKept(nodes, [...written, ['room/again', '1']]);
}, 60_000);

test('a snapshot that does not fit is put off; with room again it is taken', async () => {
  using disk = new Tmpfs(2 * DISK_BYTES);
  const args = [...ARGS, '--snapshot-wal-bytes', '6MiB'];
  const dataDir = (): string => `${disk.path}/node`;
  await using cluster = await ProcessCluster.start({ size: 1, args, dataDir });
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('no node');
  const written: [string, string][] = [];
  const write = async (count: number): Promise<void> => {
    for (const end = written.length + count; written.length < end; ) {
      const key = `key/${written.length}`;
      await writeAll(cluster.nodes, [[key, LARGE]], 1);
      written.push([key, LARGE]);
    }
  };
  await write(40);
  disk.fillUpTo(6 * MIB);
  await write(16);
  await until('the snapshot is put off', () => node.output.includes('snapshot-postponed'));
  expect(node.isRunning).toBe(true);
  expect(node.output).not.toMatch(/FATAL/);
  expect(await get(node.url, 'key/0')).toMatchObject({ type: 'ok' });

  disk.empty();
  await write(40);
  await until('a snapshot is taken', async () => (await node.status()).snapshotIndex > 0);
  await node.kill();
  node.restart();
  await cluster.ready(cluster.nodes);
  await expectKept(cluster.nodes, written);
}, 60_000);

test.each(['follower', 'leader'])(
  "the %s's disk is full to the last byte: it ends, the others go on, it comes back",
  async (role) => {
    await using small = await SmallDisks.create();
    const { cluster } = small;
    const pairs = Array.from({ length: 50 }, (_, n): [string, string] => [`key/${n}`, `${n}`]);
    await writeAll(cluster.nodes, pairs, 4);
    const leader = await cluster.leader();
    const victim = role === 'leader' ? leader : cluster.nodes.find((node) => node !== leader);
    if (victim === undefined) throw new Error('no node');
    const others = cluster.nodes.filter((node) => node !== victim);
    small.diskOf(victim).fillUpTo(0);

    // Deletes are taken to the end; each needs a little room.
    const key = 'x'.repeat(1000);
    while (victim.isRunning) await request('DELETE', `${victim.url}/kv/${key}`, null);
    expect(await victim.exited).toBe(DISK_EXIT);
    expect(victim.output).toMatch(/FATAL.*cannot go on[^]*ENOSPC/);

    await cluster.ready(others);
    await writeAll(others, [['while/full', '1']], 1);
    // The reserve is what lets it start on a disk without a byte to spare.
    expect(small.diskOf(victim).freeBytes).toBe(0);
    await victim.restart().up();
    await cluster.ready(cluster.nodes);
    expect(await victim.stop()).toBe(0);

    small.diskOf(victim).empty();
    await victim.restart().up();
    await cluster.ready(cluster.nodes);
    await cluster.converged();
    await expectKept(cluster.nodes, [...pairs, ['while/full', '1']]);
    expect(new Set(await storeHashes(cluster.nodes)).size).toBe(1);
  },
  60_000,
);
