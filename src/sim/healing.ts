/**
 * THE SECOND HALF OF A RUN: the faults end for a core, a majority of the members; the others stay
 * dead or cut off for ever. Now progress is due: a leader soon, an end of everything that waits,
 * and the same state everywhere.
 */
import type { Prng } from '../lib/prng.ts';
import { GIVE_UP_MS } from '../node/founding-inquiry.ts';
import { type Configuration, memberOf, votersOf } from '../raft/configuration.ts';
import { hasQuorum } from '../raft/quorum.ts';
import type { Oracle } from './checkers/oracle.ts';
import { DEFAULT_PEER_TIMEOUTS } from '../transport/timeouts.ts';
import { WIRE_VERSIONS } from '../wire/raft-version.ts';
import { Calm } from './calm.ts';
import { check } from './failure.ts';
import { Minority } from './minority.ts';
import { RareScenes } from './rare-scenes.ts';
import { checkServices } from './services.ts';
import type { SimCluster } from './sim-cluster.ts';
import { PERFECT_NETWORK } from './sim-network.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

/** Bounds of what is "soon", in election timeouts, and for starting, ms. */
/** A founding member whose directory was wiped may ask others that are left out, in vain. */
const START_MS = GIVE_UP_MS + 5_000;
const SUPERVISE_MS = 100;
const ELECTED_WITHIN = 30;
const SETTLED_WITHIN = 60;
/** A piece of a snapshot that was lost is sent again when its time is over. */
const SNAPSHOT_AGAIN_MS = 2 * DEFAULT_PEER_TIMEOUTS.snapshotMs;
/** The longest that a client goes on with one operation, ms. */
const CLIENTS_END_MS = 30_000;
/** The longest that a lease lives which nobody renews, with what clocks may be wrong, ms. */
const LEASES_END_MS = 30_000;
const LAST_WISHES = 5;
const STABLE_FOR = 15;
/** How often those who are left out change their ways meanwhile, on average. */
const WILD_EVERY = 2;

export interface HealingOptions {
  readonly world: World;
  readonly cluster: SimCluster;
  readonly oracle: Oracle;
  /** Whether clients or operators still wait for something. */
  readonly isBusy: () => boolean;
  /** Whether the membership is being changed. */
  readonly isChanging: () => boolean;
  readonly hasFailed: () => boolean;
}

export class Healing {
  readonly #options: HealingOptions;
  readonly #prng: Prng;
  readonly #leftOut = new Set<SimNode>();
  /** What those do who are left out; null when nobody is. */
  #minority: Minority | null = null;
  /** Who is stopped now is to stay so. */
  #isPlaying = false;

  constructor(options: HealingOptions) {
    this.#options = options;
    this.#prng = options.world.prng.fork();
  }

  /** @throws SimFailure when progress does not come. */
  run(): void {
    this.#calm();
    const nodes = this.#options.cluster.nodes;
    // A change under way may still make a majority of what is no majority now.
    const all = this.#options.isChanging() || this.#prng.chance(0.5);
    const core = all ? nodes : this.#drawCore(nodes);
    const { world } = this.#options;
    const others = nodes.filter((node) => !core.includes(node));
    for (const node of others) this.#leftOut.add(node);
    this.#minority = new Minority(world, this.#prng.fork(), core, others);
    this.#minority.leave();
    this.#supervise();
    this.#await(START_MS, 'nodes start', () => this.#hasStarted());
    if (!this.#isEnough()) this.#healAll();
    else if (others.length > 0) world.coverage.count('healed-core');
    this.#progress();
  }

  /** Everybody but who is left out: who joins later belongs to it, too. */
  get #core(): readonly SimNode[] {
    return this.#options.cluster.nodes.filter((node) => !this.#leftOut.has(node));
  }

  #progress(): void {
    const { world, isBusy } = this.#options;
    const { electionMs } = world.profile.timing;
    this.#runFor(ELECTED_WITHIN * electionMs, () => this.#leads() !== null);
    if (this.#leads() === null) this.#vouch();
    this.#await(ELECTED_WITHIN * electionMs, 'a leader is elected', () => this.#leads() !== null);
    this.#await(CLIENTS_END_MS, 'operations end', () => !isBusy());
    // A stopped node may have found an operator's wish when it went on: let it come true first.
    this.#runFor(LAST_WISHES * electionMs, () => false);
    this.#await(ELECTED_WITHIN * electionMs, 'a leader is elected', () => this.#leads() !== null);
    this.#await(LEASES_END_MS, 'leases end', () => this.#leads()?.node?.store.leaseCount === 0);
    const settledMs = SETTLED_WITHIN * electionMs + SNAPSHOT_AGAIN_MS;
    this.#await(settledMs, 'nodes converge', () => this.#hasConverged());
    this.#serve();
    this.#await(ELECTED_WITHIN * electionMs, 'a leader is elected', () => this.#leads() !== null);
    this.#await(settledMs, 'nodes converge', () => this.#hasConverged());
    this.#isStable();
    this.#await(settledMs, 'nodes converge', () => this.#hasConverged());
  }

  /** Whatever those do who are left out. */
  #isStable(): void {
    const { electionMs } = this.#options.world.profile.timing;
    const leader = this.#leads();
    const term = leader?.node?.raft.state.term ?? 0;
    const changed = (): boolean =>
      this.#leads() !== leader || leader?.node?.raft.state.term !== term;
    this.#minority?.goWild(WILD_EVERY * electionMs, term);
    this.#runFor(STABLE_FOR * electionMs, changed);
    this.#minority?.leave();
    if (this.#options.hasFailed()) return;
    check(!changed(), 'leadership is stable', () => {
      return `${leader?.name} led term ${term}, now ${this.#describe()}`;
    });
  }

  #serve(): void {
    const { world, cluster, hasFailed } = this.#options;
    const leader = (): SimNode | null => this.#leads();
    const members = this.converged.filter(({ node }) => node !== null);
    if (hasFailed()) return;
    const calm = new Calm({ world, cluster, members, leader, hasFailed });
    checkServices(calm);
    this.#isPlaying = true;
    new RareScenes(calm).play();
    this.#isPlaying = false;
  }

  /** Everything works again; nobody runs yet who does not. */
  #calm(): void {
    const { world, cluster } = this.#options;
    world.trace.line('world', 'heals');
    world.network.mend();
    world.network.become(PERFECT_NETWORK);
    for (const node of cluster.nodes) {
      node.disk.calm();
      node.lastSend.forget();
      node.machine.setRate(1);
      if (node.speaks === WIRE_VERSIONS) continue;
      node.speaks = WIRE_VERSIONS;
      node.crash('kill');
    }
  }

  /** Keeps the core running: what a fault did may show only now. */
  #supervise(): void {
    for (const node of this.#core) {
      if (!this.#isPlaying) node.resume();
      if (!node.isRunning && !node.isGone) node.start();
    }
    this.#options.world.scheduler.after(SUPERVISE_MS, () => this.#supervise());
  }

  #healAll(): void {
    const { world } = this.#options;
    world.trace.line('world', 'the core is not enough: all heal');
    world.network.mend();
    this.#leftOut.clear();
    this.#minority = null;
    this.#await(START_MS, 'nodes start', () => this.#hasStarted());
  }

  /** Some may find out only now that their disk was damaged. */
  #hasStarted(): boolean {
    return this.#core.every((node) => node.node !== null || node.isGone);
  }

  /**
   * A member whose log was torn may wait for members that are gone for good. Nothing was damaged on
   * its disk, so an operator may vouch for it, as the message at its start says.
   */
  #vouch(): void {
    const { world, cluster } = this.#options;
    if (cluster.nodes.length === world.nodes.size) return;
    for (const node of this.#core) {
      if (node.isDamaged || node.node === null || node.node.raft.state.recovery === null) continue;
      world.coverage.count('operator-vouched');
      node.crash('kill');
      node.start(true);
    }
  }

  /**
   * Voters drawn until they are a majority of every membership that somebody goes by; and all
   * others, as they may become voters at any time.
   */
  #drawCore(nodes: readonly SimNode[]): readonly SimNode[] {
    const configurations = this.#configurations(nodes);
    const voters = new Set(configurations.flatMap(votersOf));
    const left = nodes.filter((node) => voters.has(node.id));
    const core = nodes.filter((node) => !voters.has(node.id));
    while (left.length > 0 && !isMajority(core, configurations)) {
      core.push(...left.splice(this.#prng.between(0, left.length), 1));
    }
    return core;
  }

  /** A node that recovers its log may need to hear every voter. */
  #isEnough(): boolean {
    if (!isMajority(this.#core, this.#configurations(this.#core))) return false;
    return this.#core.every((node) => node.node?.raft.state.recovery === null);
  }

  #configurations(nodes: readonly SimNode[]): Configuration[] {
    const { oracle } = this.#options;
    const running = nodes.flatMap((node) => node.node?.raft.state.history.latest ?? []);
    return [oracle.configurationAt(oracle.lastIndex), ...running].filter(
      (configuration) => configuration.members.length > 0,
    );
  }

  /** Who leads, if a majority of its members could confirm it: it has committed in its term. */
  #leads(): SimNode | null {
    const leader = this.#options.cluster.leader;
    const state = leader?.node?.raft.state;
    if (leader === null || state === undefined || !this.#core.includes(leader)) return null;
    const { role, commitIndex } = state;
    return role.name === 'leader' && commitIndex >= role.noopIndex ? leader : null;
  }

  /** The core's members that run: after `run` all of them have applied everything. */
  get converged(): readonly SimNode[] {
    const latest = this.#leads()?.node?.raft.state.history.latest;
    return this.#core.filter((node) => latest !== undefined && memberOf(latest, node.id));
  }

  #hasConverged(): boolean {
    const leader = this.#leads()?.node;
    if (leader === null || leader === undefined) return false;
    const { log, commitIndex, history } = leader.raft.state;
    if (commitIndex < log.lastIndex) return false;
    return this.#core.every((node) => {
      if (memberOf(history.latest, node.id) === undefined) return true;
      return node.node?.status().appliedIndex === commitIndex;
    });
  }

  #await(ms: number, what: string, done: () => boolean): void {
    this.#runFor(ms, done);
    if (this.#options.hasFailed()) return;
    check(done(), what, () => `not within ${ms} ms: ${this.#describe()}`);
  }

  #runFor(ms: number, done: () => boolean): void {
    const { world, hasFailed } = this.#options;
    world.scheduler.run(world.scheduler.now + ms, () => hasFailed() || done());
  }

  #describe(): string {
    const states = this.#core.map(({ name, node }) => {
      if (node === null) return `${name} is down`;
      const { role, term, lastIndex, commitIndex, appliedIndex, recovering } = node.status();
      const log = `${appliedIndex}/${commitIndex}/${lastIndex}`;
      return `${name} ${role} term ${term} log ${log}${recovering ? ' recovering' : ''}`;
    });
    return states.join('; ');
  }
}

function isMajority(nodes: readonly SimNode[], configurations: readonly Configuration[]): boolean {
  return configurations.every((configuration) =>
    hasQuorum(votersOf(configuration), (id) => nodes.some((node) => node.id === id)),
  );
}
