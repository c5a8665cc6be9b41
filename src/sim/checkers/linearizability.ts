/**
 * LINEARIZABILITY, and what else clients can see. The order of the log is the witness: a write
 * takes effect at its entry, a read after the last entry applied where it was read. What remains to
 * be checked is that this order respects real time, and that every answer is the model's at that
 * point:
 * linear in the number of operations, where a search for an order would not be.
 */
import type { KvResult } from '../../kv/command.ts';
import type { LogIndex } from '../../raft/entry.ts';
import { check } from '../failure.ts';
import type { Operation, Request, Seen } from '../history.ts';
import type { Model } from './model.ts';
import { isSame } from './same.ts';

type Write = Extract<Request, { type: 'write' }>;

export class Linearizability {
  readonly #model: Model;
  readonly #committed: () => LogIndex;
  readonly #operations: Operation[] = [];
  /** The latest point that an operation which has ended stands at. */
  #floor: LogIndex = 0;
  /** That point when an operation began. */
  readonly #floors = new Map<Operation, LogIndex>();

  constructor(model: Model, committed: () => LogIndex) {
    this.#model = model;
    this.#committed = committed;
  }

  /** The newest entry that a client knows of. */
  get floor(): LogIndex {
    return this.#floor;
  }

  get operations(): readonly Operation[] {
    return this.#operations;
  }

  invoked(operation: Operation): void {
    this.#operations.push(operation);
    this.#floors.set(operation, this.#floor);
  }

  /** The client got its answer. */
  ended(operation: Operation): void {
    const { request, outcome } = operation;
    if (outcome?.type === 'written' && request.type === 'write') {
      this.#written(operation, request, outcome.result);
    } else if (outcome?.type === 'read') {
      this.#read(operation, outcome.seen);
    }
  }

  /** At the end, with everything committed: what was left open must fit in, or never have been. */
  finish(): void {
    for (const operation of this.#operations) {
      const { request, outcome } = operation;
      if (request.type !== 'write') continue;
      const index = this.#model.indexOf(request.requestId, request.value);
      if (index === undefined) {
        check(outcome?.type !== 'written', 'acknowledged is kept', () => describe(operation));
        continue;
      }
      check(outcome?.type !== 'refused', 'refused is without effect', () => {
        return `${describe(operation)} is entry ${index}`;
      });
      this.#hasOneEffect(operation, request);
      this.#respectsTime(operation, index - 1);
    }
  }

  /**
   * What is carried out twice was sent again after it had been said to be without effect, or under
   * another name: its value tells, which no other write has.
   */
  #hasOneEffect(operation: Operation, { value }: Write): void {
    const second = value === null ? undefined : this.#model.secondWriteOf(value);
    check(second === undefined, 'a request has one effect', () => {
      return `${describe(operation)} is carried out again by entry ${second}`;
    });
  }

  #written(operation: Operation, request: Write, result: KvResult): void {
    const index = this.#model.indexOf(request.requestId, request.value);
    check(index !== undefined, 'acknowledged is committed', () => describe(operation));
    this.#respectsTime(operation, index - 1);
    const due = this.#model.resultAt(index);
    check(isSame(result, due), 'writes answer as the model', () => {
      const answers = `${JSON.stringify(result)}, not ${JSON.stringify(due)}`;
      return `${describe(operation)} at ${index} answers ${answers}`;
    });
    this.#floor = Math.max(this.#floor, index);
  }

  #read(operation: Operation, { pairs, fault, appliedIndex }: Seen): void {
    const { request } = operation;
    if (request.type === 'write') return;
    check(appliedIndex <= this.#committed(), 'only what is committed is read', () => {
      return `${describe(operation)} after ${appliedIndex} of ${this.#committed()}`;
    });
    const due = this.#model.read(request.range, request.revision, appliedIndex);
    const seen = fault ?? pairs;
    check(isSame(seen, due), 'reads answer as the model', () => {
      const answers = `${JSON.stringify(seen)}, not ${JSON.stringify(due)}`;
      return `${describe(operation)} after ${appliedIndex} gives ${answers}`;
    });
    if (request.serializable) return;
    this.#respectsTime(operation, appliedIndex);
    this.#floor = Math.max(this.#floor, appliedIndex);
  }

  /** @param point the operation takes effect right behind this entry. */
  #respectsTime(operation: Operation, point: LogIndex): void {
    const floor = this.#floors.get(operation) ?? 0;
    check(point >= floor, 'linearizability', () => {
      return `${describe(operation)} takes effect behind ${point}, though ${floor} was seen before`;
    });
  }
}

function describe({ client, number, request, invokedAt, outcome }: Operation): string {
  const what = JSON.stringify({ request, outcome });
  return `operation ${number} of client ${client}, begun at ${invokedAt.toFixed(3)}, ${what},`;
}
