/** FAULTS OF DISKS THAT SAY NOTHING, within the budget (damage.ts): one member at a time. */
import type { Prng } from '../lib/prng.ts';
import { votersOf } from '../raft/configuration.ts';
import type { DiskFault } from '../storage/memory-disk.ts';
import { DAMAGES, type Damage, damage, flipBit } from './damage.ts';
import type { FaultContext } from './fault-context.ts';
import type { FaultName } from './fault-names.ts';
import type { SimNode } from './sim-node.ts';

/** What can happen to a file that a process is using. */
const WHILE_RUNNING: readonly Damage[] = [
  'bits-flipped',
  'sector-garbage',
  'sector-zeroed',
  'write-misdirected',
];
/** To find something that can be damaged in the way that was drawn. */
const ATTEMPTS = 5;
/** A start reads about so often. */
const READS_MAX = 12;

export type DamageFault = Extract<FaultName, 'bit-flip' | 'damage' | 'wipe'>;

interface Damaged {
  readonly node: SimNode;
  /** How many processes there had been on it. */
  readonly starts: number;
}

export class DamageFaults {
  readonly #context: FaultContext;
  readonly #prng: Prng;
  #damaged: Damaged | null = null;
  readonly #wanted: DamageFault[] = [];

  constructor(context: FaultContext) {
    this.#context = context;
    this.#prng = context.world.prng.fork();
  }

  /** The member whose disk was damaged and that has not been made good or replaced since. */
  get damaged(): SimNode | null {
    if (this.#damaged === null) return null;
    const { node, starts } = this.#damaged;
    if (node.isGone) return node;
    // What was damaged under a running process shows when the next one reads it.
    const recovered = node.node !== null && node.node.raft.state.recovery === null;
    if (!recovered || node.starts === starts) return node;
    node.madeGood();
    this.#damaged = null;
    return null;
  }

  /** The damaged member is one no more. */
  forget(node: SimNode): void {
    if (this.#damaged?.node === node) this.#damaged = null;
  }

  /** Comes as soon as the budget lets it. */
  want(kind: DamageFault): void {
    this.#wanted.push(kind);
  }

  /** @param isChanging whether the membership is being changed. */
  look(isChanging: boolean): void {
    const [kind] = this.#wanted;
    const node = kind === undefined ? null : this.#draw(isChanging);
    if (node === null) return;
    this.#wanted.shift();
    this.#context.world.coverage.count('damaged');
    if (kind === 'bit-flip') this.#flipBit(node);
    else if (kind === 'wipe') this.#wipe(node);
    else if (this.#prng.chance(0.15)) this.#readWrong(node);
    else this.#damage(node);
  }

  /** One bit of one file of one member changes while it is down. */
  #flipBit(node: SimNode): void {
    node.crash('drop');
    const what = flipBit(node.disk.disk, this.#prng);
    if (what === null) return;
    this.#context.world.coverage.count('bit-flipped');
    this.#note(node, what);
  }

  /** Anything else, under a process that runs as often as not. */
  #damage(node: SimNode): void {
    const isRunning = this.#prng.chance(0.4);
    if (!isRunning) node.crash('drop');
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const kind = this.#prng.pick(isRunning ? WHILE_RUNNING : DAMAGES);
      const what = damage(kind, node.disk.disk, this.#prng);
      if (what === null) continue;
      this.#context.world.coverage.count(kind);
      if (isRunning) this.#context.world.coverage.count('damage-under-process');
      this.#note(node, `${kind}: ${what}`);
      return;
    }
  }

  /**
   * The directory is empty, and the member is started as if nothing had happened; often where it
   * reaches at most one of those who could tell.
   */
  #wipe(node: SimNode): void {
    const { world, cluster } = this.#context;
    node.crash('drop');
    world.coverage.count('wiped');
    this.#note(node, 'its disk is empty');
    node.wipe();
    if (this.#prng.chance(0.5)) return;
    const friend = this.#prng.pick(cluster.nodes);
    const others = cluster.nodes
      .filter((one) => one !== node && one !== friend)
      .map(({ id }) => id);
    const mend = world.network.part([node.id], others);
    this.#context.later(this.#prng.between(6_000, 15_000), mend);
  }

  /**
   * A member that refuses to start for its damage is replaced, as its operator is told to: its
   * successor often has the same address.
   */
  async replace(): Promise<boolean> {
    const { cluster, world } = this.#context;
    const node = this.#damaged?.node;
    if (node === undefined || !node.isGone) return false;
    const removed = await cluster.remove(node.id);
    if (!removed) return false;
    this.forget(node);
    const joined = await cluster.join(this.#prng.chance(0.5) ? node.url : undefined);
    if (joined !== null) world.coverage.count('damaged-replaced');
    return joined !== null;
  }

  get needsReplacement(): boolean {
    return this.#damaged?.node.isGone === true;
  }

  /** The disk gives wrong bytes once, at a start. */
  #readWrong(node: SimNode): void {
    node.crash('drop');
    node.start();
    this.#context.world.coverage.count('read-wrong');
    const fault: DiskFault = { type: 'wrong-read', at: this.#prng.uint32() };
    const countdown = this.#prng.between(1, READS_MAX);
    node.disk.failAt({ fault, applies: ({ kind }) => kind === 'read', countdown });
    this.#note(node, 'a read gives wrong bytes', node.starts - 1);
  }

  #note(node: SimNode, what: string, starts = node.starts): void {
    node.damaged();
    this.#damaged = { node, starts };
    this.#context.world.trace.line(node.name, `is damaged: ${what}`);
  }

  /** A voter that may be damaged now. */
  #draw(isChanging: boolean): SimNode | null {
    const voters = this.#voters();
    if (this.damaged !== null || isChanging || voters.length < 3) return null;
    return this.#context.cluster.nodes.every(isWell) ? this.#prng.pick(voters) : null;
  }

  /** As the leader sees it. */
  #voters(): SimNode[] {
    const { cluster } = this.#context;
    const configuration = cluster.leader?.node?.raft.state.history.latest;
    const ids = configuration === undefined ? [] : votersOf(configuration);
    return ids.flatMap((id) => cluster.nodes.find((node) => node.id === id) ?? []);
  }
}

/** Runs, has all of its log, and knows of no change of the membership that is not committed. */
function isWell({ node }: SimNode): boolean {
  if (node === null) return false;
  const { recovery, history, commitIndex } = node.raft.state;
  return recovery === null && history.latestIndex <= commitIndex;
}
