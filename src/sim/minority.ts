/**
 * WHOEVER IS LEFT OUT of the core when a run heals: dead, cut off, or heard or hearing in one
 * direction only; and later now this, now that, or stopped, or all there. Whatever they do, the
 * core goes on as it was.
 */
import type { MemberId } from '../lib/ids.ts';
import type { Prng } from '../lib/prng.ts';
import type { Term } from '../raft/entry.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

/**
 * `deaf`: hears nothing of the core. `mute`: not heard by it. `still`: stopped, with all that
 * arrives. `whole`: as if it belonged to the core.
 */
const WAYS = ['dead', 'cut', 'deaf', 'mute'] as const;
const WILD_WAYS = ['cut', 'deaf', 'mute', 'still'] as const;
type Way = (typeof WAYS)[number] | (typeof WILD_WAYS)[number] | 'whole';

export class Minority {
  readonly #world: World;
  readonly #prng: Prng;
  readonly #core: readonly MemberId[];
  readonly #nodes: readonly SimNode[];
  readonly #mends = new Map<SimNode, (() => void)[]>();
  #isWild = false;

  constructor(world: World, prng: Prng, core: readonly SimNode[], nodes: readonly SimNode[]) {
    this.#world = world;
    this.#prng = prng;
    this.#core = core.map(({ id }) => id);
    this.#nodes = nodes;
  }

  /** Each goes its way, and stays so. */
  leave(): void {
    this.#isWild = false;
    for (const node of this.#nodes) this.#become(node, this.#prng.pick(WAYS));
  }

  /**
   * Until they leave again, each changes its way every so often.
   *
   * @param term of the leader. Who is beyond it, for it was told to campaign before, is not let in:
   * a term that was entered has to be taken over, and with it the leader goes.
   */
  goWild(everyMs: number, term: Term): void {
    this.#isWild = true;
    for (const node of this.#nodes) this.#change(node, everyMs, term);
  }

  #change(node: SimNode, everyMs: number, term: Term): void {
    this.#world.scheduler.after(everyMs * 2 * this.#prng.unit(), () => {
      if (!this.#isWild) return;
      const ownTerm = Math.max(node.durable.hard.term, node.node?.term() ?? 0);
      const mayJoin = ownTerm <= term && this.#prng.chance(0.5);
      this.#become(node, mayJoin ? 'whole' : this.#prng.pick(WILD_WAYS));
      this.#world.coverage.count('minority-changed');
      this.#change(node, everyMs, term);
    });
  }

  #become(node: SimNode, way: Way): void {
    const { network, trace } = this.#world;
    trace.line(node.name, `is now ${way}`);
    for (const mend of this.#mends.get(node) ?? []) mend();
    if (way === 'dead') node.crash('drop');
    else if (!node.isRunning && !node.isGone) node.start();
    node.resume();
    if (way === 'still') node.stop();
    const mends: (() => void)[] = [];
    const isHeard = way === 'whole' || way === 'still' || way === 'deaf';
    const hears = way === 'whole' || way === 'still' || way === 'mute';
    if (!hears) mends.push(network.cut(this.#core, [node.id]));
    if (!isHeard) mends.push(network.cut([node.id], this.#core));
    this.#mends.set(node, mends);
  }
}
