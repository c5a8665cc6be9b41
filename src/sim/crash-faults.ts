/** CRASHES: of one or of all, at any operation of the disk, at any message, and over and over. */
import type { Prng } from '../lib/prng.ts';
import type { CrashMode } from '../storage/memory-file.ts';
import type { FaultContext } from './fault-context.ts';
import type { CrashMoment } from './sim-disk.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

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
const OPERATIONS_MAX = 60;
const SENDS_MAX = 40;
const LOOPS_MAX = 6;
const LOOP_MS = 300;

export class CrashFaults {
  readonly #context: FaultContext;
  readonly #world: World;
  readonly #prng: Prng;
  readonly #isAnyDamaged: () => boolean;

  constructor(context: FaultContext, isAnyDamaged: () => boolean) {
    this.#context = context;
    this.#world = context.world;
    this.#prng = context.world.prng.fork();
    this.#isAnyDamaged = isAnyDamaged;
  }

  /** While one disk is damaged, no other may lose what it acknowledged. */
  mode(): CrashMode {
    return this.#prng.pick(this.#isAnyDamaged() ? CLEAN_CRASHES : CRASHES);
  }

  one(node: SimNode): void {
    node.crash(this.mode());
  }

  all(): void {
    this.#world.coverage.count('crash-of-all');
    const mode = this.mode();
    for (const node of this.#context.cluster.nodes) node.crash(mode);
  }

  atOperation(node: SimNode): void {
    const whileStarting = this.#prng.chance(0.5);
    if (whileStarting || !node.isRunning) this.restart(node);
    if (node.isGone) return;
    this.#world.coverage.count('crash-at-operation');
    this.#crashSoon(node, OPERATIONS_MAX);
  }

  atSend(node: SimNode): void {
    if (!node.isRunning) return;
    this.#world.coverage.count('crash-at-send');
    const later = node.crashLater(this.mode());
    const countdown = this.#prng.between(1, SENDS_MAX);
    const moment = this.#prng.pick(['before', 'after'] as const);
    node.lastSend.plan(countdown, moment, () => this.#world.scheduler.after(0, later));
  }

  /** It is started again at once, and again, and does not get far. */
  loop(node: SimNode, left = this.#prng.between(3, LOOPS_MAX)): void {
    if (left === 0 || node.isGone) return;
    this.#world.coverage.count('crash-loop');
    this.restart(node);
    if (node.isGone) return;
    this.#crashSoon(node, this.#prng.pick([10, OPERATIONS_MAX]));
    this.#context.later(this.#prng.unit() * LOOP_MS, () => this.loop(node, left - 1));
  }

  restart(node: SimNode): void {
    node.crash(this.mode());
    if (!node.isGone) node.start();
  }

  #crashSoon(node: SimNode, operations: number): void {
    const countdown = this.#prng.between(1, operations);
    node.disk.crashAt(countdown, this.#prng.pick(MOMENTS), node.crashLater(this.mode()));
  }
}
