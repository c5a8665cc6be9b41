/** MEMBERS that come and go: nodes that join on new directories, and members that are removed. */
import { join } from 'node:path';
import type { Prng } from '../../../src/lib/prng.ts';
import { freePorts, NodeProcess } from '../node-process.ts';
import { until } from '../poll.ts';
import { type Fault, leaderOf, request } from './faults.ts';

const CHANGE_MS = 60_000;

/** The nodes of a cluster whose membership changes. */
export class Membership implements AsyncDisposable {
  readonly nodes: NodeProcess[];
  readonly #joined: NodeProcess[] = [];
  /** Nodes that something is being done to. */
  readonly #busy = new Set<NodeProcess>();
  readonly #directory: string;
  readonly #args: readonly string[];

  constructor(founders: readonly NodeProcess[], directory: string, args: readonly string[]) {
    this.nodes = [...founders];
    this.#directory = directory;
    this.#args = args;
  }

  /** A new node joins through any, and becomes a voter. */
  join(): Fault {
    return { name: 'joins', strike: (prng) => this.#join(prng) };
  }

  /** Any member goes, the leader too; its process is ended. At least so many stay. */
  remove(least: number): Fault {
    return {
      name: 'members removed',
      strike: async (prng) => {
        if (this.nodes.length <= least) await this.#join(prng);
        const victim = prng.pick(this.#idle());
        const { id } = await until('it says who it is', () => victim.status().catch(() => null));
        // No client goes there any more: what it does not know of its end is no news to it.
        this.nodes.splice(this.nodes.indexOf(victim), 1);
        await until(
          'it is no member',
          async () => {
            const path = `/cluster/members/${id}`;
            const { status } = await request(prng.pick(this.nodes), 'DELETE', path, null);
            return status === 200 || status === 404;
          },
          CHANGE_MS,
        );
        await victim.kill();
      },
    };
  }

  /** The leader is killed, whatever change is under way, and comes back. */
  killLeader(): Fault {
    return {
      name: 'kills of the leader',
      strike: async (prng) => {
        const victim = (await leaderOf(this.#idle())) ?? prng.pick(this.#idle());
        this.#busy.add(victim);
        await victim.kill();
        await Bun.sleep(prng.unit() * 1000);
        await victim.restart().up(CHANGE_MS);
        this.#busy.delete(victim);
      },
    };
  }

  /** Nodes that became voters, as a change of its own or in place of one that goes. */
  get joined(): number {
    return this.#joined.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#joined.map((node) => node[Symbol.asyncDispose]()));
  }

  async #join(prng: Prng): Promise<void> {
    const [port = 0] = await freePorts(1);
    const place = ['--data-dir', join(this.#directory, `joined-${this.#joined.length}`)];
    const how = ['--port', `${port}`, '--join', prng.pick(this.#idle()).url];
    const node = NodeProcess.spawn({ port, args: [...how, ...place, ...this.#args] });
    this.#joined.push(node);
    await node.up(CHANGE_MS);
    await until('it is a voter', () => isVoter(node), CHANGE_MS);
    this.nodes.push(node);
  }

  #idle(): readonly NodeProcess[] {
    return this.nodes.filter((node) => !this.#busy.has(node));
  }
}

async function isVoter(node: NodeProcess): Promise<boolean> {
  const { json } = await request(node, 'GET', '/cluster', null);
  const members = (json['members'] ?? []) as readonly { url: string; role: string }[];
  return members.some(({ url, role }) => url === node.url && role === 'voter');
}
