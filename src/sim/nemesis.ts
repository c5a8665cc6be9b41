/**
 * THE NEMESIS: lets the faults that the seed drew come, each at its own rate, and starts what has
 * crashed again, sooner or later.
 */
import type { Prng } from '../lib/prng.ts';
import type { FaultName } from './fault-names.ts';
import { Faults } from './faults.ts';
import type { SimCluster } from './sim-cluster.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

const LOOK_EVERY_MS = 200;
const DOWN_MAX_MS = 4_000;

export class Nemesis {
  readonly #world: World;
  readonly #cluster: SimCluster;
  readonly #faults: Faults;
  readonly #prng: Prng;
  readonly #restarting = new Set<SimNode>();
  #stopped = false;

  constructor(world: World, cluster: SimCluster) {
    this.#world = world;
    this.#cluster = cluster;
    this.#faults = new Faults(world, cluster, () => this.#stopped);
    this.#prng = world.prng.fork();
  }

  start(): void {
    for (const [name, everyMs] of this.#world.profile.faults) this.#plan(name, everyMs);
    this.#look();
  }

  /** No more faults; what is wrong stays so. */
  stop(): void {
    this.#stopped = true;
  }

  /** Whether a change of the membership is under way. */
  get isBusy(): boolean {
    return this.#faults.isBusy;
  }

  #plan(name: FaultName, everyMs: number): void {
    this.#world.scheduler.after(this.#prng.exponential(everyMs), () => {
      if (this.#stopped) return;
      this.#faults.inject(name);
      this.#plan(name, everyMs);
    });
  }

  #look(): void {
    if (this.#stopped) return;
    for (const node of this.#cluster.nodes) {
      if (!node.isRunning && !this.#restarting.has(node)) this.#restart(node);
    }
    this.#faults.look();
    this.#world.scheduler.after(LOOK_EVERY_MS, () => this.#look());
  }

  #restart(node: SimNode): void {
    this.#restarting.add(node);
    this.#world.scheduler.after(this.#prng.unit() * this.#prng.unit() * DOWN_MAX_MS, () => {
      this.#restarting.delete(node);
      if (this.#stopped || node.isRunning || node.isGone) return;
      this.#world.coverage.count('restart');
      node.start();
    });
  }
}
