import { assert } from '../../src/lib/assert.ts';
import type { MemberId } from '../../src/lib/ids.ts';
import type { Prng } from '../../src/lib/prng.ts';
import type { LogIndex } from '../../src/raft/entry.ts';
import { checkState, checkStep, summarize } from '../../src/raft/invariants.ts';
import type { Message } from '../../src/raft/message.ts';
import { Raft } from '../../src/raft/raft.ts';
import type { Ready, ReadState, SnapshotMeta, SnapshotOrder } from '../../src/raft/ready.ts';
import type { RaftConfig, RaftState } from '../../src/raft/state.ts';
import type { TraceEvent } from '../../src/raft/trace.ts';
import type { RaftDisk } from './raft-disk.ts';
import type { RaftOracle, Witness } from './raft-oracle.ts';

/** Where a node's effects go. */
export interface RaftWorld {
  readonly oracle: RaftOracle;
  readonly nodes: ReadonlyMap<MemberId, Witness>;
  send(message: Message): void;
  order(from: MemberId, order: SnapshotOrder): void;
  trace(id: MemberId, event: TraceEvent): void;
  read(id: MemberId, state: ReadState): void;
}

/**
 * A node without a shell: the core, a disk that writes when told to, and a state machine that only
 * counts. Every step is checked against the invariants of one node and of the cluster.
 */
export class RaftNode implements Witness {
  readonly id: MemberId;
  readonly disk: RaftDisk;
  /** Whether the disk writes only when `persist` is called. */
  diskIsSlow = false;
  isUp = true;
  appliedIndex: LogIndex = 0;
  readonly #config: RaftConfig;
  readonly #prng: Prng;
  readonly #world: RaftWorld;
  #raft: Raft;
  /** Readys that were handed to the disk and are not durable yet. */
  #writing: Ready[] = [];

  constructor(config: RaftConfig, prng: Prng, disk: RaftDisk, world: RaftWorld) {
    this.id = config.id;
    this.disk = disk;
    this.#config = config;
    this.#prng = prng;
    this.#world = world;
    this.#raft = this.#start(false);
  }

  get raft(): Raft {
    return this.#raft;
  }

  get state(): RaftState {
    return this.#raft.state;
  }

  get isLeader(): boolean {
    return this.isUp && this.state.role.name === 'leader';
  }

  /** How many Readys wait for the disk. */
  get writing(): number {
    return this.#writing.length;
  }

  /** Runs one input of the core, checks what it did, and carries out what it wants. */
  run<T>(input: (raft: Raft) => T): T {
    assert(this.isUp, () => `${this.id} is down`);
    const before = summarize(this.state);
    const result = input(this.#raft);
    checkState(this.state);
    checkStep(before, this.state);
    this.#drain();
    return result;
  }

  /** The disk finishes the oldest `count` batches, as one. */
  persist(count = 1): void {
    const batch = this.#writing.splice(0, count);
    for (const ready of batch) this.disk.write(ready);
    for (const ready of batch) {
      for (const message of ready.messagesAfterPersist) this.#send(message);
    }
    const mark = batch.at(-1)?.mark ?? null;
    if (mark !== null) this.run((raft) => raft.persisted(mark));
  }

  /** The disk finishes everything it was given, and what follows from that. */
  persistAll(): void {
    while (this.#writing.length > 0) this.persist(this.#writing.length);
  }

  crash(): void {
    this.isUp = false;
    this.#writing = [];
  }

  /** Comes back with what the disk holds. */
  restart(recovering = false): void {
    this.#writing = [];
    this.#raft = this.#start(recovering);
    this.isUp = true;
  }

  /** Takes a snapshot of what is applied and durable, up to `index`; returns it, if any. */
  compact(index: LogIndex): SnapshotMeta | null {
    const { log } = this.state;
    const at = Math.min(index, this.appliedIndex, log.durableIndex, this.disk.lastIndex);
    const term = log.term(at);
    if (at <= log.baseIndex || term === null) return null;
    const meta = { index: at, term, configuration: this.#raft.configurationAt(at) };
    this.disk.compact(meta);
    this.run((raft) => raft.compact(at));
    return meta;
  }

  #start(recovering: boolean): Raft {
    this.appliedIndex = this.disk.baseIndex;
    const raft = new Raft(this.#config, this.#prng.fork(), this.disk.restore(recovering));
    raft.state.tracing = true;
    checkState(raft.state);
    return raft;
  }

  #drain(): void {
    while (this.#raft.hasReady()) {
      this.#take(this.#raft.ready());
      if (!this.diskIsSlow) this.persistAll();
    }
  }

  #take(ready: Ready): void {
    const { oracle } = this.#world;
    checkState(this.state);
    oracle.appended(this, ready.entries);
    for (const event of ready.trace) this.#observe(event);
    for (const message of ready.messages) this.#send(message);
    for (const order of ready.snapshotOrders) this.#world.order(this.id, order);
    if (ready.snapshot !== null) this.appliedIndex = ready.snapshot.index;
    for (const entry of ready.committed) {
      const expected = this.appliedIndex + 1;
      assert(entry.index === expected, () => `applies ${entry.index} instead of ${expected}`);
      oracle.applied(this, entry);
      this.appliedIndex = entry.index;
    }
    for (const state of ready.readStates) {
      oracle.readAnswered(state.context, state.index);
      this.#world.read(this.id, state);
    }
    if (ready.mark !== null) this.#writing.push(ready);
  }

  #observe(event: TraceEvent): void {
    const { oracle, nodes } = this.#world;
    if (event.type === 'role' && event.to === 'leader') oracle.elected(this);
    if (event.type === 'commit' && oracle.leaderOf(event.term) === this.id) {
      oracle.committed(this, event.to, nodes);
    }
    this.#world.trace(this.id, event);
  }

  #send(message: Message): void {
    this.#world.oracle.sent(this, message);
    this.#world.send(message);
  }
}
