/** WHEN ALL IS WELL AGAIN: what may be asked of the nodes, and must then be answered in time. */
import { check } from './failure.ts';
import type { RequestContext } from '../node/api.ts';
import type { Node } from '../node/node.ts';
import { type Configuration, votersOf } from '../raft/configuration.ts';
import { hasQuorum } from '../raft/quorum.ts';
import type { SimCluster } from './sim-cluster.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

/** What is served is served within so many election timeouts, and ms besides. */
const SERVED_WITHIN = 3;
const SERVED_WITHIN_MS = 2_000;
const ELECTED_WITHIN = 30;

export interface CalmOptions {
  readonly world: World;
  readonly cluster: SimCluster;
  /** Members that run and have applied everything. */
  readonly members: readonly SimNode[];
  /** Who leads and has begun its term. */
  readonly leader: () => SimNode | null;
  readonly hasFailed: () => boolean;
}

export class Calm {
  readonly #options: CalmOptions;

  constructor(options: CalmOptions) {
    this.#options = options;
  }

  get world(): World {
    return this.#options.world;
  }

  get members(): readonly SimNode[] {
    return this.#options.members;
  }

  get leader(): SimNode | null {
    return this.#options.leader();
  }

  get hasFailed(): boolean {
    return this.#options.hasFailed();
  }

  /** The longest that anything may take, ms. */
  get servedMs(): number {
    return SERVED_WITHIN_MS + SERVED_WITHIN * this.world.profile.timing.electionMs;
  }

  /** Whether the others that run can do without a member, now and when learners are promoted. */
  isDispensable(member: SimNode): boolean {
    const latest = this.leader?.node?.raft.state.history.latest;
    const others = this.members.filter((other) => other !== member);
    return latest !== undefined && areEnough(others, latest);
  }

  /** What a member answers, in time; null when something else has failed. */
  served<T>(
    what: string,
    member: SimNode,
    ask: (node: Node, context: RequestContext) => Promise<T>,
  ): T | null {
    let answer: { readonly value: T } | null = null;
    let error: unknown = null;
    this.ask(member, ask).then(
      (value) => {
        answer = { value };
      },
      (reason: unknown) => {
        error = reason ?? 'no reason';
      },
    );
    this.runFor(2 * this.servedMs, () => answer !== null || error !== null);
    if (this.hasFailed) return null;
    const found = answer as { readonly value: T } | null;
    check(found !== null, what, () => `${member.name}: ${String(error)}`);
    return found.value;
  }

  ask<T>(member: SimNode, ask: (node: Node, context: RequestContext) => Promise<T>): Promise<T> {
    return this.#options.cluster.call(member, ask, this.servedMs);
  }

  /** Waits until somebody else than a node leads; whether that is so. */
  isSucceeded(node: SimNode | null): boolean {
    const { electionMs } = this.world.profile.timing;
    const isSo = (): boolean => this.leader !== null && this.leader !== node;
    this.runFor(ELECTED_WITHIN * electionMs, isSo);
    return isSo();
  }

  runFor(ms: number, done: () => boolean = () => false): void {
    const { scheduler } = this.world;
    scheduler.run(scheduler.now + ms, () => this.hasFailed || done());
  }

  check(holds: boolean, what: string, detail: () => string): void {
    if (!this.hasFailed) check(holds, what, detail);
  }
}

/** Whether these are a majority of the voters, now and when learners have been promoted. */
export function areEnough(nodes: readonly SimNode[], configuration: Configuration): boolean {
  const voters = votersOf(configuration);
  const coming = configuration.members.filter((member) => member.learner && member.autoPromote);
  const then = [...voters, ...coming.map(({ id }) => id)];
  return [voters, then].every((ids) => hasQuorum(ids, (id) => nodes.some((one) => one.id === id)));
}
