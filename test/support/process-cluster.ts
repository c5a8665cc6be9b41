import { join } from 'node:path';
import { freePorts, NodeProcess, type Status } from './node-process.ts';
import { until } from './poll.ts';
import { tempDir } from './temp-dir.ts';

export interface ClusterOptions {
  readonly size?: number;
  /** Further flags for every node. */
  readonly args?: readonly string[];
  /** The wrapper of node `i` (from 0), such as strace. */
  readonly wrapper?: (i: number) => readonly string[];
  /** The data directory of node `i` (from 0), where it is not to be one of the cluster's own. */
  readonly dataDir?: (i: number) => string;
  /** The address of node `i`, where it is not 127.0.0.1. */
  readonly host?: (i: number) => string;
  /** Where the others reach node `i`, where that is not where it listens. */
  readonly peerUrl?: (i: number, port: number) => string;
}

/** Real nodes on loopback ports with a directory of their own, founded with `--cluster`. */
export class ProcessCluster implements AsyncDisposable {
  readonly directory: string;
  readonly nodes: readonly NodeProcess[];
  readonly #temp: Disposable;
  readonly #dataDirs: readonly string[];

  private constructor(
    temp: Disposable & { readonly path: string },
    nodes: readonly NodeProcess[],
    dataDirs: readonly string[],
  ) {
    this.#temp = temp;
    this.directory = temp.path;
    this.nodes = nodes;
    this.#dataDirs = dataDirs;
  }

  /** Starts the nodes and waits until each answers and knows a leader. */
  static async start(options: ClusterOptions = {}): Promise<ProcessCluster> {
    const { size = 3, args = [], wrapper = () => [] } = options;
    const temp = tempDir();
    const { dataDir = (i: number) => join(temp.path, `n${i + 1}`) } = options;
    const ports = await freePorts(size);
    const { host = () => '127.0.0.1' } = options;
    const { peerUrl = (i: number, port: number) => `http://${host(i)}:${port}` } = options;
    const members = ports.map((port, i) => `n${i + 1}=${peerUrl(i, port)}`).join(',');
    const nodes = ports.map((port, i) => {
      const own = ['--port', `${port}`, '--name', `n${i + 1}`, '--cluster', members];
      const place = ['--data-dir', dataDir(i), ...(options.host ? ['--host', host(i)] : [])];
      const all = [...own, ...place, ...args];
      return NodeProcess.spawn({ port, host: host(i), args: all, wrapper: wrapper(i) });
    });
    const cluster = new ProcessCluster(
      temp,
      nodes,
      nodes.map((_, i) => dataDir(i)),
    );
    await cluster.ready(nodes, 30_000);
    return cluster;
  }

  /** The data directory of a node. */
  dataDir(node: NodeProcess): string {
    const dataDir = this.#dataDirs[this.nodes.indexOf(node)];
    if (dataDir === undefined) throw new Error(`no node of this cluster: ${node.url}`);
    return dataDir;
  }

  /** Waits until these nodes answer and agree on a leader among them. */
  async ready(nodes: readonly NodeProcess[], timeoutMs?: number): Promise<NodeProcess> {
    await Promise.all(nodes.map((node) => node.up(timeoutMs)));
    return await until(
      'the nodes agree on a leader',
      async () => {
        const all = await Promise.all(nodes.map((node) => node.status().catch(() => null)));
        const leader = all.findIndex((status) => status?.role === 'leader');
        const id = all[leader]?.id;
        return all.every((status) => status?.leader === id) ? nodes[leader] : null;
      },
      timeoutMs,
    );
  }

  /** The node that leads now, and is seen to by a majority. */
  async leader(): Promise<NodeProcess> {
    return await until('a leader', async () => {
      for (const node of this.nodes) {
        if (!node.isRunning) continue;
        const status = await node.status().catch(() => null);
        if (status?.role === 'leader') return node;
      }
      return null;
    });
  }

  async followers(): Promise<NodeProcess[]> {
    const leader = await this.leader();
    return this.nodes.filter((node) => node !== leader);
  }

  /** Waits until the nodes have applied the same index. */
  async converged(nodes: readonly NodeProcess[] = this.nodes): Promise<Status[]> {
    return await until('the nodes have applied the same', async () => {
      const all = await Promise.all(nodes.map((node) => node.status().catch(() => null)));
      const first = all[0]?.appliedIndex;
      const statuses = all.filter((status) => status !== null);
      const same = statuses.every((status) => status.appliedIndex === first);
      return same && statuses.length === nodes.length ? statuses : null;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()));
    this.#temp[Symbol.dispose]();
  }
}
