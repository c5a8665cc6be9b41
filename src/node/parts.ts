import type { KvResult, LeaseId } from '../kv/command.ts';
import type { KvChange } from '../kv/event.ts';
import { NODE_MARK } from '../kv/request-id.ts';
import { StateMachine } from '../kv/state-machine.ts';
import { must } from '../lib/assert.ts';
import type { MemberId } from '../lib/ids.ts';
import { Prng } from '../lib/prng.ts';
import type { Configuration } from '../raft/configuration.ts';
import type { Entry, LogIndex } from '../raft/entry.ts';
import { isResponse, type Message } from '../raft/message.ts';
import type { Raft } from '../raft/raft.ts';
import type { TraceEvent } from '../raft/trace.ts';
import { ApiError } from '../wire/errors.ts';
import { DiskError } from '../storage/disk.ts';
import { DamageError, type Fence, type SnapshotFile } from '../storage/storage.ts';
import type { TransportHandler } from '../transport/transport.ts';
import { Admission } from './space/admission.ts';
import { Changes } from './changes.ts';
import { ClusterTime } from './cluster-time.ts';
import { createRaft } from './create-raft.ts';
import { Delays } from './delays.ts';
import { Driver, type DriverHooks } from './loop/driver.ts';
import { changeEvent, messageEvent } from './telemetry/event-views.ts';
import { EventBus } from './telemetry/events.ts';
import { HashCheck } from './hashes/hash-check.ts';
import { HashPoints } from './hashes/hash-points.ts';
import { HistoryKeeper } from './space/history-keeper.ts';
import { LeaderCalls } from './leader/leader-calls.ts';
import { leaderOperations } from './leader/leader-operations.ts';
import { LeaseKeeper } from './leases/lease-keeper.ts';
import { Membership } from './leader/membership.ts';
import { NodeMetrics } from './telemetry/node-metrics.ts';
import type { NodeOptions } from './options.ts';
import { Proposals } from './loop/proposals.ts';
import { Quota } from './space/quota.ts';
import { Reads } from './loop/reads.ts';
import { isRemoved, REMOVED } from './removal.ts';
import { SnapshotReceiver } from './snapshots/snapshot-receiver.ts';
import { SnapshotSender } from './snapshots/snapshot-sender.ts';
import { Snapshots } from './snapshots/snapshots.ts';
import { clusterOf, statusOf } from './telemetry/views.ts';
import { Waiters } from './loop/waiters.ts';
import { Watches } from './watch/watches.ts';

/** The parts of a node and how they hang together; node.ts and peer-handler.ts speak for them. */
export class Parts {
  readonly options: NodeOptions;
  readonly raft: Raft;
  readonly machine = new StateMachine();
  readonly events: EventBus;
  readonly changes = new Changes();
  readonly watches: Watches;
  readonly proposals = new Proposals<KvResult | null>();
  readonly waiters: Waiters;
  readonly #durable: Waiters;
  readonly reads: Reads;
  readonly snapshots: Snapshots;
  readonly sender: SnapshotSender;
  readonly receiver: SnapshotReceiver;
  readonly admission: Admission;
  readonly history: HistoryKeeper;
  readonly leases: LeaseKeeper;
  readonly time: ClusterTime;
  readonly quota: Quota;
  readonly hashPoints: HashPoints;
  readonly hashCheck: HashCheck;
  readonly metrics: NodeMetrics;
  readonly driver: Driver;
  readonly membership: Membership;
  readonly calls: LeaderCalls;
  readonly startedAt: number;
  /** Nothing waits any more once the node has ended. */
  readonly delays: Delays;
  #isOver = false;
  #lastLeader: MemberId | null = null;
  #removalIsTold = false;

  constructor(options: NodeOptions, handler: (parts: Parts) => TransportHandler) {
    this.options = options;
    const { clock, storage, timing } = options;
    const prng = new Prng(options.seed);
    this.startedAt = clock.now();
    this.delays = new Delays(clock);
    this.raft = createRaft(options, prng);
    this.events = new EventBus(clock, options.logger);
    this.waiters = new Waiters(() => this.driver.appliedIndex);
    this.#durable = new Waiters(() => this.raft.state.log.durableIndex);
    this.reads = this.#createReads(prng);
    const { machine, raft, events, delays } = this;
    const failed = (error: unknown): void => this.fail(error);
    const hasLeader = (): boolean => raft.state.leader !== null;
    const { changes } = this;
    this.watches = new Watches({ ...options, store: machine.view, changes, hasLeader, failed });
    const whenDurable = (index: LogIndex): Promise<void> => this.#durable.whenReached(index);
    const stateParts = { machine, raft, events, delays, whenDurable, failed };
    this.snapshots = new Snapshots({ ...options, ...stateParts });
    this.admission = new Admission(storage, options.limits, failed);
    this.metrics = this.#createMetrics();
    const { tickMs } = timing;
    const hooks = this.#hooks();
    this.driver = new Driver({ raft, machine, storage, clock, tickMs, hooks });
    const transport = options.transport(handler(this));
    this.#transport = transport;
    this.sender = new SnapshotSender({
      storage,
      delays,
      chunkBytes: options.limits.snapshotChunkBytes,
      transport: () => transport,
      term: () => raft.state.term,
      disbelieved: (snapshot) => this.#disbelieved(snapshot),
      sent: (to, ok) => this.driver.input((core) => core.snapshotSent(to, ok)),
    });
    this.receiver = new SnapshotReceiver({
      storage,
      raft,
      arrived: (message) => {
        this.driver.input((core) => core.step(message));
        this.driver.flush();
      },
      whenApplied: (index) => this.waiters.whenReached(index),
      failed,
    });
    const { driver, proposals, reads, waiters } = this;
    const time = new ClusterTime({ machine, raft, clock });
    this.time = time;
    const own = { ...options, machine, raft, events, driver, time, proposals, reads, waiters };
    this.history = new HistoryKeeper(own);
    this.quota = new Quota({ ...own, store: machine.view, history: this.history });
    this.hashPoints = new HashPoints(machine.view, () => machine.appliedIndex);
    const fence = (found: Fence): void => this.#fence(found);
    const points = this.hashPoints;
    this.hashCheck = new HashCheck({ ...own, points, transport: () => transport, fence });
    this.leases = new LeaseKeeper({
      machine,
      raft,
      driver,
      admission: this.admission,
      clock,
      time,
      tickMs,
    });
    this.membership = this.#createMembership(prng);
    this.calls = this.#createCalls(prng);
    events.onDemand((wanted) => this.#detail(wanted));
    machine.listen((change) => this.#changed(change));
  }

  readonly #transport: ReturnType<NodeOptions['transport']>;

  get transport(): ReturnType<NodeOptions['transport']> {
    return this.#transport;
  }

  drawLeaseId(): LeaseId {
    const id: string = this.membership.drawId();
    return id as LeaseId;
  }

  /** The node cannot go on: everyone who waits is told, and the process ends. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.end(new ApiError('node-stopped', 'The node stopped on a fault; its log says why.'));
    this.options.onFatal(error, exitCodeOf(error));
  }

  /** The state is wrong: nobody is answered from it any more, in this life or another. */
  #fence(fence: Fence): void {
    if (this.#isOver) return;
    const { storage, onFatal, logger } = this.options;
    logger.log('error', 'node', 'this node is fenced: its state is not that of a majority', fence);
    this.end(new ApiError('node-stopped', 'The node stopped: its state differed from the others.'));
    storage.fence(fence).then(
      (said) => onFatal(said, exitCodeOf(said)),
      (error: unknown) => onFatal(error, exitCodeOf(error)),
    );
  }

  /** Stops at once; whatever fails from now on is nobody's business. */
  end(error: ApiError): void {
    this.#isOver = true;
    this.driver.halt();
    this.abandon(error);
  }

  /** Everyone who waits is told that the node stops. The driver must have been stopped. */
  abandon(error: ApiError): void {
    // What is in the log may be committed by others.
    const outcome = error.applied === 'no' ? unknownBecause(error) : error;
    this.calls.close(error);
    this.hashCheck.close();
    this.proposals.abandon(outcome);
    this.reads.abandon(error);
    this.waiters.abandon(error);
    this.#durable.abandon(error);
    this.sender.close();
    this.delays.close();
    this.watches.close();
  }

  #leaderParts() {
    const { raft, driver, admission, quota, proposals, membership, delays } = this;
    const { leases, reads, machine, time } = this;
    const { clusterId } = must(this.options.restored.identity, 'identity');
    const cluster = () => clusterOf(raft, clusterId);
    const core = { raft, driver, admission, quota, proposals, membership, delays };
    return { ...core, leases, reads, time, view: machine.view, cluster };
  }

  #hooks(): DriverHooks {
    return {
      traced: (event) => this.#traced(event),
      send: (message) => this.#send(message),
      orderSnapshot: (order) => this.sender.send(order),
      readAnswered: (context, index) => this.reads.answered(context, index),
      configured: (configuration) => this.#configured(configuration),
      applied: (entry, result) => this.#applied(entry, result),
      advanced: () => this.#advanced(),
      restore: async (snapshot) => {
        await this.snapshots.restore(snapshot);
        this.hashPoints.restored();
        this.proposals.skipped(snapshot.index);
        this.changes.jumped();
      },
      ticked: () => this.#ticked(),
      persisted: () => this.#durable.advanced(),
      persistMeasured: (ms, entries) => this.metrics.synced(ms, entries),
      failed: (error) => this.fail(error),
    };
  }

  #send(message: Message): void {
    if (this.events.wantsMessages) {
      this.events.emit('raft', messageEvent('sent', message), 'message', 'trace');
    }
    // The receiver of a snapshot answers in the transfer itself; nobody waits for this one.
    if (isResponse(message) && message.seq === 0) return;
    this.#transport.send(message);
  }

  #configured(configuration: Configuration): void {
    const peers = new Map(
      configuration.members.map((member) => [member.id, member.peerUrls[0] ?? '']),
    );
    peers.delete(this.raft.state.id);
    this.#transport.setPeers(peers);
  }

  #applied(entry: Entry, result: KvResult | null): void {
    this.leases.applied(result);
    this.hashPoints.applied(entry.index);
    this.proposals.applied(entry, result);
    if (!this.events.wantsDetail) return;
    const { index, term, command } = entry;
    this.events.emit('kv', { type: 'applied', index, term, kind: command.kind });
  }

  #traced(event: TraceEvent): void {
    this.events.trace(event);
    if (event.type !== 'role' || event.leader === null) return;
    if (event.leader !== this.#lastLeader) this.metrics.leaderChanged();
    this.#lastLeader = event.leader;
  }

  /** The decisions of every write and read are told on demand. */
  #detail(wanted: boolean): void {
    this.raft.state.tracing = wanted;
  }

  #changed(change: KvChange): void {
    this.changes.changed(change);
    if (!this.events.wantsDetail) return;
    for (const event of change.events) this.events.emit('kv', changeEvent(event));
  }

  /** A follower does not find this file whole: another is made to send. */
  #disbelieved({ index, hash }: SnapshotFile): void {
    const fields = { index, hash };
    this.options.logger.log('error', 'node', 'a follower refuses the snapshot', fields);
    this.snapshots.takeNow().catch(() => undefined);
  }

  #advanced(): void {
    this.waiters.advanced();
    this.reads.advanced();
    this.snapshots.takeIfDue();
  }

  #ticked(): void {
    this.proposals.expire(this.options.clock.now());
    if (this.raft.state.role.name !== 'leader') this.proposals.forgetEnded();
    this.calls.tick();
    this.reads.tick();
    this.admission.tick();
    this.history.tick();
    this.watches.tick();
    this.leases.tick();
    this.hashCheck.tick();
    this.quota.tick(this.raft.state.role.name === 'leader');
    this.#tellRemoval();
  }

  /** In the log, once: nobody else will say it again. */
  #tellRemoval(): void {
    if (this.#removalIsTold || !isRemoved(this.raft.state)) return;
    this.#removalIsTold = true;
    this.options.logger.log('error', 'node', REMOVED, { memberId: this.raft.state.id });
  }

  #createReads(prng: Prng): Reads {
    const { clock, timing, limits } = this.options;
    return new Reads({
      clock,
      ask: (context) => this.driver.input((raft) => raft.readIndex(context)),
      appliedIndex: () => this.driver.appliedIndex,
      hasLeader: () => this.raft.state.leader !== null,
      firstContext: prng.uint32() * 2 ** 20,
      attemptMs: timing.electionMs,
      max: limits.pendingReads,
    });
  }

  #createMetrics(): NodeMetrics {
    return new NodeMetrics({
      status: () => statusOf(this),
      pendingProposals: () => this.proposals.awaited,
      pendingReads: () => this.reads.count,
      freeBytes: () => this.admission.freeBytes,
      walBytes: () => this.options.storage.walBytes,
      watches: this.watches,
      leaseCount: () => this.machine.view.leaseCount,
      leases: () => this.leases,
      state: {
        store: this.machine.view,
        limits: this.options.limits,
        edgeLimits: this.options.edgeLimits ?? new Map(),
        quota: () => this.quota,
        hashCheck: () => this.hashCheck,
        slowWatches: () => this.watches.slow,
      },
    });
  }

  #createMembership(prng: Prng): Membership {
    const { delays, raft } = this;
    const { clock } = this.options;
    return new Membership({
      clock,
      delays,
      prng,
      latest: () => raft.state.history.latest,
      propose: (change, requestId) => {
        const at = Math.trunc(clock.wallNow());
        const result = this.driver.input((core) => core.proposeChange(change, requestId, at));
        return result ?? { ok: false, code: 'not-leader' };
      },
      committed: (entry, deadline) => this.proposals.add(entry, deadline),
      confirmed: (deadline) => this.reads.barrier({ deadline, signal: null }),
    });
  }

  #createCalls(prng: Prng): LeaderCalls {
    const { raft, delays } = this;
    const { clock, timing, limits } = this.options;
    return new LeaderCalls({
      self: raft.state.id,
      clock,
      delays,
      leader: () => raft.state.leader,
      transport: () => this.#transport,
      operations: leaderOperations({ ...this.#leaderParts(), clock }),
      lifeName: `${NODE_MARK}${raft.state.id}-${prng.uint32().toString(36)}`,
      leaderWaitMs: 4 * timing.electionMs,
      limits: { calls: limits.pendingProposals, bytes: limits.pendingBytes },
    });
  }
}

/** A disk that failed is 3, a damaged file 2; anything else is impossible, and 70. */
function exitCodeOf(error: unknown): number {
  if (error instanceof DamageError) return 2;
  return error instanceof DiskError ? 3 : 70;
}

function unknownBecause(error: ApiError): ApiError {
  return new ApiError('timeout', `The write may or may not have happened: ${error.message}`);
}
