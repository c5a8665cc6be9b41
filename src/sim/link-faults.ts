/** FAULTS OF LINKS: cut, clogged, or there and gone again; and peers that speak another version. */
import type { Prng } from '../lib/prng.ts';
import { WIRE_VERSIONS } from '../wire/raft-version.ts';
import type { FaultContext } from './fault-context.ts';
import { drawPartition } from './partitions.ts';
import type { SimCluster } from './sim-cluster.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

/** How often it is the leader that is cut off: only so are there two for a while. */
const LEADER_CUT_SHARE = 0.5;
/** What a link that is clogged lets wait, from the first up to the second. */
const CLOG_ROOM = [2, 21] as const;
const FLAPS_MAX = 30;

export class LinkFaults {
  readonly #context: FaultContext;
  readonly #world: World;
  readonly #cluster: SimCluster;
  readonly #prng: Prng;

  constructor(context: FaultContext) {
    this.#context = context;
    this.#world = context.world;
    this.#cluster = context.cluster;
    this.#prng = context.world.prng.fork();
  }

  partition(): void {
    const { coverage, scheduler } = this.#world;
    const partition = this.#draw();
    coverage.count('partition');
    coverage.count(partition.kind);
    if (partition.isOneWay) coverage.count('partition-one-way');
    const mend = this.#cut(partition.cuts);
    scheduler.after(this.#duration(0.5, 15), mend);
  }

  /** The same links fail again and again, for about as long as elections take, or less. */
  flap(): void {
    const { cuts } = this.#draw();
    const flap = (left: number): void => {
      if (left === 0) return;
      this.#world.coverage.count('link-flapped');
      const mend = this.#cut(cuts);
      this.#context.later(this.#duration(0.05, 1.5), () => {
        mend();
        this.#context.later(this.#duration(0.05, 1.5), () => flap(left - 1));
      });
    };
    flap(this.#prng.between(2, FLAPS_MAX));
  }

  clog(node: SimNode, other: SimNode): void {
    if (other === node) return;
    this.#world.coverage.count('link-clogged');
    const room = this.#prng.between(...CLOG_ROOM);
    this.#world.network.clog(node.id, other.id, this.#duration(0.1, 10), room);
  }

  /**
   * A member is started in a version of the program that the others do not understand, nor it them;
   * and then in the right one again. (There is one version of the protocol, so far.)
   */
  otherVersion(node: SimNode): void {
    if (!node.isRunning || node.speaks !== WIRE_VERSIONS) return;
    this.#world.coverage.count('other-version');
    const next = WIRE_VERSIONS.max + 1;
    node.speaks = { min: next, max: next };
    restart(node);
    this.#context.later(this.#duration(1, 20), () => {
      node.speaks = WIRE_VERSIONS;
      if (node.isRunning) restart(node);
    });
  }

  #duration(from: number, to: number): number {
    return this.#context.duration(this.#prng, from, to);
  }

  #draw() {
    const ids = this.#cluster.nodes.map((node) => node.id);
    const leader = this.#prng.chance(LEADER_CUT_SHARE) ? this.#cluster.leader : null;
    return drawPartition(this.#prng, ids, leader?.id ?? null);
  }

  #cut(cuts: ReturnType<typeof drawPartition>['cuts']): () => void {
    const mends = cuts.map(([from, to]) => this.#world.network.cut(from, to));
    return () => {
      for (const mend of mends) mend();
    };
  }
}

/** As its operator does it; its disk loses nothing. */
function restart(node: SimNode): void {
  node.crash('kill');
  if (!node.isGone) node.start();
}
