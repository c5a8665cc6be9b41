/** ALL CHECKERS together: hands each what it goes by, at the moment it happens. */
import type { MemberId } from '../../lib/ids.ts';
import type { Prng } from '../../lib/prng.ts';
import type { NodeEvent } from '../../node/api.ts';
import { checkState, checkStep } from '../../raft/invariants.ts';
import type { SnapshotMeta } from '../../raft/ready.ts';
import type { TraceEvent } from '../../raft/trace.ts';
import type { Restored, SnapshotFile } from '../../storage/storage.ts';
import type { WireMessage } from '../../wire/raft-codec.ts';
import { SimFailure, check } from '../failure.ts';
import type { Change } from '../durable-log.ts';
import type { Observer } from '../observer.ts';
import type { Profile } from '../profile.ts';
import type { SimNode } from '../sim-node.ts';
import type { Watcher } from '../world.ts';
import { Applies } from './applies.ts';
import { Bounds, checkNobodyWaits } from './bounds.ts';
import { Commits } from './commits.ts';
import { ConfirmedReads } from './confirmed-reads.ts';
import {
  checkDurableIndex,
  checkRestored,
  checkSent,
  checkSnapshotConfirmed,
  checkStarted,
  checkStored,
} from './durability.ts';
import { Elections } from './elections.ts';
import { Followers } from './followers.ts';
import { LeaseEnds } from './lease-ends.ts';
import { Linearizability } from './linearizability.ts';
import { Logs } from './logs.ts';
import { Memberships } from './memberships.ts';
import { Model } from './model.ts';
import { Oracle } from './oracle.ts';
import { majority, votersIn } from './quorums.ts';
import { Recoveries } from './recoveries.ts';
import { replay, stateOf } from './replay.ts';
import { Said } from './said.ts';
import { checkStore } from './stores.ts';
import { View } from './view.ts';

/** One of so many snapshots is restored when it is saved, and so is each that anybody starts on. */
const SNAPSHOTS_PER_LOOK = 4;
/** To replay the longest logs of all would take as long as the run. */
const REPLAYED_ENTRIES_MAX = 1_000;

export interface ChecksOptions {
  readonly nodes: ReadonlyMap<MemberId, SimNode>;
  readonly observer: Observer;
  readonly profile: Profile;
  /** The time of the world, ms. */
  readonly now: () => number;
}

export class Checks implements Watcher {
  readonly model = new Model();
  readonly leases = new LeaseEnds();
  readonly oracle: Oracle;
  readonly clients: Linearizability;
  readonly #logs: Logs;
  readonly #commits: Commits;
  readonly #elections: Elections;
  readonly #applies: Applies;
  readonly #followers: Followers;
  readonly #memberships: Memberships;
  readonly #reads: ConfirmedReads;
  readonly #recoveries: Recoveries;
  readonly #bounds: Bounds;
  readonly #said = new Said();
  /** What the newest start of each node found. */
  readonly #restored = new Map<SimNode, Restored>();
  /** Snapshots that were saved. */
  #saved = 0;
  readonly #views = new Map<SimNode, View>();
  readonly #distrusted = new Set<SimNode>();
  readonly #observer: Observer;

  constructor({ nodes, observer, profile, now }: ChecksOptions) {
    this.#bounds = new Bounds(profile, now);
    this.oracle = new Oracle((entry) => {
      observer.committed(entry);
      this.#memberships.committed(entry);
      this.model.apply(entry);
      const result = this.model.resultAt(entry.index);
      observer.answered(result);
      if (entry.command.kind === 'noop') observer.termBegan(this.model.kv.leases.keys());
      if (result?.type === 'lease-expired') this.leases.ended(result.id);
    });
    this.clients = new Linearizability(this.model, () => this.oracle.lastIndex);
    this.#logs = new Logs(this.oracle);
    this.#elections = new Elections(this.oracle);
    this.#applies = new Applies(this.model);
    this.#commits = new Commits(this.oracle, nodes);
    this.#followers = new Followers(nodes);
    this.#memberships = new Memberships(this.oracle, nodes);
    this.#reads = new ConfirmedReads(this.oracle);
    this.#recoveries = new Recoveries(this.oracle, nodes);
    this.#observer = observer;
  }

  viewOf(node: SimNode): View | undefined {
    return this.#views.get(node);
  }

  opened(node: SimNode, restored: Restored): void {
    checkRestored(node, restored);
    this.#said.opened(node, restored);
    this.#restored.set(node, restored);
    const { snapshot } = restored;
    if (snapshot !== null) this.#snapshot(node, snapshot);
  }

  stored(node: SimNode, change: Change): void {
    checkStored(node, change, this.oracle);
    if (change.type === 'install') this.#snapshot(node, change.snapshot);
    if (change.type !== 'append' || change.batch.state === null) return;
    this.#said.stored(node, node.durable.hard, change.batch.state);
  }

  saved(node: SimNode, file: SnapshotFile, lines: readonly string[]): void {
    // Of whom nobody looks at any more it is not known either what it has committed.
    if (!this.#views.has(node)) return;
    this.#snapshot(node, file);
    this.#saved += 1;
    if (this.#saved % SNAPSHOTS_PER_LOOK !== 1) return;
    if (this.#distrusted.has(node)) return;
    const who = `${node.name}'s snapshot ${file.index}`;
    this.#applies.matches(who, file.index, stateOf(lines).hash());
  }

  started(node: SimNode): void {
    const running = node.node;
    if (running === null) return;
    const { raft } = running;
    const view = new View(node, raft, running.status().appliedIndex);
    this.#views.set(node, view);
    const restored = this.#restored.get(node);
    if (restored !== undefined) checkStarted(view, restored);
    this.#recoveries.started(view);
    this.#followers.started(view);
    this.#logs.observe(view);
    this.#commits.base(view);
    this.#memberships.observe(view);
    this.#applies.restored(view, view.applied);
  }

  stepped(node: SimNode): void {
    const view = this.#views.get(node);
    if (view === undefined) return;
    const { state } = view.raft;
    try {
      checkState(state);
      checkStep(view.before, state);
    } catch (error) {
      throw new SimFailure('node-local invariants', `${node.name}: ${String(error)}`);
    }
    this.#logs.observe(view);
    this.#commits.observe(view);
    this.#followers.observe(view);
    this.#reads.observe(view);
    this.#memberships.observe(view);
    this.#memberships.heard(view);
    this.#bounds.observe(view);
    checkDurableIndex(view);
    view.update();
  }

  event(node: SimNode, event: NodeEvent): void {
    const view = this.#views.get(node);
    if (view === undefined) return;
    const { family, event: what } = event;
    if (family === 'kv') this.#kvEvent(view, what as KvEvent);
    else if (family === 'raft') this.#raftEvent(view, what as TraceEvent);
    this.#observer.event(node, view, event);
  }

  sent(node: SimNode, message: WireMessage): void {
    checkSent(node, message, (leading, index) => this.#elections.termOf(leading, index));
    this.#said.sent(node, message);
    this.#elections.sent(node, message);
    const view = this.#views.get(node);
    if (view === undefined) return;
    // Its process may end in the middle of this step, and others commit by what it said.
    if (this.#tellsOfCommits(message)) this.#lookAtCommits(view);
    this.#memberships.sent(view, message);
    this.#reads.sent(node, message);
    this.#recoveries.sent(view, message);
    this.#followers.sent(view, message);
  }

  received(node: SimNode, message: WireMessage): void {
    const view = this.#views.get(node);
    if (view === undefined) return;
    view.heard.push(message);
    this.#memberships.received(view, message);
    this.#recoveries.received(view, message);
    this.#reads.received(node, message);
  }

  snapshotConfirmed(by: SimNode, snapshot: SnapshotFile): void {
    checkSnapshotConfirmed(by, snapshot);
  }

  /** Its state was made wrong on purpose; its log is judged as any other. */
  distrust(node: SimNode): void {
    this.#distrusted.add(node);
  }

  ended(node: SimNode): void {
    const view = this.#views.get(node);
    if (view === undefined) return;
    // It may have ended in the middle of a step.
    this.#logs.observe(view);
    this.#logs.isWhole(view);
    this.#views.delete(node);
  }

  /** At the end: `nodes` have applied everything. */
  finish(nodes: readonly SimNode[]): void {
    const { lastIndex } = this.oracle;
    for (const { name, node } of nodes) {
      const applied = node?.status().appliedIndex ?? 0;
      check(applied === lastIndex, 'acknowledged is kept', () => {
        return `${name} has applied ${applied}; committed is ${lastIndex}`;
      });
      if (node !== null) checkStore(name, node.store, this.model.kv);
    }
    for (const node of nodes) this.#bounds.finish(node);
    this.clients.finish();
  }

  /**
   * At the very end: the power goes, everywhere. One disk is read and replayed, if its log is short
   * enough; as all are at every start. The nodes are of no use afterwards.
   */
  async powerCut(nodes: readonly SimNode[], prng: Prng): Promise<void> {
    const { oracle, model } = this;
    const { lastIndex } = oracle;
    const short = nodes.filter((node) => {
      const { lastIndex: end, snapshotIndex } = node.durable;
      const isShort = end - snapshotIndex <= REPLAYED_ENTRIES_MAX;
      return this.#views.has(node) && !node.isDamaged && isShort;
    });
    const read = short.length === 0 ? null : prng.pick(short);
    let reached = 0;
    if (read !== null) {
      const view = this.#views.get(read);
      if (view !== undefined) this.#logs.saysTheSame(view);
      await checkNobodyWaits(read);
      reached = await replay(read, prng, { oracle, model, applies: this.#applies });
    }
    const term = oracle.at(lastIndex)?.term ?? 0;
    const whole = nodes.filter((node) =>
      node === read ? reached === lastIndex : node.durable.holds(lastIndex, term),
    );
    const voters = votersIn(oracle.configurationAt(lastIndex));
    const copies = voters.filter((id) => whole.some((node) => node.id === id)).length;
    check(copies >= majority(voters.length), 'acknowledged is kept', () => {
      return `all of it is on the disks of ${whole.length} of ${voters.length} voters`;
    });
  }

  /** A node is about to be heard: what it committed in this very event comes first. */
  before(node: SimNode): void {
    const view = this.#views.get(node);
    if (view !== undefined) this.#lookAtCommits(view);
  }

  #tellsOfCommits(message: WireMessage): boolean {
    if (message.type === 'append') return message.commitIndex > this.oracle.lastIndex;
    return message.type === 'read-index-response';
  }

  #lookAtCommits(view: View): void {
    this.#logs.observe(view);
    this.#commits.observe(view);
  }

  #kvEvent(view: View, event: KvEvent): void {
    if (event.type === 'applied') {
      this.#lookAtCommits(view);
      if (this.#distrusted.has(view.node)) return;
      this.#applies.applied(view, event.index);
    } else if (event.type === 'snapshot-saved') {
      this.#bounds.snapshotSaved(view, event.index);
    } else if (event.type === 'restored') {
      this.#applies.restored(view, event.index);
    }
  }

  #raftEvent(view: View, event: TraceEvent): void {
    switch (event.type) {
      case 'role':
        if (event.to !== 'leader') return;
        this.#elections.elected(view, event.term);
        this.#memberships.overlap();
        return;
      case 'vote':
        if (!event.granted || event.preVote) return;
        this.#elections.granted(view, event.candidate, event.term);
        this.#recoveries.granted(view, event.term);
        return;
      case 'recovery':
        this.#recoveries.settled(view, event.reason.code, event.term);
        return;
      case 'read':
        if (event.index === null) return;
        this.#reads.told(view, event.index, event.reason.code);
        if (event.reason.code !== 'quorum-confirmed') return;
        this.#lookAtCommits(view);
        this.#reads.confirmed(view, event.index, Number(event.reason['round']));
        return;
      case 'snapshot':
        if (event.reason.code !== 'installed') return;
        view.installed = event.index;
        this.#commits.base(view);
        return;
      default:
    }
  }

  /** A snapshot stands for a committed entry and the membership as of it. */
  #snapshot(node: SimNode, { index, term, configuration }: SnapshotMeta): void {
    const entry = this.oracle.at(index);
    check(entry?.term === term, 'snapshots are of what is committed', () => {
      return `${node.name} has a snapshot of ${index} of term ${term}, committed is ${entry?.term}`;
    });
    const due = JSON.stringify(this.oracle.configurationAt(index));
    check(JSON.stringify(configuration) === due, 'snapshots hold the membership', () => {
      return `${node.name}, snapshot ${index}: ${JSON.stringify(configuration)}, not ${due}`;
    });
  }
}

interface KvEvent {
  readonly type: string;
  readonly index: number;
}
