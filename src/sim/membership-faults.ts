/**
 * CHANGES OF THE MEMBERSHIP in the middle of everything: members come and go, two changes race, one
 * is replaced at its own address, or moves to another, and leaders hand over or are removed.
 */
import type { Prng } from '../lib/prng.ts';
import type { RequestContext } from '../node/api.ts';
import type { Node } from '../node/node.ts';
import { votersOf } from '../raft/configuration.ts';
import type { FaultContext } from './fault-context.ts';
import { isExpected } from './sim-cluster.ts';
import type { SimNode } from './sim-node.ts';

const MEMBERS_MAX = 8;
/** Whoever was removed goes on for a while: it must not disturb the others. */
const REMOVED_LIVES_MS = 5_000;
const TRANSFER_TIMEOUT_MS = 2_000;
const CHANGE_TIMEOUT_MS = 2_000;
/** Nothing is on its way for so long. */
const ADDRESS_KEPT_MS = 60_000;
/** How often it is the leader that is removed, beyond chance. */
const LEADER_SHARE = 0.3;
/** How often somebody is removed who is down, and comes back when it is over. */
const DOWN_SHARE = 0.3;

export class MembershipFaults {
  readonly #context: FaultContext;
  readonly #prng: Prng;
  readonly #isAnyDamaged: () => boolean;
  /** Hears who was removed for good. */
  readonly #removed: (node: SimNode) => void;
  readonly #moving = new Set<SimNode>();
  #changing = 0;
  #asking = 0;
  #moves = 0;

  constructor(
    context: FaultContext,
    isAnyDamaged: () => boolean,
    removed: (node: SimNode) => void,
  ) {
    this.#context = context;
    this.#prng = context.world.prng.fork();
    this.#isAnyDamaged = isAnyDamaged;
    this.#removed = removed;
  }

  /** Whether something that was asked for is still under way. */
  get isBusy(): boolean {
    return this.isChanging || this.#asking > 0;
  }

  get isChanging(): boolean {
    return this.#changing > 0;
  }

  add(): void {
    if (this.#context.cluster.nodes.length < MEMBERS_MAX) this.work(this.#join());
  }

  remove(): void {
    const target = this.#drawLeaving();
    if (target !== null) this.work(this.#remove(target));
  }

  /** Removed, and another at once in its place: at the same address. */
  replace(): void {
    const target = this.#drawLeaving();
    if (target !== null) this.work(this.#replace(target));
  }

  /** Two or three changes at the same time, through any nodes: each is made, or is refused. */
  race(): void {
    this.#context.world.coverage.count('changes-raced');
    for (let left = this.#prng.between(2, 4); left > 0; left -= 1) {
      const change = this.#prng.pick(['add', 'remove', 'replace', 'move'] as const);
      this[change]();
    }
  }

  /** A member moves to another address. */
  move(): void {
    const nodes = this.#context.cluster.nodes.filter((node) => !this.#moving.has(node));
    if (nodes.length > 0) this.work(this.#move(this.#prng.pick(nodes)));
  }

  transfer(): void {
    const { running } = this.#context.cluster;
    if (running.length === 0) return;
    const to = this.#prng.chance(0.5) ? null : (this.#prng.pick(running).id ?? null);
    this.expect(
      this.#context.cluster.call(
        this.#prng.pick(running),
        (node, context) => node.transferLeadership(to, context),
        TRANSFER_TIMEOUT_MS,
      ),
    );
  }

  /** Lets a call end as it will, but for errors that should not be. */
  expect(call: Promise<unknown>): void {
    const ended = (): void => {
      this.#asking -= 1;
    };
    this.#asking += 1;
    call.then(ended, (error: unknown) => {
      ended();
      if (!isExpected(error)) this.#context.world.failed(error);
    });
  }

  /** Lets a change go on by itself. */
  work(work: Promise<unknown>): void {
    this.#changing += 1;
    work.then(
      () => {
        this.#changing -= 1;
      },
      (error: unknown) => this.#context.world.failed(error),
    );
  }

  async #join(url?: string): Promise<void> {
    const joiner = await this.#context.cluster.join(url);
    if (joiner === null) return;
    this.#context.world.coverage.count('member-joined');
    if (!this.#prng.chance(0.5)) return;
    // It does not vote yet, perhaps.
    if (this.#prng.chance(0.3)) await this.#promote(joiner);
    else await this.#move(joiner);
  }

  async #promote({ id }: SimNode): Promise<void> {
    const { cluster } = this.#context;
    const { running } = cluster;
    if (running.length === 0) return;
    const ask = (node: Node, context: RequestContext): Promise<unknown> =>
      node.promoteMember(id, context);
    await cluster.call(this.#prng.pick(running), ask, CHANGE_TIMEOUT_MS).catch((error: unknown) => {
      if (!isExpected(error)) throw error;
    });
  }

  async #remove(target: SimNode): Promise<boolean> {
    const { world, cluster } = this.#context;
    const leads = target === cluster.leader;
    const wasDown = this.#prng.chance(DOWN_SHARE);
    if (wasDown) target.crash('kill');
    const removed = await cluster.remove(target.id);
    if (!removed) return false;
    world.coverage.count('member-removed');
    if (leads) world.coverage.count('leader-removed');
    this.#removed(target);
    this.work(this.#outlive(target, wasDown));
    return true;
  }

  /** Nobody told it to stop; or somebody starts it who has not heard. */
  async #outlive(target: SimNode, wasDown: boolean): Promise<void> {
    const { world } = this.#context;
    if (wasDown && !target.isRunning && !target.isGone) {
      world.coverage.count('removed-came-back');
      target.start();
    }
    await world.scheduler.pause(this.#prng.unit() * REMOVED_LIVES_MS);
    target.isGone = true;
    target.crash('drop');
  }

  async #replace(target: SimNode): Promise<void> {
    if (!(await this.#remove(target))) return;
    this.#context.world.coverage.count('member-replaced');
    await this.#join(target.url);
  }

  async #move(target: SimNode): Promise<void> {
    const { world, cluster } = this.#context;
    if (this.#moving.has(target)) return;
    this.#moves += 1;
    const url = `http://${target.name}-${this.#moves}`;
    // It can be reached at both until it is certain that the others go by the new one.
    target.listenAt(url);
    this.#moving.add(target);
    // Whoever gives up does not know where the others look for it.
    if (!(await cluster.move(target.id, url))) return;
    world.coverage.count('member-moved');
    // A request that timed out before may still be on its way, and move it back.
    world.scheduler.after(ADDRESS_KEPT_MS, () => {
      target.listenOnlyAt(url);
      this.#moving.delete(target);
    });
  }

  #drawLeaving(): SimNode | null {
    const voters = this.#voters();
    // To take away another member than a damaged one is to lose two.
    if (voters.length < 2 || this.#isAnyDamaged()) return null;
    const { leader } = this.#context.cluster;
    if (leader !== null && this.#prng.chance(LEADER_SHARE)) return leader;
    return this.#prng.pick(voters);
  }

  /** As the leader sees it. */
  #voters(): SimNode[] {
    const { cluster } = this.#context;
    const configuration = cluster.leader?.node?.raft.state.history.latest;
    const ids = configuration === undefined ? [] : votersOf(configuration);
    return ids.flatMap((id) => cluster.nodes.find((node) => node.id === id) ?? []);
  }
}
