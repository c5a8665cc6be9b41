import type { KvResult, LeaseId } from '../kv/command.ts';
import { Hasher } from '../kv/hash.ts';
import { must } from '../lib/assert.ts';
import { type ClusterId, idOfWords, type MemberId } from '../lib/ids.ts';
import type { Configuration, ConfigurationCommand } from '../raft/configuration.ts';
import { createEntry, type Term } from '../raft/entry.ts';
import type { SnapshotFile, Storage } from '../storage/storage.ts';
import { ApiError } from '../wire/errors.ts';
import { shuttingDown } from '../wire/usual-errors.ts';
import type { Problem } from '../wire/problem.ts';
import type {
  AddedMember,
  ChangeListener,
  ClusterStatus,
  ConsensusState,
  FaultControl,
  KvProposal,
  MemberInput,
  NodeApi,
  NodeEvent,
  NodeStatus,
  RequestContext,
  StoreView,
  Unsubscribe,
  WatchedRange,
} from './api.ts';
import { atMost } from './delays.ts';
import type { NodeOptions } from './options.ts';
import { Parts } from './parts.ts';
import { PeerHandler } from './peer-handler.ts';
import { isRemoved, REMOVED } from './removal.ts';
import { clusterOf, consensusOf, statusOf } from './telemetry/views.ts';
import type { Watch, WatchSpec } from './watch/watch.ts';

/** How long a stopping leader waits for its successor, and a stopping node for open writes, ms. */
const HANDOVER_MS = 2000;
const DRAIN_MS = 3000;
const LOOK_AGAIN_MS = 10;
/** How long a stopping node waits for a snapshot that is being written, ms. */
const SNAPSHOT_MS = 2000;
/** A command without values. */
const OTHER_BYTES = 100;
/** How long a follower waits for the leader's view of the cluster, ms. */
const ASK_LEADER_MS = 500;

/** A member of a cluster: what the REST interface and the simulator talk to. */
export class Node implements NodeApi {
  readonly #parts: Parts;
  readonly clusterId: ClusterId;
  readonly memberId: MemberId;
  readonly store: StoreView;
  readonly faults: FaultControl | null;
  #stopped: Promise<void> | null = null;

  private constructor(parts: Parts, clusterId: ClusterId) {
    this.#parts = parts;
    this.clusterId = clusterId;
    this.memberId = parts.raft.state.id;
    this.store = parts.machine.view;
    this.faults = parts.options.faults;
  }

  /** Brings a node up from what its storage holds; it takes part as soon as this resolves. */
  static async start(given: NodeOptions): Promise<Node> {
    const identity = must(given.restored.identity, 'identity of an opened directory');
    const options = await founded(given);
    const parts = new Parts(options, (assembled) => new PeerHandler(assembled));
    try {
      const { snapshot } = options.restored;
      if (snapshot !== null) await parts.snapshots.restore(snapshot);
      await parts.admission.look();
    } catch (error) {
      await parts.transport.close();
      throw error;
    }
    parts.driver.start();
    return new Node(parts, identity.clusterId);
  }

  /**
   * Hands leadership over, lets open requests end, and closes the files. Resolves when nothing of
   * this node runs any more.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Stops at once, as a crash would, but for the process: for tests. */
  kill(): void {
    this.#parts.end(new ApiError('node-stopped', 'The node was killed.'));
    void this.#parts.transport.close();
  }

  async #stop(): Promise<void> {
    const { raft, driver, proposals, calls, reads, transport, snapshots, options } = this.#parts;
    driver.input((core) => core.transferLeadership(null));
    await this.#until(
      () => raft.state.role.name !== 'leader' || noSuccessor(raft.state),
      HANDOVER_MS,
    );
    await this.#until(() => proposals.awaited + calls.count + reads.count === 0, DRAIN_MS);
    const persisted = driver.stop();
    this.#parts.abandon(shuttingDown());
    await persisted;
    await snapshots.close(SNAPSHOT_MS);
    this.#parts.end(shuttingDown());
    await transport.close();
    await options.storage.close();
  }

  now(): number {
    return this.#parts.options.clock.now();
  }

  term(): Term {
    return this.#parts.raft.state.term;
  }

  async propose(proposal: KvProposal, context: RequestContext): Promise<KvResult> {
    const bytes = bytesOf(proposal);
    const result = await this.#call('propose', proposal, context, bytes);
    return result as KvResult;
  }

  async readBarrier(context: RequestContext): Promise<void> {
    this.#refuseWhenStopping();
    await this.#parts.reads.barrier(context);
  }

  onChange(range: WatchedRange, listener: ChangeListener): Unsubscribe {
    return this.#parts.changes.subscribe(range, listener);
  }

  async watch(spec: WatchSpec, context: RequestContext): Promise<Watch> {
    await this.readBarrier(context);
    return this.#parts.watches.open(spec);
  }

  drawLeaseId(requestId: string | null): LeaseId {
    return requestId === null ? this.#parts.drawLeaseId() : leaseIdOf(requestId);
  }

  async keepAlive(id: LeaseId, context: RequestContext): Promise<number | null> {
    return (await this.#call('keep-alive', id, context)) as number | null;
  }

  async remainingOf(id: LeaseId, context: RequestContext): Promise<number | null> {
    return (await this.#call('lease-remaining', id, context)) as number | null;
  }

  status(): NodeStatus {
    return statusOf(this.#parts);
  }

  /** As the leader sees it, who alone knows which members answer; else as this node does. */
  async cluster(context: RequestContext): Promise<ClusterStatus> {
    const { raft, calls } = this.#parts;
    const own = (): ClusterStatus => clusterOf(raft, this.clusterId);
    const { leader, id } = raft.state;
    if (leader === null || leader === id) return own();
    const deadline = Math.min(context.deadline, this.now() + ASK_LEADER_MS);
    const asked = calls.call('cluster', null, { ...context, deadline, requestId: null });
    return await asked.then(
      (status) => status as ClusterStatus,
      () => own(),
    );
  }

  consensusState(): ConsensusState {
    const { raft, driver, options } = this.#parts;
    const snapshot = options.storage.newestSnapshot();
    return consensusOf(raft, driver.appliedIndex, snapshot, options.timing);
  }

  readiness(): Readonly<Record<string, string | null>> {
    const { raft, driver, admission } = this.#parts;
    const { state } = raft;
    const voter = state.isVoter ? null : 'this node is not a voter (yet)';
    const caughtUp = driver.appliedIndex >= state.commitIndex;
    return {
      leader: state.leader === null ? 'no leader is known' : null,
      recovery: state.recovery === null ? null : 'the log is being checked with the other members',
      membership: isRemoved(state) ? REMOVED : voter,
      applied: caughtUp ? null : `applied ${driver.appliedIndex} of ${state.commitIndex}`,
      disk: admission.diskIsNearlyFull ? 'the disk is nearly full' : null,
      running: this.#stopped !== null ? 'the node is shutting down' : null,
    };
  }

  remarks(): Readonly<Record<string, string>> {
    const { quota, hashCheck } = this.#parts;
    const differ = hashCheck.mismatches > 0;
    return {
      ...(quota.isExceeded ? { quota: 'writes are refused: the store has reached its quota' } : {}),
      ...(differ ? { states: 'the states of members differ; the log says whose' } : {}),
    };
  }

  async addMember(input: MemberInput, context: RequestContext): Promise<AddedMember> {
    // Named here, so that the request can be sent again and still adds one member.
    const member = { ...input, id: input.id ?? this.#parts.membership.drawId() };
    return (await this.#call('add-member', member, context)) as AddedMember;
  }

  async removeMember(id: MemberId, context: RequestContext): Promise<Configuration> {
    return (await this.#call('remove-member', id, context)) as Configuration;
  }

  async updateMember(id: MemberId, url: string, context: RequestContext): Promise<Configuration> {
    return (await this.#call('update-member', { id, url }, context)) as Configuration;
  }

  async promoteMember(id: MemberId, context: RequestContext): Promise<Configuration> {
    return (await this.#call('promote-member', id, context)) as Configuration;
  }

  async transferLeadership(to: MemberId | null, context: RequestContext): Promise<MemberId> {
    return (await this.#call('transfer', to, context)) as MemberId;
  }

  campaign(): void {
    const began = this.#parts.driver.input((raft) => raft.campaign());
    if (began !== true) {
      throw new ApiError('conflict', 'This node leads already, or may not campaign.');
    }
  }

  stepDown(): void {
    const stepped = this.#parts.driver.input((raft) => raft.stepDown());
    if (stepped !== true) throw new ApiError('conflict', 'This node is a follower already.');
  }

  async backup(context: RequestContext): Promise<ReadableStream<Uint8Array>> {
    await this.readBarrier(context);
    const taken = this.#parts.snapshots.takeNow();
    // A large one takes its time, and the stream waits for it; a quick failure is told at once.
    const { clock, storage, limits } = this.#parts.options;
    await atMost(clock, Math.max(0, context.deadline - clock.now()), taken);
    return backupStream(storage, limits.snapshotChunkBytes, taken);
  }

  subscribe(
    level: 'state' | 'message',
    since: number | null,
    listener: (event: NodeEvent) => void,
  ): Unsubscribe {
    return this.#parts.events.subscribe(level, since, listener);
  }

  metrics(): Promise<string> {
    return this.#parts.metrics.text();
  }

  refused(refusal: Problem): void {
    this.#parts.metrics.refused(refusal);
  }

  /** The core, for the simulator's checkers. */
  get raft() {
    return this.#parts.raft;
  }

  async #call(
    operation: string,
    body: unknown,
    context: RequestContext,
    bytes = 0,
  ): Promise<unknown> {
    this.#refuseWhenStopping();
    try {
      return await this.#parts.calls.call(operation, body, context, bytes);
    } catch (error) {
      this.#parts.metrics.proposalFailed();
      throw error;
    }
  }

  #refuseWhenStopping(): void {
    if (this.#stopped !== null) throw shuttingDown();
  }

  async #until(done: () => boolean, timeoutMs: number): Promise<void> {
    const { delays, options } = this.#parts;
    const end = options.clock.now() + timeoutMs;
    while (!done() && options.clock.now() < end && (await delays.sleep(LOOK_AGAIN_MS)));
  }
}

/** The id of a lease that a request with a name asks for: however often, by whichever node. */
function leaseIdOf(requestId: string): LeaseId {
  const { high, low } = new Hasher().text(requestId).finish();
  return idOfWords(high, low) as LeaseId;
}

/** Nobody votes in it: elections begin with the next. */
const FOUNDING_TERM = 1;

/**
 * Writes the first entry of a new cluster, the same on each of its founding members. A power cut
 * may have left the term of it and no more: then it is written again.
 */
async function founded(options: NodeOptions): Promise<NodeOptions> {
  const { founding, restored, storage } = options;
  const isEmpty = restored.entries.length === 0 && restored.snapshot === null;
  if (founding === null || !isEmpty || restored.state.term > FOUNDING_TERM) return options;
  const command: ConfigurationCommand = {
    v: 1,
    kind: 'configuration',
    requestId: null,
    at: 0,
    by: null,
    change: { type: 'found' },
    configuration: founding,
  };
  const entries = [createEntry(1, FOUNDING_TERM, command)];
  const state = { term: FOUNDING_TERM, vote: null };
  await storage.append({ state, entries });
  return { ...options, restored: { ...restored, state, entries } };
}

function noSuccessor(state: Parts['raft']['state']): boolean {
  return state.role.name === 'leader' && state.role.transfer === null;
}

/** The newest snapshot file in pieces, from when it is `taken`. */
function backupStream(
  storage: Storage,
  chunkBytes: number,
  taken: Promise<void>,
): ReadableStream<Uint8Array> {
  let snapshot: SnapshotFile | null = null;
  let offset = 0;
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      await taken;
      snapshot ??= must(storage.newestSnapshot(), 'a snapshot that was just taken');
      const bytes = await storage.readSnapshotChunk(snapshot.index, offset, chunkBytes);
      if (bytes === null) throw new Error('the snapshot was replaced by newer ones meanwhile');
      offset += bytes.length;
      if (bytes.length > 0) controller.enqueue(bytes);
      if (offset >= snapshot.bytes) controller.close();
    },
  });
}

/** What a proposal adds to the queue, roughly: the keys and values in it. */
function bytesOf(proposal: KvProposal): number {
  if (proposal.kind === 'put') return proposal.key.length + proposal.value.length;
  return proposal.kind === 'txn' ? JSON.stringify(proposal).length : OTHER_BYTES;
}
