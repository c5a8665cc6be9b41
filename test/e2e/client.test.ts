/** The client for programs, while leaders are killed under it. */
import { expect, test } from 'bun:test';
import { AbcdClient } from '../../src/client/client.ts';
import type { WatchItem } from '../../src/client/watch.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

const WORKERS = 6;
const KILLS = 3;

/** Work that is repeated until it is stopped, by several at a time. */
class Load {
  #isStopping = false;
  readonly #workers: Promise<void>[];

  constructor(count: number, once: (worker: number, turn: number) => Promise<void>) {
    this.#workers = Array.from({ length: count }, async (_, worker) => {
      for (let turn = 0; !this.#isStopping; turn += 1) await once(worker, turn);
    });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#workers);
  }
}

/** Kills the leader, waits for another one, starts the first again; several times. */
async function killLeaders(cluster: ProcessCluster, progress: () => number): Promise<void> {
  for (let i = 0; i < KILLS; i += 1) {
    const leader = await cluster.leader();
    await leader.kill();
    const before = progress();
    // The load must get on without it.
    while (progress() < before + 20) await Bun.sleep(20);
    await leader.restart().up();
  }
}

/** Clients that each begin with another node. */
function clientsOf(cluster: ProcessCluster): AbcdClient[] {
  const endpoints = cluster.nodes.map(({ url }) => url);
  return endpoints.map((_, i) => {
    const turned = [...endpoints.slice(i), ...endpoints.slice(0, i)];
    return new AbcdClient({ endpoints: turned, timeoutMs: 30_000, attemptTimeoutMs: 1000 });
  });
}

function pick(clients: readonly AbcdClient[], worker: number): AbcdClient {
  const client = clients[worker % clients.length];
  if (client === undefined) throw new Error('no client');
  return client;
}

test('a counter counts each increment once, and no acknowledged write is lost', async () => {
  await using cluster = await ProcessCluster.start();
  const clients = clientsOf(cluster);
  const watcher = pick(clients, 0);
  const seen: string[] = [];
  const watch = watcher.watch({ key: 'counter' });
  await watch.opened;
  const watching = collect(watch, seen);

  let increments = 0;
  const acknowledged: string[] = [];
  const load = new Load(WORKERS, async (worker, turn) => {
    const client = pick(clients, worker);
    await client.update('counter', (pair) => `${Number(pair?.value ?? 0) + 1}`);
    increments += 1;
    const key = `written/${worker}/${turn}`;
    await client.put(key, key, { ifAbsent: true });
    acknowledged.push(key);
  });
  await killLeaders(cluster, () => increments);
  await load.stop();

  expect(await watcher.getText('counter')).toBe(`${increments}`);
  const kept = new Set<string>();
  for await (const { key } of watcher.all({ prefix: 'written/' })) kept.add(key);
  expect(acknowledged.filter((key) => !kept.has(key))).toEqual([]);
  expect(kept.size).toBe(acknowledged.length);

  while (seen.length < increments) await Bun.sleep(20);
  expect(seen).toEqual(Array.from({ length: increments }, (_, i) => `${i + 1}`));
  watch.close();
  await watching;
}, 120_000);

/** The values that a watch tells of. */
async function collect(watch: AsyncIterable<WatchItem>, seen: string[]): Promise<void> {
  for await (const item of watch) {
    if (item.type === 'resync') throw new Error('changes were missed');
    for (const event of item.events) if (event.type === 'put') seen.push(event.value);
  }
}

test('a lock has one holder at a time, with growing tokens, while leaders are killed', async () => {
  await using cluster = await ProcessCluster.start();
  const clients = clientsOf(cluster);
  const held: { readonly token: number; readonly lost: AbortSignal }[] = [];
  const tokens: number[] = [];
  let done = 0;
  const load = new Load(WORKERS, async (worker) => {
    const client = pick(clients, worker);
    const work = client.withLock(
      'guard/n',
      async ({ fencingToken, signal }) => {
        const others = held.filter(({ lost }) => !lost.aborted).map(({ token }) => token);
        expect(others).toEqual([]);
        tokens.push(fencingToken);
        held.push({ token: fencingToken, lost: signal });
        // Not safe by itself: two at a time would lose an increment.
        const value = await client.getText('guarded');
        await client.put('guarded', `${Number(value ?? 0) + 1}`);
        held.splice(0, held.length, ...held.filter(({ token }) => token !== fencingToken));
      },
      { ttl: 10 },
    );
    await work;
    done += 1;
  });
  await killLeaders(cluster, () => done);
  await load.stop();
  const ascending = tokens.toSorted((a, b) => a - b);
  expect(tokens).toEqual(ascending);
  expect(new Set(tokens).size).toBe(tokens.length);
  expect(await pick(clients, 0).getText('guarded')).toBe(`${done}`);
  expect(await pick(clients, 1).readLock('guard/n')).toMatchObject({ holder: null, queue: [] });
  for (const client of clients) client.close();
}, 120_000);
