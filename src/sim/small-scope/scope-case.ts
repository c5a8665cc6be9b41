/**
 * ONE CASE: a script on a small calm cluster of real nodes, with crashes at given points, and what
 * must hold after it: everyone comes back, agrees, and goes on; what was acknowledged is there, and
 * still is after a power cut of all.
 */
import { DEFAULT_LIMITS } from '../../node/options.ts';
import { must } from '../../lib/assert.ts';
import { check, type SimFailure } from '../failure.ts';
import type { Profile } from '../profile.ts';
import { PERFECT_NETWORK } from '../sim-network.ts';
import type { SimNode } from '../sim-node.ts';
import { Simulation } from '../simulation.ts';
import { type CrashPlan, textOfPlan } from './crash-plan.ts';
import { crashAll, CrashTrigger, type Doings } from './crash-trigger.ts';
import type { DiskOutcome } from './outcomes.ts';
import { Stage } from './stage.ts';
import { type Step, stepOf } from './steps.ts';

export interface ScopeCase {
  readonly script: readonly Step[];
  /** Founding members. */
  readonly size: number;
  /** Of the little that chance decides here: delays. */
  readonly seed: number;
  /** One after another. */
  readonly crashes: readonly CrashPlan[];
}

export interface CaseReport {
  readonly failure: SimFailure | null;
  /** How many of the crashes happened. */
  readonly fired: number;
  /** Since the last of them, or since the script began. */
  readonly doings: ReadonlyMap<string, Doings>;
  /** What the last of them may leave, if that was asked for. */
  readonly outcomes: readonly DiskOutcome[];
  /** The last of them is that of another case (crash-trigger.ts). */
  readonly repeats: boolean;
  readonly tornTails: number;
  readonly recoveries: number;
  readonly refusedStarts: number;
}

export interface CaseOptions {
  /** Runs all waiting microtasks (`drainMicrotasks` of bun:jsc). */
  readonly drain: () => void;
  /** Whether to find out everything that the last crash may leave. */
  readonly enumerate?: boolean;
  readonly onLine?: (line: string) => void;
}

/** A segment takes one batch, or a few: it depends on the seed which of them begin one. */
const SEGMENT_BYTES = [600, 1_000, 1_500];

/** No log in memory: who lags gets a snapshot. */
const PROFILE: Partial<Profile> = {
  timing: { tickMs: 20, heartbeatMs: 100, electionMs: 300 },
  limits: {
    ...DEFAULT_LIMITS,
    snapshotWalBytes: 2 ** 20,
    retainEntries: 0,
    reserveBytes: 1_000,
    autoCompaction: false,
    hashCheckMs: 0,
  },
  network: PERFECT_NETWORK,
  disk: { smallMs: 0.1, syncMs: 1 },
  encode: false,
  processorMs: 0,
  faults: new Map(),
};

/** How long a node is away. */
const BACK_MS = { soon: 20, late: 1_500 };
/** Longer than a log must be idle to be marked as such. */
const IDLE_MS = 100;
const SCRIPT_WITHIN_MS = 120_000;
const SETTLED_WITHIN_MS = 30_000;

export function runCase(scopeCase: ScopeCase, options: CaseOptions): CaseReport {
  return new CaseRun(scopeCase, options).run();
}

class CaseRun {
  readonly #case: ScopeCase;
  readonly #sim: Simulation;
  readonly #stage: Stage;
  readonly #trigger: CrashTrigger;
  #failure: SimFailure | null = null;

  constructor(scopeCase: ScopeCase, { drain, enumerate = false, onLine }: CaseOptions) {
    this.#case = scopeCase;
    const { size, seed, crashes } = scopeCase;
    this.#trigger = new CrashTrigger(crashes, enumerate, (node, plan) => {
      this.#crashed(node, plan);
    });
    // Where the founding is part of the script, it begins at once.
    if (this.#isFounding) this.#trigger.arm();
    this.#sim = new Simulation({
      seed,
      drain,
      profile: { ...PROFILE, size, segmentBytes: must(SEGMENT_BYTES[seed % 3], 'a size') },
      sabotage: { onOperation: (node, operation) => this.#trigger.operation(node, operation) },
      ...(onLine === undefined ? {} : { onLine }),
    });
    this.#stage = new Stage(this.#sim);
    const { network, nodes } = this.#sim.world;
    network.onCarried = (from) => {
      const node = nodes.get(from);
      if (node !== undefined) this.#trigger.sent(node);
    };
  }

  run(): CaseReport {
    try {
      this.#phases();
    } catch (error) {
      this.#failure = error as SimFailure;
    }
    const { coverage, nodes } = this.#sim.world;
    for (const node of nodes.values()) node.crash('drop');
    return {
      failure: this.#sim.failure ?? this.#failure,
      fired: this.#trigger.fired,
      doings: this.#trigger.doings,
      outcomes: this.#trigger.outcomes,
      repeats: this.#trigger.repeats,
      tornTails: coverage.of('torn-tail'),
      recoveries: coverage.of('recovering-start'),
      refusedStarts: coverage.of('damage-refused'),
    };
  }

  #phases(): void {
    if (!this.#isFounding) {
      this.#prepare();
      this.#trigger.arm();
    }
    this.#perform(async () => {
      for (const step of this.#case.script) await step.run(this.#stage);
    });
    this.#runFor(IDLE_MS);
    this.#settle('members settle');
    this.#trigger.disarm();
    // A crash may have been due at this very moment.
    this.#runFor(BACK_MS.soon);
    this.#settle('members settle');
    this.#buryRemoved();
    this.#agree('a cluster that settled goes on');
    crashAll(this.#sim.world, 'drop');
    for (const node of this.#sim.cluster.nodes) this.#stage.start(node);
    this.#settle('members settle after a power cut of all');
    this.#agree('a cluster goes on after a power cut');
    this.#sim.checks.finish(this.#stage.members);
  }

  /** Its first member leads, everyone has a snapshot, and some log behind it. */
  #prepare(): void {
    const { cluster } = this.#sim;
    const [first] = cluster.nodes;
    // Who is new does not vote before a majority has said that it is so, too: anyone may lead.
    this.#runFor(3_000, () => this.#stage.isSettled);
    const { leader } = cluster;
    if (first !== undefined && leader !== null && leader !== first) {
      leader.enter((node) => {
        const context = { deadline: node.now() + 1_000, requestId: null, signal: null };
        node.transferLeadership(first.id, context).catch(this.#sim.world.failed);
      });
    }
    this.#runFor(2_000, () => cluster.leader === first && this.#stage.isSettled);
    this.#perform(async () => {
      for (const name of ['snapshot', 'put']) await stepOf(name)?.run(this.#stage);
    });
    this.#runFor(IDLE_MS);
    this.#settle('members settle at first');
  }

  get #isFounding(): boolean {
    return this.#case.script[0]?.name === 'found';
  }

  /** It starts again after a while. */
  #crashed(node: SimNode, { others, back }: CrashPlan): void {
    const { world } = this.#sim;
    const down = others === null ? [node] : [...world.nodes.values()];
    if (others !== null) crashAll(world, others);
    world.scheduler.after(BACK_MS[back], () => {
      for (const one of down) this.#stage.start(one);
    });
  }

  #perform(work: () => Promise<void>): void {
    let ended = false;
    const fail = this.#sim.world.failed;
    work().then(() => (ended = true), fail);
    this.#runFor(SCRIPT_WITHIN_MS, () => ended);
    check(ended, 'the script ends', () => this.#describe());
  }

  #settle(what: string): void {
    this.#runFor(SETTLED_WITHIN_MS, () => this.#stage.isSettled);
    check(this.#stage.isSettled, what, () => this.#describe());
    for (const node of this.#stage.members) if (node.isDamaged) node.madeGood();
  }

  /** One more write, and everybody has it. */
  #agree(what: string): void {
    const { client } = this.#stage;
    this.#perform(async () => {
      await stepOf('put')?.run(this.#stage);
      for (const node of this.#stage.members) await client.read(node);
    });
    this.#settle(what);
  }

  /** Whoever was removed has lived on until here; its machine is taken away. */
  #buryRemoved(): void {
    const { members } = this.#stage;
    for (const node of this.#sim.cluster.nodes) {
      if (members.includes(node)) continue;
      node.isGone = true;
      node.crash('drop');
    }
  }

  #runFor(ms: number, done: () => boolean = () => false): void {
    this.#sim.runFor(ms, done);
    if (this.#sim.failure !== null) throw this.#sim.failure;
  }

  #describe(): string {
    const states = this.#sim.cluster.nodes.map(({ name, node, isRunning }) => {
      if (node === null) return `${name} is ${isRunning ? 'starting' : 'down'}`;
      const { role, term, lastIndex, commitIndex, appliedIndex, recovering } = node.status();
      const log = `${appliedIndex}/${commitIndex}/${lastIndex}`;
      return `${name} ${role} term ${term} log ${log}${recovering ? ' recovering' : ''}`;
    });
    const plans = this.#case.crashes.map(textOfPlan).join(' ');
    return `${states.join('; ')} with ${plans}`;
  }
}
