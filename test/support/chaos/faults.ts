/** FAULTS of whole processes: what is done to nodes, and undone again. */
import type { Prng } from '../../../src/lib/prng.ts';
import type { NodeProcess, Status } from '../node-process.ts';
import { until } from '../poll.ts';

/** Something that is done to a cluster for a while; it has healed when the promise resolves. */
export interface Fault {
  /** What is counted. */
  readonly name: string;
  readonly strike: (prng: Prng) => Promise<void>;
}

/** Kills with -9, then starts again after up to so long. */
export function kills(nodes: () => readonly NodeProcess[], downMs: number): Fault[] {
  const kill = async (victims: readonly NodeProcess[], prng: Prng): Promise<void> => {
    await Promise.all(victims.map((node) => node.kill()));
    await Promise.all(
      victims.map(async (node) => {
        await Bun.sleep(prng.unit() * downMs);
        await node.restart().up(60_000);
      }),
    );
  };
  return [
    {
      name: 'kills of the leader',
      strike: async (prng) => kill([(await leaderOf(nodes())) ?? prng.pick(nodes())], prng),
    },
    { name: 'kills of any node', strike: (prng) => kill([prng.pick(nodes())], prng) },
    { name: 'kills of all nodes', strike: (prng) => kill(nodes(), prng) },
  ];
}

/** Stops with SIGSTOP, and goes on after up to so long. */
export function pauses(nodes: () => readonly NodeProcess[], longestMs: number): Fault[] {
  const pause = async (victims: readonly NodeProcess[], prng: Prng): Promise<void> => {
    for (const node of victims) node.signal('SIGSTOP');
    await Bun.sleep(500 + prng.unit() * (longestMs - 500));
    for (const node of victims) node.signal('SIGCONT');
  };
  return [
    {
      name: 'pauses of the leader',
      strike: async (prng) => pause([(await leaderOf(nodes())) ?? prng.pick(nodes())], prng),
    },
    { name: 'pauses of any node', strike: (prng) => pause([prng.pick(nodes())], prng) },
    { name: 'pauses of all nodes', strike: (prng) => pause(nodes(), prng) },
  ];
}

/** Leadership is handed over as an operator would ask for it. */
export function transfers(nodes: () => readonly NodeProcess[]): Fault {
  return {
    name: 'leadership transfers',
    strike: async (prng) => {
      await request(prng.pick(nodes()), 'POST', '/cluster/leader', {});
      await Bun.sleep(prng.between(100, 500));
    },
  };
}

/** The node that leads, of those that say so the one of the newest term; null when none does. */
export async function leaderOf(nodes: readonly NodeProcess[]): Promise<NodeProcess | null> {
  const all = await Promise.all(
    nodes.map(async (node) => ({ node, status: await statusOf(node) })),
  );
  const leaders = all.filter(({ status }) => status?.role === 'leader');
  const newest = leaders.toSorted((a, b) => (b.status?.term ?? 0) - (a.status?.term ?? 0))[0];
  return newest?.node ?? null;
}

async function statusOf(node: NodeProcess): Promise<Status | null> {
  return node.isRunning ? await node.status().catch(() => null) : null;
}

/** Waits until some node leads, and is seen to lead by all that answer. */
export async function leaderOnce(nodes: readonly NodeProcess[]): Promise<NodeProcess> {
  return await until('a leader', () => leaderOf(nodes), 30_000);
}

/** An operator's request; the status, 0 when there was no answer. */
export async function request(
  node: NodeProcess,
  method: string,
  path: string,
  body: object | null,
): Promise<{ status: number; json: Record<string, unknown> }> {
  try {
    const response = await fetch(node.url + path, {
      method,
      body: body === null ? null : JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
      keepalive: false,
      signal: AbortSignal.timeout(10_000),
    });
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  } catch {
    return { status: 0, json: {} };
  }
}
