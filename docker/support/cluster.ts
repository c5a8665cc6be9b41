import { join } from 'node:path';
import { attempt, run, until } from './shell.ts';

/** A node of the Compose file, as it is seen from outside. */
export interface Node {
  readonly name: string;
  /** Where its port is published. */
  readonly url: string;
  /** Its fixed address in the cluster's network. */
  readonly address: string;
}

/** What `GET /status` answers, so far as the test reads it. */
export interface Status {
  readonly role: string;
  readonly term: number;
  readonly leader: string | null;
  readonly id: string;
}

const SUBNET = '172.30.80';
const REQUEST_MS = 3000;

/** The cluster of the Compose file, under a project name of its own. */
export class Cluster {
  readonly nodes: readonly Node[];
  readonly image: string;
  readonly #compose: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  readonly #network: string;
  readonly #containers = new Map<string, string>();

  private constructor(
    compose: readonly string[],
    project: string,
    env: Readonly<Record<string, string>>,
    ports: readonly number[],
  ) {
    const file = join(import.meta.dir, '../compose.yml');
    this.image = `${project}-image`;
    this.nodes = ports.map((port, index) => ({
      name: `n${index + 1}`,
      url: `http://127.0.0.1:${port}`,
      address: `${SUBNET}.${11 + index}`,
    }));
    const published = ports.map((port, index) => [`ABCD_PORT_N${index + 1}`, String(port)]);
    this.#compose = [...compose, '--project-name', project, '--file', file];
    this.#network = `${project}_cluster`;
    this.#env = { ...env, ...Object.fromEntries(published), ABCD_IMAGE: this.image };
  }

  /** Finds Compose: the plugin of `docker`, or the program of its own. */
  static async open(
    project: string,
    env: Readonly<Record<string, string>>,
    ports: readonly number[],
  ): Promise<Cluster> {
    const plugin = await attempt(['docker', 'compose', 'version'], env);
    const compose = plugin.code === 0 ? ['docker', 'compose'] : ['docker-compose'];
    return new Cluster(compose, project, env, ports);
  }

  async compose(...args: string[]): Promise<string> {
    return await run([...this.#compose, ...args], this.#env, 5 * 60_000);
  }

  async docker(...args: string[]): Promise<string> {
    return await run(['docker', ...args], this.#env);
  }

  /** Starts what is not running, and remembers the containers. */
  async up(): Promise<void> {
    await this.compose('up', '--detach', '--no-build');
    for (const { name } of this.nodes) {
      this.#containers.set(name, await this.compose('ps', '--quiet', name));
    }
  }

  container(node: Node): string {
    const id = this.#containers.get(node.name);
    if (id === undefined || id === '') throw new Error(`${node.name} has no container`);
    return id;
  }

  /** Takes a container off the network; packets to and from it are gone at once. */
  async cut(node: Node): Promise<void> {
    await this.docker('network', 'disconnect', '--force', this.#network, this.container(node));
  }

  async heal(node: Node): Promise<void> {
    const to = ['--ip', node.address, this.#network, this.container(node)];
    await this.docker('network', 'connect', ...to);
  }

  /** Waits until the engine's own health check calls every node healthy. */
  async healthy(nodes: readonly Node[] = this.nodes): Promise<void> {
    for (const node of nodes) {
      await until(`${node.name} is healthy`, 60_000, async () => {
        const format = ['--format', '{{.State.Health.Status}}'];
        const state = await this.docker('inspect', ...format, this.container(node));
        return state === 'healthy' ? true : null;
      });
    }
  }

  /** The leader that a majority of these nodes agrees on, not `other`. */
  async leader(among: readonly Node[], other: Node | null = null): Promise<Node> {
    return await until('there is a leader', 30_000, async () => {
      const known = await Promise.all(
        among.map(async (node) => ({ node, status: await status(node).catch(() => null) })),
      );
      const leads = known.find(({ status: one }) => one?.role === 'leader');
      if (leads === undefined || leads.node === other) return null;
      const followers = known.filter(({ status: one }) => one?.leader === leads.status?.id);
      return followers.length >= 2 ? leads.node : null;
    });
  }

  /** Runs a script in a node's container, where its network may be gone. */
  async inside(node: Node, script: string): Promise<string> {
    return await this.docker('exec', this.container(node), 'bun', '-e', script);
  }

  async logs(): Promise<string> {
    const { output } = await attempt([...this.#compose, 'logs', '--tail=60'], this.#env);
    return output;
  }

  /** Removes containers, network, volumes and image. */
  async remove(): Promise<void> {
    await this.compose('down', '--volumes', '--remove-orphans', '--timeout', '5');
    await attempt(['docker', 'image', 'rm', '--force', this.image], this.#env);
  }
}

export async function status(node: Node): Promise<Status> {
  const response = await request(node, '/status');
  if (!response.ok) throw new Error(`/status of ${node.name}: ${response.status}`);
  return await response.json();
}

interface Init {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request, on a connection of its own: the one before may lead to a container that is gone. */
export async function request(node: Node, path: string, init: Init = {}): Promise<Response> {
  const headers = { connection: 'close', ...init.headers };
  const signal = AbortSignal.timeout(REQUEST_MS);
  return await fetch(`${node.url}${path}`, { ...init, headers, signal });
}
