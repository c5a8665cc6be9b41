/**
 * READS THAT A LEADER CONFIRMS (thesis §6.4): the index it answers with is no older than anything
 * that was committed when its round began, and no round begins before its term has committed
 * something.
 */
import type { LogIndex } from '../../raft/entry.ts';
import type { WireMessage } from '../../wire/raft-codec.ts';
import { check } from '../failure.ts';
import type { SimNode } from '../sim-node.ts';
import type { Oracle } from './oracle.ts';
import type { View } from './view.ts';

export class ConfirmedReads {
  readonly #oracle: Oracle;
  /** What was committed when a round began, by leader, term and round. */
  readonly #floors = new Map<string, LogIndex>();

  constructor(oracle: Oracle) {
    this.#oracle = oracle;
  }

  /** What the sender has committed has been looked at. */
  sent(node: SimNode, message: WireMessage): void {
    if (message.type === 'append' && message.round > 0) {
      const name = nameOf(node, message.term, message.round);
      if (!this.#floors.has(name)) this.#floors.set(name, this.#oracle.lastIndex);
    }
    if (message.type !== 'read-index-response' || message.index === null) return;
    this.#isCommitted(node, message.index);
  }

  /** A leader has answered the reads of a round. */
  confirmed({ node, raft, before }: View, index: LogIndex, round: number): void {
    this.#isCommitted(node, index);
    const { role, term } = raft.state;
    if (role.name !== 'leader') return;
    check(index >= role.noopIndex, 'reads wait for the term to begin', () => {
      return `${node.name} confirms ${index}, and leads from ${role.noopIndex} on`;
    });
    // A round that nobody was asked in began and ended in this very step.
    const floor = this.#floors.get(nameOf(node, term, round)) ?? before.commitIndex;
    check(index >= floor, 'reads are confirmed at the newest entry', () => {
      return `${node.name} of term ${term} confirms ${index}; ${floor} was committed before`;
    });
  }

  #isCommitted({ name }: SimNode, index: LogIndex): void {
    check(index <= this.#oracle.lastIndex, 'only what is committed is read', () => {
      return `${name} answers a read with ${index}; committed is ${this.#oracle.lastIndex}`;
    });
  }
}

function nameOf({ id }: SimNode, term: number, round: number): string {
  return `${id}:${term}:${round}`;
}
