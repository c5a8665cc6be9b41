import type { KeyValue, KvResult } from '../../src/kv/command.ts';
import type { ByteString } from '../../src/lib/bytes.ts';
import type { ClusterId, MemberId } from '../../src/lib/ids.ts';
import type {
  AddedMember,
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
  StoreView,
  Unsubscribe,
} from '../../src/node/api.ts';
import type { Configuration, Member } from '../../src/raft/configuration.ts';
import { ApiError } from '../../src/wire/errors.ts';

export const FAKE_CLUSTER = '1152921504606846977' as ClusterId;
export const FAKE_MEMBER = '8391245717622341632' as MemberId;
export const OTHER_MEMBER = '5577006791947779410' as MemberId;

/** The store of the fake: a Map, sorted anew for each range. */
class FakeStore implements StoreView {
  readonly pairs = new Map<ByteString, KeyValue>();
  revision = 1;

  get(key: ByteString): KeyValue | undefined {
    return this.pairs.get(key);
  }

  range(start: ByteString, end: ByteString | null, limit: number, descending = false): KeyValue[] {
    const inside = [...this.pairs.values()]
      .filter(({ key }) => key >= start && (end === null || key < end))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    return (descending ? inside.reverse() : inside).slice(0, limit);
  }

  count(start: ByteString, end: ByteString | null): number {
    return this.range(start, end, Number.MAX_SAFE_INTEGER).length;
  }

  hash(): string {
    return `hash-of-${this.revision}`;
  }
}

/** A node without Raft: one store, applied at once. Records what it was asked. */
export class FakeNode implements NodeApi {
  readonly clusterId = FAKE_CLUSTER;
  readonly memberId = FAKE_MEMBER;
  readonly store = new FakeStore();
  readonly contexts: RequestContext[] = [];
  readonly calls: { readonly name: string; readonly argument: unknown }[] = [];
  readonly #listeners = new Set<(event: NodeEvent) => void>();
  readonly past: NodeEvent[] = [];
  readonly requests = new Map<string, { readonly content: string; readonly result: KvResult }>();
  unready: Record<string, string | null> = { leader: null };
  /** Thrown by the next call instead of an answer. */
  failure: unknown = null;
  /** Awaited by the next proposal or barrier, with its context. */
  hold: ((context: RequestContext) => Promise<void>) | null = null;
  barriers = 0;
  faults: FaultControl | null = null;

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
    if (context.requestId === null) return this.#apply(proposal);
    const content = JSON.stringify(proposal);
    const known = this.requests.get(context.requestId);
    if (known !== undefined && known.content !== content) {
      return { type: 'request-mismatch', revision: this.store.revision };
    }
    const result = known?.result ?? this.#apply(proposal);
    this.requests.set(context.requestId, { content, result });
    return result;
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

  #apply(proposal: KvProposal): KvResult {
    const { store } = this;
    if (proposal.kind !== 'put' && proposal.kind !== 'delete') {
      throw new Error(`the fake does not know ${proposal.kind}`);
    }
    const current = store.pairs.get(proposal.key);
    const modRevision = current?.modRevision ?? 0;
    const { condition } = proposal;
    const wanted = condition?.type === 'absent' ? 0 : condition?.revision;
    if (wanted !== undefined && wanted !== modRevision) {
      return { type: 'condition-failed', revision: store.revision, modRevision };
    }
    if (proposal.kind === 'delete') return this.#delete(proposal);
    store.revision += 1;
    const { revision } = store;
    store.pairs.set(proposal.key, {
      key: proposal.key,
      value: proposal.value,
      createRevision: current?.createRevision ?? revision,
      modRevision: revision,
      version: (current?.version ?? 0) + 1,
      lease: null,
    });
    return { type: 'put', revision, created: current === undefined, prev: current ?? null };
  }

  #delete(proposal: KvProposal & { readonly kind: 'delete' }): KvResult {
    const { store } = this;
    const { key, end, open } = proposal;
    const single = end === null && !open;
    const last = single ? ((key + '\0') as ByteString) : end;
    const prev = store.range(key, last, Number.MAX_SAFE_INTEGER);
    for (const pair of prev) store.pairs.delete(pair.key);
    if (prev.length > 0) store.revision += 1;
    return { type: 'delete', revision: store.revision, deleted: prev.length, prev };
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
