/** CROWDS: a thousand who listen and never read, a thousand who wait, and more than may ask. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { put } from '../support/client.ts';
import type { NodeProcess } from '../support/node-process.ts';
import { until } from '../support/poll.ts';
import { ProcessCluster } from '../support/process-cluster.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { memoryOf } from '../support/watch-crowd.ts';
import { exchange, head, request } from './support/row.ts';
import { Siege } from './support/siege.ts';

const MIB = 2 ** 20;
const CROWD = 1000;
/** Who watches the same is told at once, and falls behind at once. */
const GROUPS = 4;

let siege: Siege;

beforeAll(async () => {
  siege = await Siege.begin({ size: 1 });
});

afterAll(async () => {
  process.stdout.write(`crowds: ${siege.summary()}\n`);
  await siege[Symbol.asyncDispose]();
});

function descriptors({ pid }: NodeProcess): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Connections that have asked this, and read nothing from then on. */
async function crowd(node: NodeProcess, what: (n: number) => string): Promise<RawSocket[]> {
  const sockets: RawSocket[] = [];
  for (let n = 0; n < CROWD; n += 50) {
    const some = await Promise.all(Array.from({ length: 50 }, () => RawSocket.open(node.port)));
    for (const [i, socket] of some.entries()) {
      socket.pause();
      socket.write(what(n + i));
    }
    sockets.push(...some);
  }
  return sockets;
}

async function slowCancels(): Promise<number> {
  const text = await (await fetch(`${siege.node.url}/metrics`)).text();
  return Number(/^abcd_watch_slow_cancels_total (\d+)/m.exec(text)?.[1]);
}

test('1,000 watchers that never read', async () => {
  const { node } = siege;
  const before = { files: descriptors(node), bytes: memoryOf(node.pid) };
  const writes = 800;
  const value = 'x'.repeat(16 * 1024);
  let most = 0;
  await siege.withstand(
    async () => {
      const sockets = await crowd(node, (n) => head('GET', `/watch?prefix=crowd/${n % GROUPS}/`));
      for (let n = 0; n < writes; n += 1) {
        await put(node.url, `crowd/${n % GROUPS}/key`, value);
        most = Math.max(most, memoryOf(node.pid) - before.bytes);
      }
      // Each was told where to go on, and costs nothing any more.
      await until('all are canceled', async () => (await slowCancels()) >= CROWD);
      for (const socket of sockets) socket.close();
    },
    { revisions: writes },
  );
  process.stdout.write(`1,000 slow watchers: ${Math.round(most / MIB)} MiB more at most\n`);
  expect(most).toBeLessThan(400 * MIB);
  await until('the files are closed', () => descriptors(node) <= before.files);
});

test('1,000 requests that wait for a change', async () => {
  const { node } = siege;
  const before = { files: descriptors(node), bytes: memoryOf(node.pid) };
  await put(node.url, 'awaited', '1');
  const { revision } = (await (await fetch(`${node.url}/hash`)).json()) as { revision: number };
  await siege.withstand(
    async () => {
      const waits = () => head('GET', `/kv/awaited?after=${revision}&wait=60s`);
      const sockets = await crowd(node, waits);
      await put(node.url, 'awaited', '2');
      const answers = await Promise.all(
        sockets.map((socket) => {
          socket.resume();
          return socket.answer();
        }),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(CROWD);
      // Others wait for what never comes, and go away.
      const hopeless = await crowd(node, () => head('GET', `/kv/never?after=${revision}&wait=60s`));
      for (const socket of hopeless) socket.close();
    },
    { revisions: 1 },
  );
  expect(memoryOf(node.pid) - before.bytes).toBeLessThan(150 * MIB);
  await until('the files are closed', () => descriptors(node) <= before.files);
});

test('more writes and reads at once than may wait', async () => {
  await using cluster = await ProcessCluster.start({
    size: 3,
    args: ['--pending-proposals', '50', '--pending-reads', '50', '--reserve-bytes', '0'],
  });
  const node = await cluster.leader();
  const flood = async (method: string): Promise<Map<number, number>> => {
    const statuses = new Map<number, number>();
    const sockets = await Promise.all(
      Array.from({ length: 400 }, (_, n) => {
        const body = method === 'PUT' ? { body: 'x'.repeat(10_000) } : {};
        return exchange(request(method, `/kv/flood-${n}`, body), node.port, 30_000);
      }),
    );
    for (const { status, headers, body } of sockets) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status !== 429) continue;
      expect(headers.get('retry-after')).toMatch(/^[1-9][0-9]*$/);
      expect(JSON.parse(body)).toMatchObject({ code: 'too-many-requests', applied: 'no' });
    }
    return statuses;
  };
  const written = await flood('PUT');
  expect([...written.keys()].filter((status) => status !== 201 && status !== 429)).toEqual([]);
  expect(written.get(429) ?? 0).toBeGreaterThan(0);
  const kept = await (await fetch(`${node.url}/kv?prefix=flood-&countOnly`)).json();
  // What was refused was not carried out.
  expect((kept as { count: number }).count).toBe(written.get(201) ?? 0);
  const read = await flood('GET');
  expect([...read.keys()].filter((status) => ![200, 404, 429].includes(status))).toEqual([]);
  expect(await put(node.url, 'after', 'the flood')).toMatchObject({ type: 'ok' });
});
