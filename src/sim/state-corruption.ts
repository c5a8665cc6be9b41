/**
 * A STATE THAT IS WRONG: at the end of a run the memory of one member changes, as a defect or a bad
 * chip might change it. The others must notice as soon as it shows in the hash of its state, and
 * shut it out for good; nobody else may be shut out.
 */
import { bytesOfText } from '../lib/bytes.ts';
import type { KeyValue } from '../kv/command.ts';
import type { Prng } from '../lib/prng.ts';
import type { RequestContext } from '../node/api.ts';
import type { Node } from '../node/node.ts';
import { memberOf } from '../raft/configuration.ts';
import { areEnough } from './calm.ts';
import { check } from './failure.ts';
import { isExpected, type SimCluster } from './sim-cluster.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

/** Its key comes before all others: nobody else writes it. */
const KEY = bytesOfText('a-fragile-key');
const TIMEOUT_MS = 2_000;
/** For the write that brings the change to light, and for some comparisons of states. */
const NOTICED_WITHIN_MS = 30_000;
/** How long those who are sound must stay, ms. */
const AFTER_MS = 3_000;

export interface StateCorruptionOptions {
  readonly world: World;
  readonly cluster: SimCluster;
  /** Members that have applied everything. */
  readonly nodes: readonly SimNode[];
  /** What state a node is in is no business of the checkers any more. */
  readonly distrust: (node: SimNode) => void;
  readonly hasFailed: () => boolean;
}

export class StateCorruption {
  readonly #options: StateCorruptionOptions;
  readonly #prng: Prng;

  constructor(options: StateCorruptionOptions) {
    this.#options = options;
    this.#prng = options.world.prng.fork();
  }

  /** Only where a majority remains that can say what is right. @throws SimFailure */
  run(): void {
    const { nodes, world, distrust } = this.#options;
    const victim = nodes.length === 0 ? null : this.#prng.pick(nodes);
    if (victim === null || !this.#mayLose(victim)) return;
    if (!this.#write('sound') || !this.#await(TIMEOUT_MS, () => corrupt(victim))) return;
    world.trace.line(victim.name, 'its memory changes');
    world.coverage.count('state-corrupted');
    distrust(victim);
    victim.damaged();
    this.#write('sound again');
    const { hasFailed } = this.#options;
    const noticed = this.#await(NOTICED_WITHIN_MS, () => victim.isGone);
    if (hasFailed()) return;
    check(noticed, 'a state that is wrong is noticed', () => {
      return `${victim.name} goes on with a state that differs from that of all others`;
    });
    this.#await(AFTER_MS, () => false);
  }

  /** Whether the other members that run are a majority of the voters. */
  #mayLose(victim: SimNode): boolean {
    const { nodes, world, cluster } = this.#options;
    const latest = cluster.leader?.node?.raft.state.history.latest;
    if (world.profile.limits.hashCheckMs === 0 || latest === undefined) return false;
    const isSound = (node: SimNode): boolean =>
      node !== victim && node.node !== null && memberOf(latest, node.id) !== undefined;
    const sound = nodes.filter(isSound);
    return areEnough(sound, latest);
  }

  /** Whether it is written for certain. */
  #write(text: string): boolean {
    const { cluster } = this.#options;
    const { leader } = cluster;
    let written = false;
    if (leader === null) return false;
    const put = async (node: Node, context: RequestContext): Promise<void> => {
      const fields = { key: KEY, value: bytesOfText(text), condition: null, prev: false };
      await node.propose({ kind: 'put', ...fields }, context);
      written = true;
    };
    let ended = false;
    cluster.call(leader, put, TIMEOUT_MS).then(
      () => {
        ended = true;
      },
      (error: unknown) => {
        ended = true;
        if (!isExpected(error)) this.#options.world.failed(error);
      },
    );
    this.#await(2 * TIMEOUT_MS, () => ended);
    return written;
  }

  #await(ms: number, done: () => boolean): boolean {
    const { world, hasFailed } = this.#options;
    world.scheduler.run(world.scheduler.now + ms, () => hasFailed() || done());
    return done();
  }
}

/** Changes the value in memory, where the key is; whether it is there. */
function corrupt({ node }: SimNode): boolean {
  const pair = node?.store.get(KEY);
  if (pair === undefined) return false;
  (pair as Mutable).value = bytesOfText('unsound');
  return true;
}

type Mutable = { -readonly [Field in keyof KeyValue]: KeyValue[Field] };
