import { ProcessCluster } from '../../support/process-cluster.ts';
import { EtcdProcess } from './etcd-process.ts';
import { EtcdSystem } from './etcd-system.ts';
import { HttpSystem } from './http-system.ts';
import { MachineSystem } from './machine-system.ts';
import type { System } from './system.ts';

/** A real etcd, and abcd both as real nodes and as a bare state machine. */
export class Rivals implements AsyncDisposable {
  /** Those that are reached over the network. */
  readonly remote: readonly [etcd: System, abcd: System];
  readonly systems: readonly System[];
  readonly #etcd: EtcdProcess;
  readonly #cluster: ProcessCluster;

  private constructor(etcd: EtcdProcess, cluster: ProcessCluster) {
    this.#etcd = etcd;
    this.#cluster = cluster;
    const urls = cluster.nodes.map(({ url }) => url);
    this.remote = [new EtcdSystem(etcd.url), new HttpSystem(`abcd, ${urls.length} nodes`, urls)];
    this.systems = [...this.remote, new MachineSystem()];
  }

  static async start({ nodes }: { readonly nodes: number }): Promise<Rivals> {
    const etcd = await EtcdProcess.start();
    try {
      return new Rivals(etcd, await ProcessCluster.start({ size: nodes }));
    } catch (error) {
      await etcd[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#etcd[Symbol.asyncDispose](), this.#cluster[Symbol.asyncDispose]()]);
  }
}
