/** ALL CHECKERS together: hands each what it goes by, at the moment it happens. */
import type { MemberId } from '../../lib/ids.ts';
import type { NodeEvent } from '../../node/api.ts';
import { checkState, checkStep } from '../../raft/invariants.ts';
import type { TraceEvent } from '../../raft/trace.ts';
import type { Restored, SnapshotFile } from '../../storage/storage.ts';
import type { WireMessage } from '../../wire/raft-codec.ts';
import { SimFailure, check } from '../failure.ts';
import type { Observer } from '../observer.ts';
import type { SimNode } from '../sim-node.ts';
import type { Watcher } from '../world.ts';
import { Applies } from './applies.ts';
import { Commits } from './commits.ts';
import {
  checkDurableIndex,
  checkRestored,
  checkSent,
  checkSnapshotConfirmed,
} from './durability.ts';
import { Elections } from './elections.ts';
import { LeaseEnds } from './lease-ends.ts';
import { Linearizability } from './linearizability.ts';
import { Logs } from './logs.ts';
import { Model } from './model.ts';
import { Oracle } from './oracle.ts';
import { checkStore } from './stores.ts';
import { View } from './view.ts';

export class Checks implements Watcher {
  readonly model = new Model();
  readonly leases = new LeaseEnds();
  readonly oracle: Oracle;
  readonly clients: Linearizability;
  readonly #logs: Logs;
  readonly #commits: Commits;
  readonly #elections: Elections;
  readonly #applies: Applies;
  readonly #views = new Map<SimNode, View>();
  readonly #observer: Observer;

  constructor(nodes: ReadonlyMap<MemberId, SimNode>, observer: Observer) {
    this.oracle = new Oracle((entry) => {
      observer.committed(entry);
      this.model.apply(entry);
      const result = this.model.resultAt(entry.index);
      observer.answered(result);
      if (result?.type === 'lease-expired') this.leases.ended(result.id);
    });
    this.clients = new Linearizability(this.model, () => this.oracle.lastIndex);
    this.#logs = new Logs(this.oracle);
    this.#elections = new Elections(this.oracle);
    this.#applies = new Applies(this.oracle, this.model);
    this.#commits = new Commits(this.oracle, nodes);
    this.#observer = observer;
  }

  viewOf(node: SimNode): View | undefined {
    return this.#views.get(node);
  }

  opened(node: SimNode, restored: Restored): void {
    checkRestored(node, restored);
    const { snapshot } = restored;
    if (snapshot !== null) this.#snapshot(node, snapshot);
  }

  started(node: SimNode): void {
    const running = node.node;
    if (running === null) return;
    const { raft } = running;
    const view = new View(node, raft, running.status().appliedIndex);
    this.#views.set(node, view);
    this.#logs.observe(view);
    this.#commits.base(view);
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
    checkSent(node, message);
    this.#elections.sent(node, message);
  }

  received(): void {
    return undefined;
  }

  snapshotConfirmed(by: SimNode, snapshot: SnapshotFile): void {
    checkSnapshotConfirmed(by, snapshot);
  }

  ended(node: SimNode): void {
    this.#views.delete(node);
  }

  /** At the end: `nodes` have applied everything. */
  finish(nodes: readonly SimNode[]): void {
    for (const { name, node } of nodes) {
      if (node !== null) checkStore(name, node.store, this.model.kv);
    }
    this.clients.finish();
  }

  /** A node is about to be heard: what it committed in this very event comes first. */
  before(node: SimNode): void {
    const view = this.#views.get(node);
    if (view !== undefined) this.#lookAtCommits(view);
  }

  #lookAtCommits(view: View): void {
    this.#logs.observe(view);
    this.#commits.observe(view);
  }

  #kvEvent(view: View, event: KvEvent): void {
    if (event.type === 'applied') {
      this.#lookAtCommits(view);
      this.#applies.applied(view, event.index);
    } else if (event.type === 'restored') {
      this.#applies.restored(view, event.index);
    }
  }

  #raftEvent(view: View, event: TraceEvent): void {
    if (event.type === 'role' && event.to === 'leader') this.#elections.elected(view, event.term);
    if (event.type !== 'snapshot' || event.peer === null) return;
    if (event.reason.code === 'installed') this.#commits.base(view);
  }

  /** A snapshot stands for a committed entry and the membership as of it. */
  #snapshot(node: SimNode, { index, term, configuration }: SnapshotFile): void {
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
