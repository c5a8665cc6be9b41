/** FAULTS OF THE MEMBERSHIP: members come and go, lead and hand over, and lose their disks. */
import type { Prng } from '../lib/prng.ts';
import type { RequestContext } from '../node/api.ts';
import type { Node } from '../node/node.ts';
import { votersOf } from '../raft/configuration.ts';
import { isExpected, type SimCluster } from './sim-cluster.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

const MEMBERS_MAX = 8;
/** Whoever was removed goes on for a while: it must not disturb the others. */
const REMOVED_LIVES_MS = 5_000;
const TRANSFER_TIMEOUT_MS = 2_000;
const CHANGE_TIMEOUT_MS = 2_000;
/** About two lines of the log. */
const END_BYTES = 400;

export class MembershipFaults {
  readonly #world: World;
  readonly #cluster: SimCluster;
  readonly #prng: Prng;
  #damaged: SimNode | null = null;
  #changing = 0;
  #asking = 0;

  constructor(world: World, cluster: SimCluster) {
    this.#world = world;
    this.#cluster = cluster;
    this.#prng = world.prng.fork();
  }

  /** The member whose disk was damaged and that has not been made good or replaced since. */
  get damaged(): SimNode | null {
    const node = this.#damaged;
    if (node === null || node.isGone) return node;
    const recovered = node.node !== null && node.node.raft.state.recovery === null;
    if (!recovered) return node;
    node.madeGood();
    this.#damaged = null;
    return null;
  }

  /** Whether something that was asked for is still under way. */
  get isBusy(): boolean {
    return this.#changing > 0 || this.#asking > 0;
  }

  add(): void {
    if (this.#cluster.nodes.length < MEMBERS_MAX) this.#work(this.#join());
  }

  remove(): void {
    const voters = this.#voters();
    // To take away another member than a damaged one is to lose two.
    if (voters.length < 2 || this.damaged !== null) return;
    const target = this.#prng.pick(voters);
    this.#work(this.#remove(target));
  }

  transfer(): void {
    const { running } = this.#cluster;
    if (running.length === 0) return;
    const to = this.#prng.chance(0.5) ? null : (this.#prng.pick(running).id ?? null);
    this.expect(
      this.#cluster.call(
        this.#prng.pick(running),
        (node, context) => node.transferLeadership(to, context),
        TRANSFER_TIMEOUT_MS,
      ),
    );
  }

  /** One bit of one file of one member changes while it is down. */
  flipBit(): void {
    if (this.damaged !== null || this.isBusy || this.#voters().length < 3) return;
    if (!this.#cluster.nodes.every(isWell)) return;
    const node = this.#prng.pick(this.#voters());
    node.crash('drop');
    const { disk } = node.disk;
    const paths = disk.paths().filter((path) => disk.contents(path).length > 0);
    // The end of the log is where damage and a torn write look alike.
    const atEnd = this.#prng.chance(0.5) ? paths.findLast((path) => path.startsWith('wal/')) : null;
    const path = atEnd ?? this.#prng.pick(paths);
    const size = disk.contents(path).length;
    const from = atEnd === path ? Math.max(0, size - END_BYTES) : 0;
    const bit = this.#prng.between(8 * from, 8 * size);
    disk.flipBit(path, bit);
    node.damaged();
    this.#damaged = node;
    this.#world.coverage.count('bit-flipped');
    this.#world.trace.line(node.name, `bit ${bit} of ${path} flipped`);
  }

  /** A member that refuses to start for its damage is replaced, as its operator is told to. */
  replaceDamaged(): void {
    const node = this.#damaged;
    if (node === null || !node.isGone || this.#changing > 0) return;
    this.#work(this.#replace(node));
  }

  /** Lets a call end as it will, but for errors that should not be. */
  expect(call: Promise<unknown>): void {
    const ended = (): void => {
      this.#asking -= 1;
    };
    this.#asking += 1;
    call.then(ended, (error: unknown) => {
      ended();
      if (!isExpected(error)) this.#world.failed(error);
    });
  }

  async #replace(node: SimNode): Promise<void> {
    const removed = await this.#cluster.remove(node.id);
    if (!removed) return;
    this.#damaged = null;
    await this.#join();
  }

  async #join(): Promise<void> {
    const joiner = await this.#cluster.join();
    if (joiner === null) return;
    this.#world.coverage.count('member-joined');
    if (this.#prng.chance(0.5)) await this.#update(joiner);
  }

  /** A new member, which does not vote yet, perhaps, gets another address or is to vote at once. */
  async #update({ id, url }: SimNode): Promise<void> {
    const { running } = this.#cluster;
    if (running.length === 0) return;
    const promotes = this.#prng.chance(0.3);
    const ask = (node: Node, context: RequestContext): Promise<unknown> =>
      promotes ? node.promoteMember(id, context) : node.updateMember(id, `${url}:1`, context);
    await this.#cluster
      .call(this.#prng.pick(running), ask, CHANGE_TIMEOUT_MS)
      .catch((error: unknown) => {
        if (!isExpected(error)) throw error;
      });
  }

  async #remove(target: SimNode): Promise<void> {
    const removed = await this.#cluster.remove(target.id);
    if (!removed) return;
    this.#world.coverage.count('member-removed');
    if (target === this.#damaged) this.#damaged = null;
    await this.#world.scheduler.pause(this.#prng.unit() * REMOVED_LIVES_MS);
    target.isGone = true;
    target.crash('drop');
  }

  #work(work: Promise<void>): void {
    this.#changing += 1;
    work.then(
      () => {
        this.#changing -= 1;
      },
      (error: unknown) => this.#world.failed(error),
    );
  }

  /** As the leader sees it. */
  #voters(): SimNode[] {
    const configuration = this.#cluster.leader?.node?.raft.state.history.latest;
    const ids = configuration === undefined ? [] : votersOf(configuration);
    return ids.flatMap((id) => this.#cluster.nodes.find((node) => node.id === id) ?? []);
  }
}

/** Runs, has all of its log, and knows of no change of the membership that is not committed. */
function isWell({ node }: SimNode): boolean {
  if (node === null) return false;
  const { recovery, history, commitIndex } = node.raft.state;
  return recovery === null && history.latestIndex <= commitIndex;
}
