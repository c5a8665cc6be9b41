/** WHAT EVERY KIND OF FAULT needs: the world, draws of its own, and how long things last. */
import type { Prng } from '../lib/prng.ts';
import type { SimCluster } from './sim-cluster.ts';
import type { World } from './world.ts';

export class FaultContext {
  readonly world: World;
  readonly cluster: SimCluster;
  /** Whether the time of faults is over: what comes in steps takes no further one. */
  readonly isOver: () => boolean;

  constructor(world: World, cluster: SimCluster, isOver: () => boolean) {
    this.world = world;
    this.cluster = cluster;
    this.isOver = isOver;
  }

  /** Ms between so many election timeouts and so many; short ones are as frequent as long ones. */
  duration(prng: Prng, from: number, to: number): number {
    return this.world.profile.timing.electionMs * prng.logUniform(from, to);
  }

  /** Later, if the faults go on by then. */
  later(ms: number, work: () => void): void {
    this.world.scheduler.after(ms, () => {
      if (!this.isOver()) work();
    });
  }
}
