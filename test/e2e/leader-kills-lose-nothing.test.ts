import { expect, test } from 'bun:test';
import { getRaw, put, putSurely } from '../support/client.ts';
import type { NodeProcess } from '../support/node-process.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

/** Writers that write unique keys as fast as they can, and note what was acknowledged. */
class Load {
  readonly acknowledged = new Map<string, string>();
  readonly acknowledgedAt: number[] = [];
  readonly #urls: readonly string[];
  readonly #writers: Promise<void>[] = [];
  #running = true;

  constructor(urls: readonly string[], writers: number) {
    this.#urls = urls;
    for (let i = 0; i < writers; i += 1) this.#writers.push(this.#write(i));
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#writers);
  }

  async #write(writer: number): Promise<void> {
    let n = 0;
    while (this.#running) {
      n += 1;
      const key = `w${writer}/${n}`;
      const url = this.#urls[(writer + n) % this.#urls.length] ?? '';
      const outcome = await put(url, key, `value ${key}`, { timeoutMs: 3000 });
      if (outcome.type === 'ok') {
        this.acknowledged.set(key, `value ${key}`);
        this.acknowledgedAt.push(performance.now());
      } else await Bun.sleep(10);
    }
  }
}

async function expectAll(
  acknowledged: ReadonlyMap<string, string>,
  nodes: readonly NodeProcess[],
): Promise<void> {
  const lost: string[] = [];
  const decoder = new TextDecoder();
  let i = 0;
  for (const [key, value] of acknowledged) {
    const node = nodes[i % nodes.length];
    i += 1;
    const bytes = node === undefined ? null : await getRaw(node.url, key);
    if (bytes === null || decoder.decode(bytes) !== value) lost.push(key);
  }
  expect(lost).toEqual([]);
}

test('kill -9 of the leader three times, then of all, under load: nothing is lost', async () => {
  await using cluster = await ProcessCluster.start();
  const urls = cluster.nodes.map((node) => node.url);
  const load = new Load(urls, 8);
  for (let round = 0; round < 3; round += 1) {
    await Bun.sleep(700);
    const leader = await cluster.leader();
    await leader.kill();
    const before = load.acknowledged.size;
    const others = cluster.nodes.filter((node) => node !== leader);
    await cluster.ready(others);
    await putSurely(
      others.map((node) => node.url),
      `round/${round}`,
      'written without it',
    );
    leader.restart();
    await cluster.ready(cluster.nodes);
    expect(load.acknowledged.size).toBeGreaterThan(before);
  }
  await Bun.sleep(500);
  for (const node of cluster.nodes) node.signal('SIGKILL');
  await Promise.all(cluster.nodes.map((node) => node.exited));
  await load.stop();
  for (const node of cluster.nodes) node.restart();
  await cluster.ready(cluster.nodes, 30_000);
  expect(load.acknowledged.size).toBeGreaterThan(200);
  await expectAll(load.acknowledged, cluster.nodes);
  await cluster.converged();
  const hashes = await Promise.all(
    urls.map(async (url) => ((await (await fetch(`${url}/hash`)).json()) as { hash: string }).hash),
  );
  expect(new Set(hashes).size).toBe(1);
}, 120_000);

test('a planned stop hands over: the write gap is far below an election time-out', async () => {
  await using cluster = await ProcessCluster.start();
  const leader = await cluster.leader();
  const others = cluster.nodes.filter((node) => node !== leader);
  const load = new Load(
    others.map((node) => node.url),
    2,
  );
  await Bun.sleep(500);
  const stopped = performance.now();
  expect(await leader.stop()).toBe(0);
  await Bun.sleep(700);
  await load.stop();
  const around = load.acknowledgedAt.filter((at) => at > stopped - 200 && at < stopped + 900);
  const gaps = around.slice(1).map((at, i) => at - (around[i] ?? at));
  expect(Math.max(...gaps)).toBeLessThan(300);
}, 60_000);
