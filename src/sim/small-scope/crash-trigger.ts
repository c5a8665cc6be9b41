/** Counts what the members do, and carries out the crashes of a case where they are due. */
import type { DiskOperation } from '../../storage/memory-disk.ts';
import type { SimNode } from '../sim-node.ts';
import type { World } from '../world.ts';
import { ChoicePath } from './choice-path.ts';
import { changesDisk, type CrashPlan } from './crash-plan.ts';
import { type DiskOutcome, outcomesOf } from './outcomes.ts';

/** An operation that changed a disk. */
export interface Point {
  readonly kind: DiskOperation['kind'];
  /** The node was starting. */
  readonly starting: boolean;
}

/** What a member did since the script began, or since the last crash that was planned. */
export interface Doings {
  readonly points: Point[];
  sent: number;
}

export class CrashTrigger {
  readonly #left: CrashPlan[];
  readonly #enumerate: boolean;
  readonly #crashed: (node: SimNode, plan: CrashPlan) => void;
  #doings = new Map<string, Doings>();
  #outcomes: readonly DiskOutcome[] = [];
  #armed = false;
  #fired = 0;
  #repeats = false;

  /**
   * @param enumerate whether to look at everything that the last of the crashes may leave.
   * @param crashed it has happened: what became of the disk is decided.
   */
  constructor(
    plans: readonly CrashPlan[],
    enumerate: boolean,
    crashed: (node: SimNode, plan: CrashPlan) => void,
  ) {
    this.#left = [...plans];
    this.#enumerate = enumerate;
    this.#crashed = crashed;
  }

  get doings(): ReadonlyMap<string, Doings> {
    return this.#doings;
  }

  /** What the last crash may leave, of which one was chosen. */
  get outcomes(): readonly DiskOutcome[] {
    return this.#outcomes;
  }

  /** How many of the crashes have happened. */
  get fired(): number {
    return this.#fired;
  }

  /**
   * The last crash, behind an operation, found the next one begun: so it is the same as the one
   * around that, which is a case of its own.
   */
  get repeats(): boolean {
    return this.#repeats;
  }

  arm(): void {
    this.#armed = true;
  }

  /** Nothing is counted any more, and nothing crashes. */
  disarm(): void {
    this.#armed = false;
  }

  /** Is told of every operation of a disk before anything comes of it. */
  operation(node: SimNode, operation: DiskOperation): void {
    if (!this.#armed || !changesDisk(operation)) return;
    const { points } = this.#of(node);
    points.push({ kind: operation.kind, starting: node.isStarting });
    const plan = this.#due(node, points.length);
    if (plan === null || plan.moment === 'sent') return;
    node.disk.crashAt(1, plan.moment, () => this.#fire(node, plan));
  }

  /** Is told when something has just left a member; by then its process may have ended. */
  sent(node: SimNode): void {
    if (!this.#armed || !node.isRunning) return;
    const doings = this.#of(node);
    doings.sent += 1;
    const plan = this.#due(node, doings.sent);
    if (plan?.moment === 'sent') this.#fire(node, plan);
  }

  #of({ name }: SimNode): Doings {
    const doings = this.#doings.get(name) ?? { points: [], sent: 0 };
    this.#doings.set(name, doings);
    return doings;
  }

  #due({ name }: SimNode, at: number): CrashPlan | null {
    const [plan] = this.#left;
    return plan?.node === name && plan.at === at ? plan : null;
  }

  #fire(node: SimNode, plan: CrashPlan): void {
    if (!node.isRunning || this.#left[0] !== plan) return;
    this.#left.shift();
    this.#fired += 1;
    this.#repeats = plan.moment === 'after' && this.#of(node).points.length > plan.at;
    this.#doings = new Map();
    if (this.#enumerate && this.#left.length === 0) this.#outcomes = outcomesOf(node.disk.disk);
    node.crash(plan.mode, new ChoicePath(plan.choices));
    this.#crashed(node, plan);
  }
}

/** Crashes everyone who runs, each in the first way of the mode. */
export function crashAll(world: World, mode: CrashPlan['mode']): void {
  for (const node of world.nodes.values()) node.crash(mode, new ChoicePath());
}
