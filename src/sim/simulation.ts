/**
 * ONE RUN: a cluster, its clients and its nemesis, in a world that is made of one seed. First the
 * faults, during which nothing may go wrong; then the healing, after which everything must go
 * right.
 */
import { Prng } from '../lib/prng.ts';
import { Checks } from './checkers/checks.ts';
import { LockCheck } from './checkers/lock-check.ts';
import { Coverage } from './coverage.ts';
import { type Cut, cutProfile, UNCUT } from './cut.ts';
import { check, SimFailure } from './failure.ts';
import { Healing } from './healing.ts';
import { LeaseHolders } from './lease-holders.ts';
import { LOCK_NAME, LockContenders } from './lock-contenders.ts';
import { Nemesis } from './nemesis.ts';
import { Observer } from './observer.ts';
import { drawProfile, type Profile } from './profile.ts';
import { Scheduler } from './scheduler.ts';
import { SimCluster } from './sim-cluster.ts';
import { SimNetwork } from './sim-network.ts';
import type { SimNode } from './sim-node.ts';
import { StateCorruption } from './state-corruption.ts';
import { Trace } from './trace.ts';
import { TracingWatcher } from './tracing-watcher.ts';
import { Watchers } from './watchers.ts';
import { Workload } from './workload.ts';
import type { Sabotage, World } from './world.ts';

export interface SimulationOptions {
  readonly seed: number;
  /** Runs all waiting microtasks (`drainMicrotasks` of bun:jsc). */
  readonly drain: () => void;
  /** Instead of what the seed draws. */
  readonly profile?: Partial<Profile>;
  /** What of it is left out. */
  readonly cut?: Cut;
  readonly sabotage?: Sabotage;
  /** False for a run that is faster, and whose report has no trace and no hash of it. */
  readonly trace?: boolean;
  /** Sees every line of the trace. */
  readonly onLine?: (line: string) => void;
}

export interface RunReport {
  readonly seed: number;
  readonly failure: { readonly invariant: string; readonly message: string } | null;
  /** The last lines of the trace. */
  readonly trace: readonly string[];
  readonly traceHash: string;
  readonly simulatedMs: number;
  readonly coverage: Coverage;
}

/** The clients go on until they have done enough, but not longer than this many times the phase. */
const SAFETY_MAX = 30;
/** Of any kind, in a whole run. */
const FAULTS_MIN = 3;
const SETTLE_MS = 30_000;
const TRACE_LINES = 60;

export class Simulation {
  readonly world: World;
  readonly cluster: SimCluster;
  readonly checks: Checks;
  readonly #seed: number;
  /** Nothing of what the seed draws is left out or changed. */
  readonly #isWhole: boolean;
  #failure: SimFailure | null = null;

  constructor(options: SimulationOptions) {
    const { seed, drain, profile, cut = UNCUT, sabotage = {} } = options;
    this.#seed = seed;
    this.#isWhole = profile === undefined && cut === UNCUT;
    const prng = new Prng(seed);
    const scheduler = new Scheduler(prng.fork(), drain);
    const trace = new Trace(() => scheduler.now, options.trace, options.onLine);
    const coverage = new Coverage();
    const drawn = cutProfile({ ...drawProfile(prng.fork()), ...profile }, cut);
    const nodes = new Map<SimNode['id'], SimNode>();
    const observer = new Observer(trace, coverage);
    const now = (): number => scheduler.now;
    this.checks = new Checks({ nodes, observer, profile: drawn, now });
    this.world = {
      scheduler,
      prng,
      trace,
      coverage,
      profile: drawn,
      network: new SimNetwork(scheduler, prng.fork(), coverage, drawn.network),
      watcher: new TracingWatcher({
        nodes,
        checks: this.checks,
        observer,
        trace,
        coverage,
        failed: (error) => this.#failed(error),
      }),
      failed: (error) => this.#failed(error),
      nodes,
      sabotage,
    };
    scheduler.afterEvent = () => this.#afterEvent();
    trace.line('world', () => describeProfile(seed, drawn));
    this.cluster = SimCluster.found(this.world, drawn.size);
  }

  /** The whole run. */
  run(): RunReport {
    this.#guarded(() => this.#phases());
    return this.#report();
  }

  /**
   * A part of a run, for tests that direct it themselves. Ends early when `done` or on a failure.
   */
  runFor(ms: number, done: () => boolean = () => false): void {
    const { scheduler } = this.world;
    this.#guarded(() => scheduler.run(scheduler.now + ms, () => this.#hasFailed() || done()));
  }

  get failure(): SimFailure | null {
    return this.#failure;
  }

  #phases(): void {
    const { world, cluster, checks } = this;
    const { profile, scheduler, coverage } = world;
    const workload = new Workload(world, cluster, checks.clients);
    const nemesis = new Nemesis(world, cluster);
    const holders = new LeaseHolders(world, cluster, checks.leases);
    const watchers = new Watchers({
      world,
      cluster,
      model: checks.model,
      before: (node) => checks.before(node),
      known: () => checks.clients.floor,
    });
    const locks = new LockCheck(checks.model.kv, LOCK_NAME, (node) => checks.before(node));
    const contenders = new LockContenders({ world, cluster, ends: checks.leases, check: locks });
    workload.start();
    holders.start();
    watchers.start();
    contenders.start();
    nemesis.start();
    this.#run(profile.safetyMs, () => false);
    this.#run((SAFETY_MAX - 1) * profile.safetyMs, () => {
      return coverage.of('operation') >= profile.operations;
    });
    if (this.#isWhole && !this.#hasFailed()) this.#hasDoneEnough();
    nemesis.stop();
    workload.stop();
    holders.stop();
    watchers.stop();
    contenders.stop();
    const busy = [workload, holders, watchers, contenders, nemesis];
    const isBusy = (): boolean => busy.some((one) => one.isBusy);
    const isChanging = (): boolean => nemesis.isBusy;
    const hasFailed = (): boolean => this.#hasFailed();
    const { oracle } = checks;
    const healing = new Healing({ world, cluster, oracle, isBusy, isChanging, hasFailed });
    healing.run();
    if (this.#hasFailed()) return;
    this.#settle(watchers, healing.converged);
    if (this.#hasFailed()) return;
    checks.finish(healing.converged);
    locks.finish();
    this.#corrupt(healing.converged);
    scheduler.afterEvent = () => undefined;
    this.#cutPower(healing.converged);
  }

  /** The last fault, which hits all: what was acknowledged must be on the disks. */
  #cutPower(nodes: readonly SimNode[]): void {
    const { prng, scheduler } = this.world;
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    this.checks.powerCut(nodes, prng).then(over, (error: unknown) => this.#failed(error));
    this.#run(0, () => true);
    check(isOver || this.#hasFailed(), 'disks can be read', () => {
      return `${nodes.length} disks are not read at ${scheduler.now}`;
    });
  }

  /** Whoever watches a node that has everything hears everything. */
  #settle(watchers: Watchers, nodes: readonly SimNode[]): void {
    watchers.settle(nodes);
    this.#run(SETTLE_MS, () => watchers.isSettled);
    if (this.#hasFailed()) return;
    check(
      watchers.isSettled,
      'watches tell all',
      () => `not within ${SETTLE_MS} ms: ${watchers.waiting}`,
    );
  }

  /** One of them goes wrong, and the others notice. */
  #corrupt(nodes: readonly SimNode[]): void {
    const { world, cluster, checks } = this;
    const distrust = (node: SimNode): void => checks.distrust(node);
    const hasFailed = (): boolean => this.#hasFailed();
    new StateCorruption({ world, cluster, nodes, distrust, hasFailed }).run();
  }

  /** A run that did too little proves nothing. */
  #hasDoneEnough(): void {
    const { coverage, scheduler, profile } = this.world;
    const done = {
      ms: scheduler.now,
      operations: coverage.of('operation'),
      faults: coverage.of('fault'),
    };
    const isEnough =
      done.ms >= profile.safetyMs &&
      done.operations >= profile.operations &&
      done.faults >= FAULTS_MIN;
    // No promise of the product is broken, so this is no check that SPEC.md names.
    if (!isEnough) throw new Error(`the run did too little: ${JSON.stringify(done)}`);
  }

  #run(ms: number, done: () => boolean): void {
    const { scheduler } = this.world;
    scheduler.run(scheduler.now + ms, () => this.#hasFailed() || done());
  }

  #hasFailed(): boolean {
    return this.#failure !== null;
  }

  #afterEvent(): void {
    for (const node of this.world.nodes.values()) {
      if (!node.wasTouched) continue;
      node.wasTouched = false;
      this.checks.stepped(node);
    }
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (this.#failure !== null) return;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#failure = error instanceof SimFailure ? error : new SimFailure('nodes stay sound', text);
    this.world.trace.line('world', `fails: ${this.#failure.message}`);
  }

  #report(): RunReport {
    const { trace, coverage, scheduler, nodes } = this.world;
    this.#guarded(() => {
      for (const node of nodes.values()) node.crash('drop');
    });
    coverage.count('run');
    coverage.count('repeated-request', this.checks.model.repeated);
    coverage.count('simulated-second', Math.floor(scheduler.now / 1000));
    const failure = this.#failure;
    return {
      seed: this.#seed,
      failure: failure && { invariant: failure.invariant, message: failure.message },
      trace: failure === null ? [] : trace.last(TRACE_LINES),
      traceHash: trace.hash,
      simulatedMs: scheduler.now,
      coverage,
    };
  }
}

function describeProfile(seed: number, profile: Profile): string {
  return JSON.stringify({ seed, ...profile, faults: Object.fromEntries(profile.faults) });
}
