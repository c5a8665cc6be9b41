import { type Caller, call, pause } from '../http.ts';
import { ManagedNode, type Surroundings } from './managed-node.ts';
import type { PlannedNode } from './plan.ts';

const POLL_MS = 100;
const POLL_TIMEOUT_MS = 1000;

/** Runs the nodes of a cluster as child processes of this one. */
export class Supervisor {
  readonly nodes: readonly ManagedNode[];
  /** Resolves when no node can run any more. */
  readonly allFailed: Promise<void>;
  readonly #caller: Caller;

  constructor(
    plan: readonly PlannedNode[],
    caller: Caller,
    surroundings: Omit<Surroundings, 'onFailed'>,
  ) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const onFailed = () => {
      if (this.nodes.every((node) => node.state === 'failed')) resolve();
    };
    this.allFailed = promise;
    this.#caller = caller;
    this.nodes = plan.map((node) => new ManagedNode(node, { ...surroundings, onFailed }));
  }

  /** The node of this name, or undefined. */
  node(name: string): ManagedNode | undefined {
    return this.nodes.find((node) => node.plan.name === name);
  }

  startAll(): void {
    for (const node of this.nodes) node.start();
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  /** Resolves with true once every running node is ready; false when the signal fires before. */
  async ready(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      const running = this.nodes.filter((node) => node.state === 'running');
      const ready = await Promise.all(running.map((node) => this.#isReady(node)));
      if (ready.length > 0 && ready.every(Boolean)) return true;
      await pause(this.#caller.clock, POLL_MS, signal);
    }
    return false;
  }

  async #isReady(node: ManagedNode): Promise<boolean> {
    const { fetch, clock } = this.#caller;
    const answer = await call({ fetch, clock }, `${node.plan.url}/readyz`, POLL_TIMEOUT_MS);
    return answer.type === 'answered' && answer.status === 200;
  }
}
