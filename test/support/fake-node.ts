import type { KvResult, LeaseId } from '../../src/kv/command.ts';
import { StateMachine } from '../../src/kv/state-machine.ts';
import { type ClusterId, idOfBytes, type MemberId } from '../../src/lib/ids.ts';
import type {
  AddedMember,
  ChangeListener,
  ClusterStatus,
  ConsensusState,
  Fault,
  FaultControl,
  KvProposal,
  MemberInput,
  NodeApi,
  NodeEvent,
  NodeStatus,
  RequestContext,
  Unsubscribe,
  WatchedRange,
} from '../../src/node/api.ts';
import { Changes } from '../../src/node/changes.ts';
import type { Watch, WatchSpec } from '../../src/node/watch/watch.ts';
import { Watches } from '../../src/node/watch/watches.ts';
import type { Configuration, Member } from '../../src/raft/configuration.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { ApiError } from '../../src/wire/errors.ts';
import type { Problem } from '../../src/wire/problem.ts';

export const FAKE_CLUSTER = '1152921504606846977' as ClusterId;
export const FAKE_MEMBER = '8391245717622341632' as MemberId;
export const OTHER_MEMBER = '5577006791947779410' as MemberId;

/** A node without Raft: the state machine alone, applied at once. Records what it was asked. */
export class FakeNode implements NodeApi {
  readonly clusterId = FAKE_CLUSTER;
  readonly memberId = FAKE_MEMBER;
  readonly machine = new StateMachine();
  readonly store = this.machine.view;
  readonly changes = new Changes();
  readonly watches = new Watches({
    store: this.store,
    changes: this.changes,
    clock: {
      now: () => this.clockNow,
      yield: () => new Promise((resolve) => setImmediate(resolve)),
    },
    logger: silentLogger,
    hasLeader: () => true,
    failed: (error) => {
      throw error;
    },
  });
  /** What the watches' clock says, ms. */
  clockNow = 1000;
  readonly contexts: RequestContext[] = [];
  readonly calls: { readonly name: string; readonly argument: unknown }[] = [];
  readonly #listeners = new Set<(event: NodeEvent) => void>();
  readonly past: NodeEvent[] = [];
  readonly refusals: Problem[] = [];
  unready: Record<string, string | null> = { leader: null };
  remarked: Record<string, string> = {};
  /** Thrown by the next call instead of an answer. */
  failure: unknown = null;
  /** Awaited by the next proposal or barrier, with its context. */
  hold: ((context: RequestContext) => Promise<void>) | null = null;
  barriers = 0;
  faults: FaultControl | null = null;
  /** Leases that were renewed, in order. */
  readonly kept: LeaseId[] = [];
  /** The wall clock that commands are stamped with, ms. */
  wallNow = 1_700_000_000_000;
  #drawn = 1000;

  constructor() {
    this.machine.listen((change) => this.changes.changed(change));
  }

  now(): number {
    return 1000;
  }

  term(): number {
    return 7;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  async propose(proposal: KvProposal, context: RequestContext): Promise<KvResult> {
    await this.#enter('propose', proposal, context);
    return this.apply(proposal, context.requestId);
  }

  /** Applies a command at once, as if it had come through another node. */
  apply(proposal: KvProposal, requestId: string | null = null): KvResult {
    const { kind, ...fields } = proposal;
    const stamp = { v: 1, kind, requestId, at: this.wallNow, by: null };
    return this.machine.apply({ ...stamp, ...fields }, this.machine.appliedIndex + 1, this.term());
  }

  onChange(range: WatchedRange, listener: ChangeListener): Unsubscribe {
    return this.changes.subscribe(range, listener);
  }

  async watch(spec: WatchSpec, context: RequestContext): Promise<Watch> {
    this.barriers += 1;
    await this.#enter('watch', spec, context);
    return this.watches.open(spec);
  }

  drawLeaseId(requestId: string | null): LeaseId {
    if (requestId !== null) return idOfBytes(Buffer.from(requestId.padEnd(8))) as LeaseId;
    this.#drawn += 1;
    return String(this.#drawn) as LeaseId;
  }

  async keepAlive(id: LeaseId, context: RequestContext): Promise<number | null> {
    await this.#enter('keepAlive', id, context);
    this.kept.push(id);
    return this.store.lease(id)?.ttl ?? null;
  }

  async remainingOf(id: LeaseId, context: RequestContext): Promise<number | null> {
    await this.#enter('remainingOf', id, context);
    return this.store.lease(id)?.remaining ?? null;
  }

  async readBarrier(context: RequestContext): Promise<void> {
    this.barriers += 1;
    await this.#enter('readBarrier', null, context);
  }

  status(): NodeStatus {
    const index = 118;
    return {
      id: FAKE_MEMBER,
      name: 'n1',
      url: 'http://10.0.0.1:8080',
      role: 'leader',
      term: this.term(),
      leader: FAKE_MEMBER,
      commitIndex: index,
      appliedIndex: index,
      lastIndex: index,
      durableIndex: index,
      snapshotIndex: 0,
      revision: this.store.revision,
      uptime: 1.5,
      recovering: false,
    };
  }

  async cluster(context: RequestContext): Promise<ClusterStatus> {
    await this.#enter('cluster', null, context);
    return {
      clusterId: FAKE_CLUSTER,
      leader: FAKE_MEMBER,
      term: this.term(),
      members: MEMBERS.map((member) => ({ ...member, reachable: member.id === FAKE_MEMBER })),
    };
  }

  consensusState(): ConsensusState {
    const { id, role, term, leader, commitIndex, appliedIndex, durableIndex, lastIndex } =
      this.status();
    const indexes = { commitIndex, appliedIndex, durableIndex, lastIndex, firstIndex: 1 };
    return {
      id,
      role,
      term,
      leader,
      ...indexes,
      vote: id,
      snapshot: null,
      configuration: configurationOf(MEMBERS),
      log: [{ index: 118, term: 7, kind: 'put', size: 96 }],
      progress: [],
      timers: { tick: 50, heartbeat: 100, election: 300, electionElapsed: 0, electionTimeout: 450 },
    };
  }

  readiness(): Readonly<Record<string, string | null>> {
    return this.unready;
  }

  remarks(): Readonly<Record<string, string>> {
    return this.remarked;
  }

  async addMember(input: MemberInput, context: RequestContext): Promise<AddedMember> {
    await this.#enter('addMember', input, context);
    const member = memberOf(input.id ?? OTHER_MEMBER, input.name ?? 'made-up', input.url, true);
    return { member, configuration: configurationOf([member]) };
  }

  async removeMember(id: MemberId, context: RequestContext): Promise<Configuration> {
    await this.#enter('removeMember', id, context);
    return configurationOf([]);
  }

  async updateMember(id: MemberId, url: string, context: RequestContext): Promise<Configuration> {
    await this.#enter('updateMember', { id, url }, context);
    return configurationOf([memberOf(id, 'n2', url, false)]);
  }

  async promoteMember(id: MemberId, context: RequestContext): Promise<Configuration> {
    await this.#enter('promoteMember', id, context);
    return configurationOf([memberOf(id, 'n2', 'http://10.0.0.2:8080', false)]);
  }

  async transferLeadership(to: MemberId | null, context: RequestContext): Promise<MemberId> {
    await this.#enter('transferLeadership', to, context);
    return to ?? OTHER_MEMBER;
  }

  campaign(): void {
    this.calls.push({ name: 'campaign', argument: null });
  }

  stepDown(): void {
    this.calls.push({ name: 'stepDown', argument: null });
  }

  async backup(context: RequestContext): Promise<ReadableStream<Uint8Array>> {
    await this.#enter('backup', null, context);
    return new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"kind":"header"}\n'));
        controller.enqueue(new TextEncoder().encode('{"kind":"trailer"}\n'));
        controller.close();
      },
    });
  }

  subscribe(
    level: 'state' | 'message',
    since: number | null,
    listener: (event: NodeEvent) => void,
  ): Unsubscribe {
    this.calls.push({ name: 'subscribe', argument: { level, since } });
    this.#listeners.add(listener);
    if (since !== null) for (const event of this.past) if (event.id > since) listener(event);
    return () => this.#listeners.delete(listener);
  }

  metrics(): Promise<string> {
    return Promise.resolve('# TYPE abcd_raft_term gauge\nabcd_raft_term 7\n');
  }

  refused(refusal: Problem): void {
    this.refusals.push(refusal);
  }

  /** Tells every listener. */
  emit(event: NodeEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  async #enter(name: string, argument: unknown, context: RequestContext): Promise<void> {
    this.calls.push({ name, argument });
    this.contexts.push(context);
    const { failure, hold } = this;
    this.failure = null;
    this.hold = null;
    if (hold !== null) await hold(context);
    if (failure instanceof Error) throw failure;
  }
}

/** Faults that are kept and do nothing. */
export class FakeFaults implements FaultControl {
  #faults: readonly Fault[] = [];

  list(): readonly Fault[] {
    return this.#faults;
  }

  set(faults: readonly Fault[]): void {
    this.#faults = faults;
  }

  clear(): void {
    this.#faults = [];
  }
}

/** An event of the given id; `padding` makes it larger. */
export function fakeEvent(id: number, padding = ''): NodeEvent {
  return {
    id,
    at: 1_700_000_000_000,
    family: 'raft',
    level: 'state',
    event: { type: 'x', padding },
  };
}

/** A member at one URL. */
export function memberOf(id: MemberId, name: string, url: string, learner: boolean): Member {
  const urls = [url];
  return { id, name, peerUrls: urls, clientUrls: urls, learner, autoPromote: true, active: true };
}

const MEMBERS: readonly Member[] = [
  memberOf(FAKE_MEMBER, 'n1', 'http://10.0.0.1:8080', false),
  memberOf(OTHER_MEMBER, 'n2', 'http://10.0.0.2:8080', true),
];

function configurationOf(members: readonly Member[]): Configuration {
  return { members, removed: [], clusterVersion: 1 };
}

/** An expected failure, for `FakeNode.failure`. */
export const NO_LEADER = new ApiError('no-leader', 'No leader is known');
