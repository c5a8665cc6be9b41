import type { MemberId } from '../../src/lib/ids.ts';
import { Prng } from '../../src/lib/prng.ts';
import type { ConfigurationChange } from '../../src/raft/configuration.ts';
import type { Message } from '../../src/raft/message.ts';
import type { RaftConfig } from '../../src/raft/state.ts';
import { RaftCluster, snapshotMessage } from './raft-cluster.ts';
import { idOf, learner, put } from './raft-members.ts';
import type { RaftNode } from './raft-node.ts';

/** Which faults a run has, and how often; drawn anew for each seed, many of them not at all. */
interface Faults {
  readonly loss: number;
  readonly delay: number;
  readonly repetition: number;
  readonly replay: number;
  readonly slowDisk: number;
  readonly crash: number;
  readonly torn: number;
  readonly partition: number;
  readonly membership: number;
  readonly compaction: number;
  readonly transfer: number;
  readonly stepDown: number;
}

/** What a run did: a test that did nothing has found nothing. */
export interface ChaosReport {
  leaders: number;
  committed: number;
  reads: number;
  crashes: number;
  recoveries: number;
  snapshots: number;
  changes: number;
  transfers: number;
}

const MEMBERS_EVER = 9;
const REPLAY_MEMORY = 200;

/**
 * A cluster of cores under random faults, all drawn from one seed. `storm` checks safety at each
 * step; `calm` ends the faults and checks that the cluster comes to rest in agreement.
 */
export class RaftChaos {
  readonly report: ChaosReport = {
    leaders: 0,
    committed: 0,
    reads: 0,
    crashes: 0,
    recoveries: 0,
    snapshots: 0,
    changes: 0,
    transfers: 0,
  };
  readonly #prng: Prng;
  readonly #cluster: RaftCluster;
  readonly #faults: Faults;
  readonly #config: Partial<RaftConfig>;
  readonly #old: Message[] = [];
  #members: number;
  #contexts = 0;

  constructor(seed: number) {
    this.#prng = new Prng(seed);
    const prng = this.#prng;
    const size = prng.between(1, 8);
    this.#members = size;
    this.#config = {
      window: prng.between(1, 5),
      appendBytes: prng.pick([1, 300, 10_000]),
      promoteTicks: prng.between(1, 40),
      promoteLag: prng.between(0, 10),
    };
    this.#faults = drawFaults(prng);
    this.#cluster = RaftCluster.of(size, this.#config);
    this.#cluster.oracle.disksMayForget = this.#faults.torn > 0;
    this.#cluster.observe = (event) => {
      if (event.type === 'read' && event.state.index !== null) this.report.reads += 1;
      if (event.type !== 'trace') return;
      if (event.event.type === 'role' && event.event.to === 'leader') this.report.leaders += 1;
      if (event.event.type === 'recovery') this.report.recoveries += 1;
    };
  }

  /** Lives through `rounds` of faults. @throws when something unsafe happens. */
  storm(rounds: number): void {
    for (let round = 0; round < rounds; round += 1) {
      for (const node of this.#cluster.nodes.values()) this.#live(node);
      this.#runDisks();
      this.#runNetwork();
      this.#runSnapshots();
      if (this.#prng.chance(this.#faults.partition)) this.#repartition();
    }
    this.report.committed = this.#cluster.oracle.committedIndex;
  }

  /** Ends all faults. @throws when the cluster does not come to rest within `timeouts`. */
  calm(timeouts: number): void {
    const cluster = this.#cluster;
    cluster.heal();
    for (const node of cluster.nodes.values()) {
      if (!node.isUp) node.restart();
      node.diskIsSlow = false;
      node.persistAll();
    }
    let proposed = false;
    for (let ticks = 0; ticks < timeouts * 20; ticks += 1) {
      for (const node of cluster.nodes.values()) node.run((raft) => raft.tick());
      cluster.deliver();
      while (cluster.orders.length > 0) cluster.sendSnapshot();
      const leader = this.#leader();
      if (leader === null) continue;
      proposed ||= leader.run((raft) => raft.propose(put('calm'))).ok;
      if (proposed && this.#agrees(leader)) return;
    }
    const states = [...cluster.nodes.values()].map((node) => describe(node)).join('\n');
    throw new Error(`no agreement after ${timeouts} election timeouts:\n${states}`);
  }

  #leader(): RaftNode | null {
    const leaders = [...this.#cluster.nodes.values()].filter((node) => node.isLeader);
    return leaders.toSorted((a, b) => b.state.term - a.state.term)[0] ?? null;
  }

  /** Whether every member has applied everything, and no change of membership is under way. */
  #agrees(leader: RaftNode): boolean {
    const { log, history } = leader.state;
    return history.latest.members.every((member) => {
      const node = this.#cluster.nodes.get(member.id);
      if (node === undefined) return false;
      const isRegular = node.state.recovery === null && node.state.term === leader.state.term;
      return isRegular && node.appliedIndex === log.lastIndex;
    });
  }

  /** One unit of a node's life. */
  #live(node: RaftNode): void {
    const prng = this.#prng;
    if (!node.isUp) {
      if (prng.chance(0.1)) this.#restart(node);
      return;
    }
    if (prng.chance(0.9)) node.run((raft) => raft.tick());
    if (prng.chance(0.1)) this.#read(node);
    if (node.isLeader) this.#lead(node);
    const { crash, compaction, slowDisk, stepDown } = this.#faults;
    if (prng.chance(compaction)) {
      if (node.compact(prng.between(1, node.appliedIndex + 2)) !== null) this.report.snapshots += 1;
    }
    if (prng.chance(0.01)) node.diskIsSlow = prng.chance(slowDisk);
    if (prng.chance(stepDown)) node.run((raft) => raft.stepDown());
    if (prng.chance(stepDown)) node.run((raft) => raft.campaign());
    if (prng.chance(crash)) {
      node.crash();
      this.report.crashes += 1;
    }
  }

  #lead(node: RaftNode): void {
    const prng = this.#prng;
    if (prng.chance(0.3)) node.run((raft) => raft.propose(put(`${prng.uint32()}`)));
    if (prng.chance(this.#faults.transfer)) {
      const target = prng.chance(0.5) ? null : prng.pick([...node.state.voters, node.id]);
      const result = node.run((raft) => raft.transferLeadership(target));
      if (result.ok) this.report.transfers += 1;
    }
    if (prng.chance(this.#faults.membership)) this.#changeMembership(node);
  }

  #changeMembership(node: RaftNode): void {
    const change = this.#drawChange(node);
    if (change === null) return;
    const result = node.run((raft) => raft.proposeChange(change, null, 0));
    if (result.ok && result.entry !== null) this.report.changes += 1;
  }

  #drawChange(node: RaftNode): ConfigurationChange | null {
    const prng = this.#prng;
    const { members } = node.state.history.latest;
    const member = members.length === 0 ? null : prng.pick(members);
    if (prng.chance(0.4) && this.#members < MEMBERS_EVER) {
      this.#members += 1;
      this.#cluster.add(this.#members, { config: this.#config });
      const autoPromote = prng.chance(0.5);
      const added = learner(this.#members, { autoPromote, active: prng.chance(0.5) });
      return { type: 'add-learner', member: added };
    }
    if (member === null) return null;
    if (member.learner && prng.chance(0.7)) return { type: 'promote', id: member.id };
    if (prng.chance(0.2)) {
      return { type: 'update', id: member.id, peerUrls: ['http://x'], clientUrls: [] };
    }
    return { type: 'remove', id: prng.chance(0.9) ? member.id : idOf(prng.between(1, 10)) };
  }

  #read(node: RaftNode): void {
    this.#contexts += 1;
    const context = this.#contexts;
    this.#cluster.oracle.readBegun(context);
    node.run((raft) => raft.readIndex(context));
  }

  #restart(node: RaftNode): void {
    const others = [...this.#cluster.nodes.values()];
    // Damage must not reach as many copies as a quorum: one node at a time, and not a lone one.
    const mayTear = others.every((other) => other.state.recovery === null);
    const alone = node.state.voters.length < 3;
    const isTorn = mayTear && !alone && this.#prng.chance(this.#faults.torn) && node.disk.tear();
    node.restart(isTorn || node.state.recovery !== null);
  }

  #runDisks(): void {
    for (const node of this.#cluster.nodes.values()) {
      if (node.writing > 0 && this.#prng.chance(0.2)) {
        node.persist(this.#prng.between(1, node.writing + 1));
      }
    }
  }

  #runNetwork(): void {
    const prng = this.#prng;
    const { loss, delay, repetition, replay } = this.#faults;
    const queue = this.#cluster.queue.splice(0);
    const later: Message[] = [];
    for (const message of queue) {
      this.#remember(message);
      if (prng.chance(loss)) continue;
      if (prng.chance(delay)) {
        later.push(message);
        continue;
      }
      this.#cluster.deliverOne(message);
      if (prng.chance(repetition)) later.push(message);
    }
    if (this.#old.length > 0 && prng.chance(replay)) later.push(prng.pick(this.#old));
    this.#cluster.queue.push(...later);
    if (prng.chance(delay)) this.#cluster.queue = shuffled(this.#cluster.queue, prng);
  }

  #remember(message: Message): void {
    if (this.#old.length < REPLAY_MEMORY) this.#old.push(message);
    else this.#old[this.#prng.between(0, REPLAY_MEMORY)] = message;
  }

  #runSnapshots(): void {
    const { orders, nodes } = this.#cluster;
    if (orders.length === 0 || !this.#prng.chance(0.3)) return;
    const order = orders.shift();
    const leader = order === undefined ? undefined : nodes.get(order.from);
    if (order === undefined || leader?.isUp !== true) return;
    const ok = this.#prng.chance(0.8);
    if (ok) this.#cluster.send(snapshotMessage(leader, order));
    leader.run((raft) => raft.snapshotSent(order.to, ok));
  }

  #repartition(): void {
    const prng = this.#prng;
    this.#cluster.heal();
    if (prng.chance(0.4)) return;
    const ids = [...this.#cluster.nodes.keys()];
    const leader = prng.chance(0.4) ? this.#leader()?.id : undefined;
    const isApart = (id: MemberId) => (leader === undefined ? prng.chance(0.5) : id === leader);
    const side = new Map<MemberId, boolean>(ids.map((id) => [id, isApart(id)]));
    const oneWay = prng.chance(0.4);
    for (const from of ids) {
      for (const to of ids) {
        const apart = side.get(from) !== side.get(to);
        if (apart && !(oneWay && side.get(from) === true)) {
          this.#cluster.cut(Number(from), Number(to));
        }
      }
    }
  }
}

function drawFaults(prng: Prng): Faults {
  const rate = (most: number) => (prng.chance(0.6) ? prng.unit() * most : 0);
  return {
    loss: rate(0.2),
    delay: rate(0.5),
    repetition: rate(0.2),
    replay: rate(0.2),
    slowDisk: rate(1),
    crash: rate(0.03),
    torn: prng.chance(0.4) ? 0.7 : 0,
    partition: rate(0.06),
    membership: rate(0.2),
    compaction: rate(0.05),
    transfer: rate(0.02),
    stepDown: rate(0.01),
  };
}

function describe(node: RaftNode): string {
  const { term, role, log, commitIndex, recovery, voters, vote } = node.state;
  const { appliedIndex, id } = node;
  const last = `${log.lastIndex}@${log.lastTerm}`;
  const details = JSON.stringify({ term, vote, last, commitIndex, appliedIndex, voters });
  return `n${id} ${role.name}${recovery === null ? '' : ' recovering'} ${details}`;
}

function shuffled<T>(items: readonly T[], prng: Prng): T[] {
  const keyed = items.map((item) => ({ item, key: prng.uint32() }));
  return keyed.toSorted((a, b) => a.key - b.key).map(({ item }) => item);
}
