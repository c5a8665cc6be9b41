/** THE CLIENT of a script: does one thing after another, and the history has all of it. */
import { type ByteString, bytesOfText, EMPTY_BYTES } from '../../lib/bytes.ts';
import type { KvProposal } from '../../node/api.ts';
import { ApiError } from '../../wire/errors.ts';
import { check } from '../failure.ts';
import type { Operation, Outcome, Request } from '../history.ts';
import { NotThere } from '../sim-cluster.ts';
import type { SimNode } from '../sim-node.ts';
import type { Simulation } from '../simulation.ts';

const TIMEOUT_MS = 300;
const ATTEMPTS = 40;
const RETRY_AFTER_MS = 50;

export class ScopeClient {
  readonly #sim: Simulation;
  #number = 0;

  constructor(sim: Simulation) {
    this.#sim = sim;
  }

  /** A text that nobody wrote before. */
  fresh(): ByteString {
    return bytesOfText(`fresh-${this.#number + 1}`);
  }

  /** Goes on until it is certain that the write has happened, or until there is no sense in it. */
  async write(proposal: KvProposal): Promise<void> {
    for (let attempts = 0; attempts < ATTEMPTS; ) {
      const requestId = `scope-${this.#number + 1}`;
      const operation = this.#begin({ type: 'write', proposal, requestId, value: null });
      let outcome: Outcome;
      do {
        if (attempts > 0) await this.#sim.world.scheduler.pause(RETRY_AFTER_MS);
        attempts += 1;
        const asked = await this.#propose(proposal, requestId, this.#target(attempts));
        // What may have happened before did not become impossible by a later refusal.
        outcome =
          operation.outcome !== null && asked.type === 'refused' ? operation.outcome : asked;
        operation.outcome = outcome;
      } while (outcome.type === 'unknown' && attempts < ATTEMPTS);
      this.#end(operation, outcome);
      if (outcome.type === 'written') return;
    }
  }

  #propose(proposal: KvProposal, requestId: string, target: SimNode | null): Promise<Outcome> {
    return this.#ask(target, async (node, deadline) => {
      const result = await node.propose(proposal, { deadline, requestId, signal: null });
      return { type: 'written', result };
    });
  }

  /** Asks one member, once. */
  async attempt(target: SimNode, proposal: KvProposal): Promise<void> {
    const requestId = `scope-${this.#number + 1}`;
    const operation = this.#begin({ type: 'write', proposal, requestId, value: null });
    this.#end(operation, await this.#propose(proposal, requestId, target));
  }

  /** Reads everything through one member of a settled cluster, which serves it at once. */
  async read(from: SimNode): Promise<void> {
    const range = { key: EMPTY_BYTES, open: true };
    const operation = this.#begin({ type: 'read', range, revision: 0, serializable: false });
    const outcome = await this.#ask(from, async (node, deadline) => {
      await node.readBarrier({ deadline, requestId: null, signal: null });
      const { appliedIndex } = node.status();
      const page = node.store.query(range);
      check(page.type === 'range', 'a range is read', () => page.type);
      return { type: 'read', seen: { pairs: page.kvs, fault: null, appliedIndex } };
    });
    this.#end(operation, outcome);
    const why = (): string => `${from.name}: ${JSON.stringify(outcome)}`;
    check(outcome.type === 'read', 'a settled cluster serves reads', why);
  }

  #begin(request: Request): Operation {
    this.#number += 1;
    const invokedAt = this.#sim.world.scheduler.now;
    const number = this.#number;
    const operation = { client: 1, number, request, invokedAt, endedAt: null, outcome: null };
    this.#sim.checks.clients.invoked(operation);
    return operation;
  }

  #end(operation: Operation, outcome: Outcome): void {
    operation.endedAt = this.#sim.world.scheduler.now;
    operation.outcome = outcome;
    this.#sim.world.trace.line('client', JSON.stringify(operation));
    this.#sim.checks.clients.ended(operation);
  }

  /** Now the leader, now somebody who must ask it. */
  #target(attempt: number): SimNode | null {
    const { leader, running } = this.#sim.cluster;
    const others = running.filter((node) => node !== leader);
    const useOther = (this.#number + attempt) % 2 === 0;
    return (useOther ? others[0] : leader) ?? leader ?? others[0] ?? null;
  }

  async #ask(
    target: SimNode | null,
    ask: (node: NonNullable<SimNode['node']>, deadline: number) => Promise<Outcome>,
  ): Promise<Outcome> {
    if (target === null) return { type: 'refused', code: 'nobody' };
    const { cluster } = this.#sim;
    try {
      return await cluster.call(target, (node, { deadline }) => ask(node, deadline), TIMEOUT_MS);
    } catch (error) {
      if (error instanceof NotThere) return { type: 'refused', code: 'not-there' };
      if (!(error instanceof ApiError)) return { type: 'unknown', code: String(error) };
      check(error.code !== 'internal', 'no internal errors', () => error.message);
      return { type: error.applied === 'no' ? 'refused' : 'unknown', code: error.code };
    }
  }
}
