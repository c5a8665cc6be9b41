import { assert, must } from '../../src/lib/assert.ts';
import type { MemberId } from '../../src/lib/ids.ts';
import { Prng } from '../../src/lib/prng.ts';
import type { Configuration } from '../../src/raft/configuration.ts';
import type { HardState, Term } from '../../src/raft/entry.ts';
import type { Message, SnapshotArrived } from '../../src/raft/message.ts';
import type { ReadState, SnapshotOrder } from '../../src/raft/ready.ts';
import type { RaftConfig } from '../../src/raft/state.ts';
import type { TraceEvent } from '../../src/raft/trace.ts';
import { RaftDisk } from './raft-disk.ts';
import { idOf, logOf, raftConfig, votersUpTo } from './raft-members.ts';
import { RaftNode, type RaftWorld } from './raft-node.ts';
import { RaftOracle } from './raft-oracle.ts';

/** A snapshot that a leader wants sent. */
export interface PendingOrder extends SnapshotOrder {
  readonly from: MemberId;
}

/** What happened, in the order in which it did. */
export type ClusterEvent =
  | { readonly type: 'trace'; readonly id: MemberId; readonly event: TraceEvent }
  | { readonly type: 'sent'; readonly message: Message }
  | { readonly type: 'delivered'; readonly message: Message }
  | { readonly type: 'lost'; readonly message: Message }
  | { readonly type: 'read'; readonly id: MemberId; readonly state: ReadState };

export interface NodeStart {
  /** Terms of the entries on its disk; the first founds the cluster. */
  readonly terms?: readonly Term[];
  readonly state?: HardState;
  readonly configuration?: Configuration;
  readonly config?: Partial<RaftConfig>;
}

/**
 * A cluster of cores whose messages wait in one queue until a test delivers, drops or keeps them.
 * Nothing moves by itself.
 */
export class RaftCluster implements RaftWorld {
  readonly nodes = new Map<MemberId, RaftNode>();
  readonly oracle = new RaftOracle();
  queue: Message[] = [];
  orders: PendingOrder[] = [];
  readonly reads: ReadState[] = [];
  /** Called with everything that happens. */
  observe: (event: ClusterEvent) => void = () => undefined;
  readonly #cut = new Set<string>();
  readonly #prng = new Prng(1);

  /** A cluster of `size` voters that hold the founding entry in term 1, and know no leader. */
  static of(size: number, config: Partial<RaftConfig> = {}): RaftCluster {
    const cluster = new RaftCluster();
    for (let n = 1; n <= size; n += 1) {
      cluster.add(n, { terms: [1], configuration: votersUpTo(size), config });
    }
    return cluster;
  }

  /** Adds a node; without `terms` an empty one, as it is before it joins. */
  add(number: number, start: NodeStart = {}): RaftNode {
    const { terms = [], configuration = votersUpTo(0) } = start;
    const entries = logOf(configuration, terms);
    const state = start.state ?? { term: terms.at(-1) ?? 0, vote: null };
    const disk = new RaftDisk({ state, entries });
    const config = raftConfig(number, start.config);
    const node = new RaftNode(config, this.#prng.fork(), disk, this);
    this.oracle.appended(node, entries);
    this.nodes.set(node.id, node);
    return node;
  }

  node(number: number): RaftNode {
    return must(this.nodes.get(idOf(number)), `node ${number}`);
  }

  tick(number: number, count = 1): void {
    for (let i = 0; i < count; i += 1) this.node(number).run((raft) => raft.tick());
  }

  /** Lets time pass for one node until it begins an election, or a survey. */
  timeOut(number: number): void {
    const { state } = this.node(number);
    this.tick(number, state.electionTimeout - state.electionElapsed);
  }

  /** Lets time pass until nobody thinks a leader alive; nobody campaigns for it. */
  forgetLeaders(): void {
    const { queue } = this;
    this.queue = [];
    for (const node of this.nodes.values()) {
      const { state } = node;
      const wait = state.config.electionTicks - state.electionElapsed;
      if (node.isUp && state.role.name === 'follower' && wait > 0) this.tick(Number(node.id), wait);
    }
    this.queue = queue;
  }

  /** Makes a node leader of a new term and lets everyone hear of it. */
  elect(number: number): void {
    const node = this.node(number);
    this.forgetLeaders();
    if (node.state.role.name === 'follower') this.timeOut(number);
    else node.run((raft) => raft.campaign());
    this.settle();
    assert(node.isLeader, () => `${node.id} was not elected`);
  }

  /** Delivers the messages that are in the queue now and pass the filter. Returns how many. */
  deliver(passes: (message: Message) => boolean = () => true): number {
    const round = this.queue.filter(passes);
    this.queue = this.queue.filter((message) => !round.includes(message));
    for (const message of round) this.deliverOne(message);
    return round.length;
  }

  /** Delivers everything, and what follows from it, until nothing moves. */
  settle(): void {
    for (let rounds = 0; this.deliver() > 0; rounds += 1) {
      if (rounds > 1000) throw new Error('the cluster does not settle');
    }
  }

  /** Gives a message to its addressee, unless that is down or out of reach. */
  deliverOne(message: Message): void {
    const node = this.nodes.get(message.to);
    if (node?.isUp !== true || this.#cut.has(`${message.from}>${message.to}`)) {
      this.observe({ type: 'lost', message });
      return;
    }
    this.observe({ type: 'delivered', message });
    node.run((raft) => raft.step(message));
  }

  /** Loses the messages in the queue that pass the filter. */
  drop(passes: (message: Message) => boolean): Message[] {
    const lost = this.queue.filter(passes);
    this.queue = this.queue.filter((message) => !lost.includes(message));
    for (const message of lost) this.observe({ type: 'lost', message });
    return lost;
  }

  /** Nothing gets from one to the other until `heal`. */
  cut(from: number, to: number): void {
    this.#cut.add(`${idOf(from)}>${idOf(to)}`);
  }

  /** Nothing gets in or out of a node until `heal`. */
  isolate(number: number): void {
    for (const id of this.nodes.keys()) {
      this.cut(number, Number(id));
      this.cut(Number(id), number);
    }
  }

  heal(): void {
    this.#cut.clear();
  }

  /** Carries out the oldest snapshot order: the snapshot is in the queue, as if it had arrived. */
  sendSnapshot(outcome = 'done'): void {
    const order = must(this.orders.shift(), 'a snapshot order');
    const leader = must(this.nodes.get(order.from), 'its leader');
    if (outcome !== 'fails') this.send(snapshotMessage(leader, order));
    if (outcome === 'under-way') return;
    leader.run((raft) => raft.snapshotSent(order.to, outcome === 'done'));
  }

  send(message: Message): void {
    this.observe({ type: 'sent', message });
    this.queue.push(message);
  }

  order(from: MemberId, order: SnapshotOrder): void {
    this.orders.push({ ...order, from });
  }

  trace(id: MemberId, event: TraceEvent): void {
    this.observe({ type: 'trace', id, event });
  }

  read(id: MemberId, state: ReadState): void {
    this.reads.push(state);
    this.observe({ type: 'read', id, state });
  }
}

/** The newest snapshot of a leader, as the receiver's shell hands it to its core. */
export function snapshotMessage(leader: RaftNode, order: SnapshotOrder): SnapshotArrived {
  const { index, term, configuration } = must(leader.disk.snapshot, 'a snapshot to send');
  return {
    type: 'snapshot',
    from: leader.id,
    to: order.to,
    term: order.term,
    seq: 0,
    snapshotIndex: index,
    snapshotTerm: term,
    configuration,
    recovery: order.recovery,
  };
}
