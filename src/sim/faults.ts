/** THE FAULTS by name: what happens, to whom; all drawn from the seed. */
import type { Prng } from '../lib/prng.ts';
import { ClockFaults } from './clock-faults.ts';
import { CrashFaults } from './crash-faults.ts';
import { DamageFaults } from './damage-faults.ts';
import { DiskFaults } from './disk-faults.ts';
import { FaultContext } from './fault-context.ts';
import type { FaultName } from './fault-names.ts';
import { LinkFaults } from './link-faults.ts';
import { MembershipFaults } from './membership-faults.ts';
import type { SimCluster } from './sim-cluster.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

/** How often it is the leader that is hit, beyond chance. */
const LEADER_SHARE = 0.3;

export class Faults {
  readonly #world: World;
  readonly #cluster: SimCluster;
  readonly #context: FaultContext;
  readonly #damages: DamageFaults;
  readonly #membership: MembershipFaults;
  readonly #crashes: CrashFaults;
  readonly #clocks: ClockFaults;
  readonly #disks: DiskFaults;
  readonly #links: LinkFaults;
  readonly #prng: Prng;

  /** @param isOver whether no further fault is to come. */
  constructor(world: World, cluster: SimCluster, isOver: () => boolean) {
    this.#world = world;
    this.#cluster = cluster;
    this.#prng = world.prng.fork();
    const context = new FaultContext(world, cluster, isOver);
    const damages = new DamageFaults(context);
    const isAnyDamaged = (): boolean => damages.damaged !== null;
    this.#context = context;
    this.#damages = damages;
    this.#membership = new MembershipFaults(context, isAnyDamaged, (node) => damages.forget(node));
    this.#crashes = new CrashFaults(context, isAnyDamaged);
    this.#clocks = new ClockFaults(context);
    this.#disks = new DiskFaults(context);
    this.#links = new LinkFaults(context);
  }

  /** Whether a change of the membership is under way. */
  get isBusy(): boolean {
    return this.#membership.isBusy;
  }

  inject(name: FaultName): void {
    const node = this.#pick();
    if (node === null) return;
    this.#world.trace.line('nemesis', name);
    this.#world.coverage.count('fault');
    this.#inject(name, node);
  }

  /** Does what has waited for its time: a damage, or a member that one has made useless. */
  look(): void {
    this.#damages.look(this.#membership.isBusy);
    if (!this.#damages.needsReplacement || this.#membership.isChanging) return;
    this.#membership.work(this.#damages.replace());
  }

  #inject(name: FaultName, node: SimNode): void {
    switch (name) {
      case 'crash':
        return this.#crashes.one(node);
      case 'crash-all':
        return this.#crashes.all();
      case 'crash-at-operation':
        return this.#crashes.atOperation(node);
      case 'crash-at-send':
        return this.#crashes.atSend(node);
      case 'crash-loop':
        return this.#crashes.loop(node);
      case 'pause':
        return this.#pause();
      case 'freeze':
        return this.#clocks.freeze(node);
      case 'clock-rate':
        return this.#clocks.rate(node);
      case 'wall-clock':
        return this.#clocks.jump(node);
      case 'wall-clock-strobe':
        return this.#clocks.strobe(node);
      case 'partition':
        return this.#links.partition();
      case 'flap':
        return this.#links.flap();
      case 'clog':
        return this.#links.clog(node, this.#pick() ?? node);
      case 'other-version':
        return this.#links.otherVersion(node);
      case 'step-down':
        return this.#command(this.#cluster.leader, (target) => target.stepDown());
      case 'campaign':
        return this.#command(node, (target) => target.campaign());
      case 'bit-flip':
      case 'damage':
      case 'wipe':
        return this.#damages.want(name);
      case 'disk-slow':
        return this.#disks.slow(node);
      case 'disk-stuck':
        return this.#disks.stick(node);
      case 'disk-error':
        return this.#disks.fail(node);
      case 'disk-error-anywhere':
        return this.#disks.failAnywhere(node, () => this.#crashes.restart(node));
      case 'disk-full':
        return this.#disks.fill(node);
      case 'add-member':
        return this.#membership.add();
      case 'remove-member':
        return this.#membership.remove();
      case 'replace-member':
        return this.#membership.replace();
      case 'move-member':
        return this.#membership.move();
      case 'race-changes':
        return this.#membership.race();
      case 'transfer':
        return this.#membership.transfer();
    }
  }

  /** SIGSTOP, of one or of several; what arrives meanwhile is delivered at once afterwards. */
  #pause(): void {
    const { coverage, scheduler } = this.#world;
    const count = this.#prng.pick([1, 1, 1, this.#cluster.nodes.length]);
    if (count > 1) coverage.count('pause-of-several');
    for (let i = 0; i < count; i += 1) {
      const node = this.#pick();
      if (node === null || !node.isRunning) continue;
      coverage.count('pause');
      node.stop();
      scheduler.after(this.#context.duration(this.#prng, 0.1, 20), () => node.resume());
    }
  }

  /** Something an operator asks of one node, and that the node may refuse. */
  #command(node: SimNode | null, ask: (target: NonNullable<SimNode['node']>) => void): void {
    if (node === null) return;
    const call = this.#cluster.call(
      node,
      (target) => Promise.resolve().then(() => ask(target)),
      100,
    );
    this.#membership.expect(call);
  }

  #pick(): SimNode | null {
    const { nodes, leader } = this.#cluster;
    if (leader !== null && this.#prng.chance(LEADER_SHARE)) return leader;
    return nodes.length === 0 ? null : this.#prng.pick(nodes);
  }
}
