/** THE FAULTS, one function each: what happens, to whom, for how long; all drawn from the seed. */
import type { Prng } from '../lib/prng.ts';
import type { CrashMode } from '../storage/memory-file.ts';
import type { FaultName } from './fault-names.ts';
import type { MembershipFaults } from './membership-faults.ts';
import { drawPartition } from './partitions.ts';
import type { SimCluster } from './sim-cluster.ts';
import type { CrashMoment } from './sim-disk.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

const MINUTE_MS = 60_000;
/** How often it is the leader that is hit, beyond chance. */
const LEADER_SHARE = 0.3;
/** How often it is the leader that is cut off: only so are there two for a while. */
const LEADER_CUT_SHARE = 0.5;
/** Far more than remembered requests are kept for: nothing may go by wall clocks. */
const WALL_JUMP_MAX_MS = 24 * 60 * MINUTE_MS;
const MOMENTS: readonly CrashMoment[] = ['before', 'during', 'after'];
const CRASHES: readonly CrashMode[] = [
  'kill',
  'drop',
  'keep',
  'prefix',
  'sectors',
  'zeros',
  'mixed',
];
/** None of them leaves a tail that looks like damage. */
const CLEAN_CRASHES: readonly CrashMode[] = ['kill', 'drop', 'keep'];

export class Faults {
  readonly #world: World;
  readonly #cluster: SimCluster;
  readonly #membership: MembershipFaults;
  readonly #prng: Prng;

  constructor(world: World, cluster: SimCluster, membership: MembershipFaults) {
    this.#world = world;
    this.#cluster = cluster;
    this.#membership = membership;
    this.#prng = world.prng.fork();
  }

  inject(name: FaultName): void {
    const node = this.#pick();
    if (node === null) return;
    this.#world.trace.line('nemesis', name);
    this.#inject(name, node);
  }

  #inject(name: FaultName, node: SimNode): void {
    switch (name) {
      case 'crash':
        return node.crash(this.crashMode());
      case 'crash-all':
        return this.#crashAll();
      case 'crash-at-operation':
        return this.#crashAtOperation(node);
      case 'pause':
        return this.#pause();
      case 'partition':
        return this.#partition();
      case 'clog':
        return this.#clog(node);
      case 'disk-slow':
        return this.#slow(node);
      case 'disk-stuck':
        return this.#stuck(node);
      case 'disk-error':
        return this.#diskError(node);
      case 'disk-full':
        return this.#full(node);
      case 'bit-flip':
        return this.#membership.flipBit();
      case 'clock-rate':
        this.#world.coverage.count('clock-rate-changed');
        return node.machine.setRate(0.9 + this.#prng.unit() * 0.2);
      case 'wall-clock':
        return this.#wallClock(node);
      case 'add-member':
        return this.#membership.add();
      case 'remove-member':
        return this.#membership.remove();
      case 'transfer':
        return this.#membership.transfer();
      case 'step-down':
        return this.#command(this.#cluster.leader, (target) => target.stepDown());
      case 'campaign':
        return this.#command(node, (target) => target.campaign());
    }
  }

  /** While one disk is damaged, no other may lose what it acknowledged. */
  crashMode(): CrashMode {
    const { damaged } = this.#membership;
    return this.#prng.pick(damaged === null ? CRASHES : CLEAN_CRASHES);
  }

  #crashAll(): void {
    this.#world.coverage.count('crash-of-all');
    const mode = this.crashMode();
    for (const node of this.#cluster.nodes) node.crash(mode);
  }

  #crashAtOperation(node: SimNode): void {
    const whileStarting = this.#prng.chance(0.5);
    if (whileStarting || !node.isRunning) {
      node.crash(this.crashMode());
      if (node.isGone) return;
      node.start();
    }
    this.#world.coverage.count('crash-at-operation');
    const countdown = this.#prng.between(1, 60);
    node.disk.crashAt(countdown, this.#prng.pick(MOMENTS), node.crashLater(this.crashMode()));
  }

  #pause(): void {
    const { coverage, scheduler } = this.#world;
    const count = this.#prng.pick([1, 1, 1, this.#cluster.nodes.length]);
    for (let i = 0; i < count; i += 1) {
      const node = this.#pick();
      if (node === null || !node.isRunning) continue;
      coverage.count('pause');
      node.stop();
      scheduler.after(this.#duration(0.1, 20), () => node.resume());
    }
  }

  #partition(): void {
    const { coverage, network, scheduler } = this.#world;
    const ids = this.#cluster.nodes.map((node) => node.id);
    const leader = this.#prng.chance(LEADER_CUT_SHARE) ? this.#cluster.leader : null;
    const partition = drawPartition(this.#prng, ids, leader?.id ?? null);
    coverage.count('partition');
    if (partition.kind !== 'other') coverage.count(partition.kind);
    const mends = partition.cuts.map(([from, to]) => network.cut(from, to));
    scheduler.after(this.#duration(0.5, 15), () => {
      for (const mend of mends) mend();
    });
  }

  #clog(node: SimNode): void {
    const other = this.#pick();
    if (other === null || other === node) return;
    this.#world.coverage.count('link-clogged');
    this.#world.network.clog(node.id, other.id, this.#duration(0.1, 10));
  }

  #slow({ disk }: SimNode): void {
    this.#world.coverage.count('disk-slow');
    disk.slowness = this.#prng.pick([3, 10, 50, 200]);
    this.#world.scheduler.after(this.#duration(1, 15), () => {
      disk.slowness = 1;
    });
  }

  #stuck({ disk }: SimNode): void {
    this.#world.coverage.count('disk-stuck');
    disk.stick();
    this.#world.scheduler.after(this.#duration(0.5, 10), () => disk.release());
  }

  #diskError({ disk }: SimNode): void {
    this.#world.coverage.count('disk-error');
    disk.failNext(
      this.#prng.pick([
        { type: 'error', code: 'EIO' },
        { type: 'dropped-pages' },
        { type: 'short-write', bytes: this.#prng.between(0, 200) },
      ]),
    );
  }

  #full({ disk }: SimNode): void {
    this.#world.coverage.count('disk-full');
    disk.fill(this.#prng.between(0, 8_000));
    this.#world.scheduler.after(this.#duration(2, 20), () => disk.empty());
  }

  #wallClock({ machine }: SimNode): void {
    this.#world.coverage.count('wall-clock-jumped');
    const size = this.#prng.logUniform(10, WALL_JUMP_MAX_MS);
    machine.wallOffset = Math.trunc(this.#prng.chance(0.5) ? size : -size);
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

  /** In election timeouts; short ones are as frequent as long ones. */
  #duration(from: number, to: number): number {
    const { electionMs } = this.#world.profile.timing;
    return electionMs * this.#prng.logUniform(from, to);
  }
}
