import type { KvResult } from '../kv/command.ts';
import { must } from '../lib/assert.ts';
import type { ClusterId, MemberId } from '../lib/ids.ts';
import type { Configuration, ConfigurationCommand } from '../raft/configuration.ts';
import { createEntry, type Term } from '../raft/entry.ts';
import { ApiError } from '../wire/errors.ts';
import type {
  AddedMember,
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
} from './api.ts';
import type { NodeOptions } from './options.ts';
import { Parts } from './parts.ts';
import { PeerHandler } from './peer-handler.ts';
import { SNAPSHOT_CHUNK_BYTES } from './snapshot-sender.ts';
import { clusterOf, consensusOf, statusOf } from './views.ts';

/** How long a stopping leader waits for its successor, and a stopping node for open writes, ms. */
const HANDOVER_MS = 2000;
const DRAIN_MS = 3000;
const LOOK_AGAIN_MS = 10;
/** How long a follower waits for the leader's view of the cluster, ms. */
const ASK_LEADER_MS = 500;

/** A member of a cluster: what the REST interface and the simulator talk to. */
export class Node implements NodeApi {
  readonly #parts: Parts;
  readonly clusterId: ClusterId;
  readonly memberId: MemberId;
  readonly store: StoreView;
  readonly faults: FaultControl | null;
  #stopping = false;

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
    const { snapshot } = options.restored;
    if (snapshot !== null) await parts.snapshots.restore(snapshot);
    await parts.admission.look();
    const node = new Node(parts, identity.clusterId);
    parts.driver.start();
    return node;
  }

  /**
   * Hands leadership over, lets open writes end, and closes the files. Resolves when nothing of
   * this node runs any more.
   */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const { raft, driver, proposals, transport, snapshots, options } = this.#parts;
    driver.input((core) => core.transferLeadership(null));
    await this.#until(
      () => raft.state.role.name !== 'leader' || noSuccessor(raft.state),
      HANDOVER_MS,
    );
    await this.#until(() => proposals.count === 0, DRAIN_MS);
    this.#parts.abandon(new ApiError('shutting-down', 'The node is shutting down.'));
    await driver.stop();
    await snapshots.close();
    await transport.close();
    await options.storage.close();
  }

  /** Stops at once, as a crash would, but for the process: for tests. */
  kill(): void {
    this.#parts.driver.halt();
    this.#parts.abandon(new ApiError('node-stopped', 'The node was killed.'));
  }

  now(): number {
    return this.#parts.options.clock.now();
  }

  term(): Term {
    return this.#parts.raft.state.term;
  }

  async propose(proposal: KvProposal, context: RequestContext): Promise<KvResult> {
    const result = await this.#call('propose', proposal, context);
    return result as KvResult;
  }

  async readBarrier(context: RequestContext): Promise<void> {
    this.#refuseWhenStopping();
    await this.#parts.reads.barrier(context.deadline);
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
    const asked = calls.call('cluster', null, { ...context, deadline });
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
    const caughtUp = driver.appliedIndex >= state.commitIndex;
    return {
      leader: state.leader === null ? 'no leader is known' : null,
      recovery: state.recovery === null ? null : 'the log is being checked with the other members',
      membership: state.isVoter ? null : 'this node is not a voter (yet)',
      applied: caughtUp ? null : `applied ${driver.appliedIndex} of ${state.commitIndex}`,
      disk: admission.diskIsNearlyFull ? 'the disk is nearly full' : null,
      running: this.#stopping ? 'the node is shutting down' : null,
    };
  }

  async addMember(member: MemberInput, context: RequestContext): Promise<AddedMember> {
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
    await this.#parts.snapshots.takeNow();
    const { storage } = this.#parts.options;
    const snapshot = must(storage.newestSnapshot(), 'a snapshot that was just taken');
    let offset = 0;
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const bytes = await storage.readSnapshotChunk(snapshot.index, offset, SNAPSHOT_CHUNK_BYTES);
        if (bytes === null) throw new Error('the snapshot was replaced by a newer one');
        offset += bytes.length;
        if (bytes.length > 0) controller.enqueue(bytes);
        if (offset >= snapshot.bytes) controller.close();
      },
    });
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

  /** The core, for the simulator's checkers. */
  get raft() {
    return this.#parts.raft;
  }

  async #call(operation: string, body: unknown, context: RequestContext): Promise<unknown> {
    this.#refuseWhenStopping();
    try {
      return await this.#parts.calls.call(operation, body, context);
    } catch (error) {
      this.#parts.metrics.proposalFailed();
      throw error;
    }
  }

  #refuseWhenStopping(): void {
    if (this.#stopping) throw new ApiError('shutting-down', 'The node is shutting down.');
  }

  async #until(done: () => boolean, timeoutMs: number): Promise<void> {
    const { clock } = this.#parts.options;
    const end = clock.now() + timeoutMs;
    while (!done() && clock.now() < end) {
      await new Promise<void>((resolve) => {
        clock.setTimer(LOOK_AGAIN_MS, resolve);
      });
    }
  }
}

/** Writes the first entry of a new cluster, the same on each of its founding members. */
async function founded(options: NodeOptions): Promise<NodeOptions> {
  const { founding, restored, storage } = options;
  const isEmpty = restored.entries.length === 0 && restored.snapshot === null;
  if (founding === null || !isEmpty || restored.state.term > 0) return options;
  const command: ConfigurationCommand = {
    v: 1,
    kind: 'configuration',
    requestId: null,
    at: 0,
    by: null,
    change: { type: 'found' },
    configuration: founding,
  };
  const entries = [createEntry(1, 1, command)];
  const state = { term: 1, vote: null };
  await storage.append({ state, entries });
  return { ...options, restored: { ...restored, state, entries } };
}

function noSuccessor(state: Parts['raft']['state']): boolean {
  return state.role.name === 'leader' && state.role.transfer === null;
}
