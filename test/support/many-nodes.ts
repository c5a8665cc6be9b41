/**
 * `bun run test:many-nodes [25]`
 *
 * A cluster of that many real nodes on this machine, each a process of its own, joined one after
 * another while writes go on; then the leader is killed. Prints what it took. Not part of the
 * tests that run by default: it needs some 100 MB of memory for each node, and minutes.
 */
import { join } from 'node:path';
import { NodeProcess, type Status } from './node-process.ts';
import { until } from './poll.ts';
import { tempDir } from './temp-dir.ts';
import { storeHashes, Writers } from './writers.ts';

const BASE_PORT = 18_000;
const MINUTE = 60_000;
/** Many processes share few cores: patience is what keeps a busy leader in office. */
const TIMING = ['--heartbeat', '500ms', '--election', '2s', '--reserve-bytes', '0'];

interface Cluster {
  readonly leader: string | null;
  readonly members: readonly { readonly role: string }[];
}

async function clusterSeenBy(node: NodeProcess): Promise<Cluster> {
  const response = await fetch(`${node.url}/cluster`, { signal: AbortSignal.timeout(5000) });
  return (await response.json()) as Cluster;
}

async function statuses(nodes: readonly NodeProcess[]): Promise<readonly Status[]> {
  const all = await Promise.all(nodes.map((node) => node.status().catch(() => null)));
  return all.filter((status) => status !== null);
}

/** Waits until every node names the same leader, which says so too. */
async function leaderOf(nodes: readonly NodeProcess[]): Promise<NodeProcess> {
  return await until(
    'one leader',
    async () => {
      const all = await statuses(nodes);
      const leaders = all.filter((status) => status.role === 'leader');
      const id = leaders[0]?.id;
      const agreed = leaders.length === 1 && all.every((status) => status.leader === id);
      if (!agreed || all.length < nodes.length) return null;
      return nodes[all.findIndex((status) => status.id === id)];
    },
    MINUTE,
  );
}

/** Waits until all have applied the same, and checks that they made the same of it. */
async function sameState(nodes: readonly NodeProcess[]): Promise<string> {
  await until(
    'all have applied the same',
    async () => {
      const all = await statuses(nodes);
      return all.length === nodes.length && new Set(all.map((one) => one.appliedIndex)).size === 1;
    },
    MINUTE,
  );
  const hashes = new Set(await storeHashes(nodes));
  if (hashes.size !== 1) throw new Error(`different states: ${[...hashes].join(', ')}`);
  return [...hashes].join('');
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function joinAll(nodes: NodeProcess[], size: number, directory: string): Promise<void> {
  for (let i = 0; i < size; i += 1) {
    const port = BASE_PORT + i;
    const [first] = nodes;
    const how = first === undefined ? [] : ['--join', first.url];
    const place = ['--port', `${port}`, '--data-dir', join(directory, `n${i}`)];
    const began = performance.now();
    const node = NodeProcess.spawn({ port, args: [...place, ...how, ...TIMING] });
    nodes.push(node);
    await node.up(MINUTE);
    await until(
      `node ${i + 1} is a voter`,
      async () => {
        const { members } = await clusterSeenBy(nodes[0] ?? node);
        return members.filter(({ role }) => role === 'voter').length === i + 1;
      },
      2 * MINUTE,
    );
    say(`node ${i + 1}: a voter after ${seconds(began)}`);
  }
}

async function main(size: number): Promise<void> {
  using dir = tempDir();
  const nodes: NodeProcess[] = [];
  await using stack = new AsyncDisposableStack();
  stack.defer(async () => {
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
  });
  const began = performance.now();
  await joinAll(nodes, size, dir.path);
  say(`${size} voters after ${seconds(began)}`);

  const leader = await leaderOf(nodes);
  const writers = new Writers(nodes, 'many', 4);
  await Bun.sleep(10_000);
  await writers.stop();
  say(`${writers.acknowledged.size} writes through all nodes in 10 s`);
  say(`same hash on all: ${await sameState(nodes)}`);

  await leader.kill();
  const killed = performance.now();
  const rest = nodes.filter((node) => node !== leader);
  const next = await leaderOf(rest);
  say(`another leader after ${seconds(killed)}: ${next.url} instead of ${leader.url}`);
  say(`same hash on the rest: ${await sameState(rest)}`);

  const back = performance.now();
  await leader.restart().up(MINUTE);
  say(`all back, same hash: ${await sameState(nodes)}, after ${seconds(back)}`);
}

await main(Number(process.argv[2] ?? 25));
