/** THE STAGE of a script: who is there, and what can be waited for. */
import type { MemberId } from '../../lib/ids.ts';
import { memberOf, votersOf } from '../../raft/configuration.ts';
import type { SimNode } from '../sim-node.ts';
import type { Simulation } from '../simulation.ts';
import { ScopeClient } from './scope-client.ts';

const LOOK_EVERY_MS = 20;
/** Patience within a script. Whether progress comes in the end is judged after it, ms. */
const PATIENCE_MS = 3_000;
/** Far from the line's beginning and end. */
const DAMAGED_BYTE = 40;

export class Stage {
  readonly sim: Simulation;
  readonly client: ScopeClient;

  constructor(sim: Simulation) {
    this.sim = sim;
    this.client = new ScopeClient(sim);
  }

  /** Who leads, and has committed in its term. */
  get leader(): SimNode | null {
    const { leader } = this.sim.cluster;
    const state = leader?.node?.raft.state;
    if (state?.role.name !== 'leader') return null;
    return state.commitIndex >= state.role.noopIndex ? leader : null;
  }

  /** The last of the voters that do not lead; null when there is none. */
  get follower(): SimNode | null {
    const { leader } = this;
    const latest = leader?.node?.raft.state.history.latest;
    const voters = latest === undefined ? [] : votersOf(latest);
    const others = this.sim.cluster.nodes.filter(
      (node) => node !== leader && voters.includes(node.id),
    );
    return others.at(-1) ?? null;
  }

  /** By the newest membership that the leader knows; everyone when there is no leader. */
  get members(): readonly SimNode[] {
    const { nodes } = this.sim.cluster;
    const latest = this.sim.cluster.leader?.node?.raft.state.history.latest;
    if (latest === undefined) return nodes;
    return nodes.filter((node) => memberOf(latest, node.id) !== undefined);
  }

  /** All members run and have applied all there is, and whoever lost its log's end has it again. */
  get isSettled(): boolean {
    const leader = this.leader?.node ?? null;
    if (leader === null) return false;
    const { log, commitIndex } = leader.raft.state;
    if (commitIndex < log.lastIndex) return false;
    return this.members.every(({ node }) => {
      return node?.status().appliedIndex === commitIndex && node.raft.state.recovery === null;
    });
  }

  start(node: SimNode): void {
    if (!node.isRunning && !node.isGone) node.start();
  }

  /** Nothing gets to it or away from it, until what is returned is called. */
  isolate(node: SimNode): () => void {
    const { network, nodes } = this.sim.world;
    const others: MemberId[] = [...nodes.keys()].filter((id) => id !== node.id);
    return network.part([node.id], others);
  }

  /** One bit of the last line of a log is another. Its process has ended. */
  damageLog(node: SimNode): void {
    const { disk } = node.disk;
    const path = disk.paths().findLast((one) => /^wal\/.*\.jsonl$/.test(one));
    if (path === undefined) return;
    const bytes = disk.contents(path);
    const start = bytes.subarray(0, -1).lastIndexOf(0x0a) + 1;
    disk.flipBit(path, 8 * Math.min(start + DAMAGED_BYTE, bytes.length - 1));
    node.damaged();
  }

  /** Resolves when there is a leader, or after some time without. */
  led(): Promise<void> {
    return this.#until(() => this.leader !== null);
  }

  settled(): Promise<void> {
    return this.#until(() => this.isSettled);
  }

  async #until(done: () => boolean): Promise<void> {
    const { scheduler } = this.sim.world;
    const end = scheduler.now + PATIENCE_MS;
    while (!done() && scheduler.now < end) await scheduler.pause(LOOK_EVERY_MS);
  }
}
