/**
 * CLIENTS: each does one operation after another on a few keys, through any node, with time-outs,
 * and with retries under the same name through other nodes. Every value is written once.
 */
import type { KvResult } from '../kv/command.ts';
import { type ByteString, bytesOfText } from '../lib/bytes.ts';
import type { Prng } from '../lib/prng.ts';
import type { RequestContext } from '../node/api.ts';
import type { Node } from '../node/node.ts';
import { ApiError } from '../wire/errors.ts';
import type { Linearizability } from './checkers/linearizability.ts';
import { Draw } from './draw.ts';
import { check } from './failure.ts';
import type { Operation, Outcome, Request } from './history.ts';
import { isExpected, NotThere, type SimCluster } from './sim-cluster.ts';
import type { SimNode } from './sim-node.ts';
import { Tasks } from './tasks.ts';
import type { World } from './world.ts';

type Read = Extract<Request, { type: 'read' }>;

const ATTEMPTS = 5;
const TIMEOUTS_MS = [300, 1_000, 3_000] as const;
/** Requests and answers between client and node that get lost. */
const LOST_ANSWERS = 0.02;
/** Clients that go away while they wait for an answer. */
const DISCONNECTS = 0.03;
const LEAVES_WITHIN_MS = 200;
/** Writes that are sent to two nodes at once. */
const DOUBLED = 0.05;
const RETRY_AFTER_MS = 50;
const LOOK_EVERY_MS = 30;

export class Workload {
  readonly #world: World;
  readonly #cluster: SimCluster;
  readonly #history: Linearizability;
  readonly #tasks: Tasks;
  readonly #prng: Prng;
  readonly #keys: readonly ByteString[];
  #stopping = false;

  constructor(world: World, cluster: SimCluster, history: Linearizability) {
    this.#world = world;
    this.#cluster = cluster;
    this.#history = history;
    this.#tasks = new Tasks(world.failed);
    this.#prng = world.prng.fork();
    this.#keys = Array.from({ length: world.profile.keys }, (_, at) => bytesOfText(`key-${at}`));
  }

  /** Whether a client is still at work. */
  get isBusy(): boolean {
    return this.#tasks.running > 0;
  }

  start(): void {
    this.#tasks.spawn(this.#askOldLeaders(this.#prng.fork()));
    for (let client = 1; client <= this.#world.profile.clients; client += 1) {
      this.#tasks.spawn(this.#client(client, this.#prng.fork()));
    }
  }

  /** No client begins another operation. */
  stop(): void {
    this.#stopping = true;
  }

  /** Reads from whoever was deposed and has not noticed: nobody else could tell old news. */
  async #askOldLeaders(prng: Prng): Promise<void> {
    const { scheduler } = this.#world;
    for (let number = 1; !this.#stopping; number += 1) {
      await scheduler.pause(LOOK_EVERY_MS);
      const old = this.#cluster.oldLeader;
      if (old === null) continue;
      const range = { key: prng.pick(this.#keys) };
      const request: Request = { type: 'read', range, revision: 0, serializable: false };
      // One that is stopped answers when it goes on: it is to find several questions then.
      this.#tasks.spawn(this.#askOldLeader(prng, this.#begin(0, number, request), old));
    }
  }

  async #askOldLeader(prng: Prng, operation: Operation, old: SimNode): Promise<void> {
    this.#world.coverage.count('old-leader-asked');
    this.#end(operation, await this.#attempt(prng, operation.request, old));
  }

  async #client(client: number, prng: Prng): Promise<void> {
    const { scheduler, profile } = this.#world;
    const draw = new Draw(prng.fork(), client, this.#keys);
    for (let number = 1; !this.#stopping; number += 1) {
      await scheduler.pause(prng.exponential(profile.thinkMs));
      const request = draw.next();
      const operation = this.#begin(client, number, request);
      this.#end(operation, await this.#persevere(prng, request));
      draw.learn(operation);
    }
  }

  #begin(client: number, number: number, request: Request): Operation {
    const { scheduler, coverage } = this.#world;
    const operation: Operation = {
      client,
      number,
      request,
      invokedAt: scheduler.now,
      endedAt: null,
      outcome: null,
    };
    coverage.count('operation');
    this.#history.invoked(operation);
    return operation;
  }

  #end(operation: Operation, outcome: Outcome): void {
    const { scheduler, coverage, trace } = this.#world;
    operation.endedAt = scheduler.now;
    operation.outcome = outcome;
    trace.line(`client ${operation.client}`, () => JSON.stringify(operation));
    if (outcome.type === 'unknown') coverage.count('operation-unknown');
    else if (outcome.type === 'refused') coverage.count('operation-refused');
    else coverage.count('operation-acknowledged');
    this.#history.ended(operation);
  }

  /** Tries until there is an outcome, or no sense in trying. */
  async #persevere(prng: Prng, request: Request): Promise<Outcome> {
    const { coverage, scheduler } = this.#world;
    let unknown: Outcome | null = null;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attemptSomewhere(prng, request);
      if (outcome.type === 'written' || outcome.type === 'read') {
        if (unknown !== null) coverage.count('retry-answered-once');
        return outcome;
      }
      if (outcome.type === 'unknown') unknown = outcome;
      const mayRepeat = request.type !== 'write' || request.requestId !== null || unknown === null;
      if (attempt >= ATTEMPTS || !mayRepeat || prng.chance(0.2)) return unknown ?? outcome;
      coverage.count('operation-retried');
      await scheduler.pause(prng.unit() * RETRY_AFTER_MS);
    }
  }

  /** Through one node; now and then through two at the same time, under the same name. */
  async #attemptSomewhere(prng: Prng, request: Request): Promise<Outcome> {
    const mayDouble = request.type === 'write' && request.requestId !== null;
    if (!mayDouble || !prng.chance(DOUBLED)) {
      return await this.#attempt(prng, request, this.#target(prng));
    }
    this.#world.coverage.count('operation-doubled');
    const outcomes = await Promise.all([
      this.#attempt(prng, request, this.#target(prng)),
      this.#attempt(prng, request, this.#target(prng)),
    ]);
    const [one, other] = prng.chance(0.5) ? outcomes : outcomes.toReversed();
    const told = [one, other].find((outcome) => outcome?.type === 'written');
    const open = [one, other].find((outcome) => outcome?.type === 'unknown');
    return told ?? open ?? outcomes[0];
  }

  async #attempt(prng: Prng, request: Request, target: SimNode | null): Promise<Outcome> {
    if (target === null) return { type: 'refused', code: 'nobody' };
    const { scheduler, coverage } = this.#world;
    const timeoutMs = prng.pick(TIMEOUTS_MS);
    const leaving = prng.chance(DISCONNECTS) ? new AbortController() : null;
    if (leaving !== null) {
      coverage.count('client-disconnected');
      scheduler.after(prng.unit() * LEAVES_WITHIN_MS, () => leaving.abort());
    }
    try {
      const outcome = await this.#ask(target, request, timeoutMs, leaving?.signal ?? null);
      if (leaving !== null) return { type: 'unknown', code: 'disconnected' };
      if (request.type !== 'write' || !prng.chance(LOST_ANSWERS)) return outcome;
      return { type: 'unknown', code: 'answer-lost' };
    } catch (error) {
      return this.#outcomeOf(error);
    }
  }

  /** Any node; more often one that believes to lead, for there may be two of them. */
  #target(prng: Prng): SimNode | null {
    const { nodes } = this.#cluster;
    const leaders = nodes.filter((one) => one.node?.raft.state.role.name === 'leader');
    const candidates = leaders.length > 0 && prng.chance(0.4) ? leaders : nodes;
    return candidates.length === 0 ? null : prng.pick(candidates);
  }

  #ask(
    target: SimNode,
    request: Request,
    timeoutMs: number,
    signal: AbortSignal | null,
  ): Promise<Outcome> {
    const { coverage } = this.#world;
    if (request.type !== 'write') {
      return this.#cluster.call(
        target,
        async (node, context) => {
          const { serializable } = request;
          if (!serializable) await node.readBarrier(context);
          coverage.count(serializable ? 'read-serializable' : 'read-linearizable');
          const outcome = read(node, request);
          this.#countRead(request, outcome);
          return outcome;
        },
        timeoutMs,
        null,
        signal,
      );
    }
    const { proposal, requestId } = request;
    const write = async (node: Node, context: RequestContext): Promise<Outcome> => {
      const result = await node.propose(proposal, context);
      this.#countWrite(result);
      return { type: 'written', result };
    };
    return this.#cluster.call(target, write, timeoutMs, requestId, signal);
  }

  #countRead({ range, revision }: Read, outcome: Outcome): void {
    const { coverage } = this.#world;
    if (range.open === true || range.end !== undefined) coverage.count('range-read');
    if (revision !== 0) coverage.count('history-read');
    if (outcome.type !== 'read' || outcome.seen.fault === null) return;
    coverage.count(
      outcome.seen.fault.type === 'compacted' ? 'read-of-compacted' : 'read-of-future',
    );
  }

  #countWrite(result: KvResult): void {
    const { coverage } = this.#world;
    if (result.type === 'condition-failed') coverage.count('condition-failed');
    if (result.type === 'txn') {
      coverage.count(result.succeeded ? 'txn-succeeded' : 'txn-failed');
    }
  }

  #outcomeOf(error: unknown): Outcome {
    check(isExpected(error), 'no internal errors', () => String(error));
    if (error instanceof ApiError) {
      const type = error.applied === 'no' ? 'refused' : 'unknown';
      return { type, code: error.code };
    }
    if (error instanceof NotThere) return { type: 'refused', code: 'not-there' };
    return { type: 'unknown', code: String(error) };
  }
}

function read(node: Node, request: Read): Outcome {
  const { appliedIndex } = node.status();
  const { store } = node;
  const page = store.query(request.range, { revision: request.revision });
  if (page.type === 'range') {
    return { type: 'read', seen: { pairs: page.kvs, fault: null, appliedIndex } };
  }
  const fault = { ...page, revision: store.revision };
  return { type: 'read', seen: { pairs: [], fault, appliedIndex } };
}
