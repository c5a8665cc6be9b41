import { must } from '../../../src/lib/assert.ts';
import { bytesOfText } from '../../../src/lib/bytes.ts';
import type { ClusterId, MemberId } from '../../../src/lib/ids.ts';
import { type Logger, silentLogger } from '../../../src/lib/logger.ts';
import type { KvProposal, RequestContext } from '../../../src/node/api.ts';
import { Node } from '../../../src/node/node.ts';
import { DEFAULT_LIMITS, type NodeLimits, type NodeOptions } from '../../../src/node/options.ts';
import type { Configuration } from '../../../src/raft/configuration.ts';
import { JsonlStorage } from '../../../src/storage/jsonl-storage.ts';
import {
  type DiskFault,
  type DiskOperation,
  MemoryDisk,
} from '../../../src/storage/memory-disk.ts';
import type { Restored } from '../../../src/storage/storage.ts';
import { MemoryNetwork } from '../../../src/transport/memory-transport.ts';
import {
  type SnapshotChunk,
  type Transport,
  TransportError,
  type TransportHandler,
} from '../../../src/transport/transport.ts';
import { ManualClock } from './manual-clock.ts';

export const TIMING = { tickMs: 10, heartbeatMs: 50, electionMs: 200 };
const CLUSTER = '77' as ClusterId;

export interface ClusterOptions {
  readonly limits?: Partial<NodeLimits>;
  readonly logger?: Logger;
}

/** One member: its disk, which outlives its processes, and the process. */
export class Machine {
  readonly id: MemberId;
  readonly disk: MemoryDisk;
  /** Holds back what the disk does. */
  hold: (operation: DiskOperation) => boolean = () => false;
  fault: (operation: DiskOperation) => DiskFault | null = () => null;
  readonly fatal: { readonly error: unknown; readonly exitCode: number }[] = [];
  /** What the next start makes of what the disk holds. */
  tamper: (restored: Restored) => Restored = (restored) => restored;
  running: Node | null = null;
  storage: JsonlStorage | null = null;
  readonly #held: (() => void)[] = [];

  constructor(id: MemberId) {
    this.id = id;
    this.disk = new MemoryDisk({
      schedule: (complete, operation) => {
        if (this.hold(operation)) this.#held.push(complete);
        else queueMicrotask(complete);
      },
      fault: (operation) => this.fault(operation),
    });
  }

  get node(): Node {
    return must(this.running, `a process of ${this.id}`);
  }

  get held(): number {
    return this.#held.length;
  }

  /** Lets the disk do what was held back. */
  release(): void {
    this.hold = () => false;
    for (const complete of this.#held.splice(0)) complete();
  }
}

type Hears = (from: MemberId, to: MemberId, kind: string) => boolean;

/** Whole nodes over simulated disks, network and time. */
export class NodeCluster {
  readonly clock = new ManualClock();
  readonly machines: Machine[] = [];
  readonly #options: ClusterOptions;
  readonly #network: MemoryNetwork;
  #configuration: Configuration | null = null;
  /** Whether what is sent arrives. */
  hears: Hears = () => true;
  /** What arrives of a piece of a snapshot; null breaks the connection. */
  onChunk: (to: MemberId, chunk: SnapshotChunk) => SnapshotChunk | null = (_to, chunk) => chunk;
  /** So many answers to forwarded requests are lost with their connections. */
  resets = 0;

  private constructor(options: ClusterOptions) {
    this.#options = options;
    this.#network = new MemoryNetwork({
      clock: this.clock,
      deliver: (from, to, kind, arrive) => {
        if (this.hears(from, to, kind)) queueMicrotask(arrive);
      },
    });
  }

  /** Starts this many founding members and waits until they have a leader. */
  static async of(size: number, options: ClusterOptions = {}): Promise<NodeCluster> {
    const cluster = new NodeCluster(options);
    for (let n = 1; n <= size; n += 1) cluster.machines.push(new Machine(idOf(n)));
    const members = cluster.machines.map(({ id }) => memberOf(id));
    cluster.#configuration = { members, removed: [], clusterVersion: 1 };
    for (const machine of cluster.machines) await cluster.start(machine);
    await cluster.settled();
    return cluster;
  }

  machine(n: number): Machine {
    return must(this.machines[n - 1], `machine ${n}`);
  }

  /** A machine that is no founding member. */
  add(): Machine {
    const machine = new Machine(idOf(this.machines.length + 1));
    this.machines.push(machine);
    return machine;
  }

  /** Opens its disk, and does no more. */
  async open(machine: Machine): Promise<Restored> {
    const { clock } = this;
    const identity = { clusterId: CLUSTER, memberId: machine.id, node: {} };
    machine.storage = new JsonlStorage(machine.disk, {
      reserveBytes: 0,
      pause: () => Promise.resolve(),
      now: () => clock.now(),
    });
    return await machine.storage.open(identity);
  }

  async start(machine: Machine, given: Partial<NodeOptions> = {}): Promise<Node> {
    const { clock } = this;
    const restored = machine.tamper(await this.open(machine));
    const storage = must(machine.storage, 'storage');
    const isFounder = this.#configuration?.members.some((member) => member.id === machine.id);
    machine.running = await Node.start({
      storage,
      restored,
      founding: isFounder === true ? this.#configuration : null,
      forceRecovered: false,
      url: urlOf(machine.id),
      name: `n${machine.id}`,
      transport: (handler) => this.#attach(machine.id, handler),
      clock,
      logger: this.#options.logger ?? silentLogger,
      seed: Number(machine.id) + machine.disk.operations,
      timing: TIMING,
      limits: { ...DEFAULT_LIMITS, reserveBytes: 0, ...this.#options.limits },
      faults: null,
      onFatal: (error, exitCode) => machine.fatal.push({ error, exitCode }),
      ...given,
    });
    return machine.running;
  }

  #attach(id: MemberId, handler: TransportHandler): Transport {
    const transport = this.#network.attach(id, handler);
    const forward: Transport['forward'] = async (to, request, timeoutMs) => {
      const answer = await transport.forward(to, request, timeoutMs);
      if (this.resets === 0) return answer;
      this.resets -= 1;
      throw new TransportError('connection reset', true);
    };
    return {
      send: (message) => transport.send(message),
      setPeers: (peers) => transport.setPeers(peers),
      sendSnapshotChunk: async (to, chunk) => {
        const carried = this.onChunk(to, chunk);
        if (carried === null) throw new TransportError('connection reset', true);
        return await transport.sendSnapshotChunk(to, carried);
      },
      forward,
      close: () => transport.close(),
    };
  }

  kill(machine: Machine): void {
    machine.node.kill();
    machine.running = null;
  }

  get running(): readonly Machine[] {
    return this.machines.filter((machine) => machine.running !== null);
  }

  /** The one that leads and has committed in its term, with all that run following it. */
  get leader(): Machine | null {
    const leaders = this.running.filter(({ node }) => node.status().role === 'leader');
    const [leader] = leaders;
    if (leaders.length !== 1 || leader === undefined) return null;
    const { term, commitIndex, lastIndex } = leader.node.status();
    const follow = this.running.every(({ node }) => {
      const status = node.status();
      return status.leader === leader.id && status.term === term;
    });
    return follow && commitIndex === lastIndex ? leader : null;
  }

  /** Waits for a leader; time passes. */
  async settled(): Promise<Machine> {
    return await this.clock.until('a leader', () => this.leader, 20_000);
  }

  /** One that follows the leader. */
  async follower(at = 0): Promise<Machine> {
    const leader = await this.settled();
    const followers = this.running.filter((machine) => machine !== leader);
    return must(followers[at], `follower ${at}`);
  }

  /** Cuts machines off from all others, both ways. */
  isolate(...machines: readonly Machine[]): void {
    const ids = new Set(machines.map(({ id }) => id));
    this.hears = (from, to) => ids.has(from) === ids.has(to);
  }

  heal(): void {
    this.hears = () => true;
  }

  context(timeoutMs = 3000, requestId: string | null = null): RequestContext {
    return { deadline: this.clock.now() + timeoutMs, requestId, signal: null };
  }

  /** What the promise gives; time passes meanwhile. */
  async done<T>(promise: Promise<T>, maxMs = 20_000): Promise<T> {
    let isDone = false;
    const end = (): void => {
      isDone = true;
    };
    promise.then(end, end);
    await this.clock.until('the end of a call', () => isDone, maxMs);
    return await promise;
  }

  async put(machine: Machine, key: string, value: string, requestId: string | null = null) {
    const context = this.context(3000, requestId);
    return await this.done(machine.node.propose(put(key, value), context));
  }
}

export function put(key: string, value: string): KvProposal {
  const pair = { key: bytesOfText(key), value: bytesOfText(value) };
  return { kind: 'put', ...pair, condition: null, prev: false };
}

export function idOf(n: number): MemberId {
  return String(n) as MemberId;
}

export function urlOf(id: string): string {
  return `http://n${id}`;
}

export function memberOf(id: MemberId) {
  return {
    id,
    name: `n${id}`,
    peerUrls: [urlOf(id)],
    clientUrls: [urlOf(id)],
    learner: false,
    autoPromote: false,
    active: true,
  };
}
