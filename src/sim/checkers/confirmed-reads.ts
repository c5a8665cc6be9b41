/**
 * READS THAT A LEADER CONFIRMS (thesis §6.4): the index it answers with is no older than anything
 * that was committed when its round began, a round serves nobody who asked later, and none begins
 * before its term has committed something. Nobody else tells an index.
 */
import type { MemberId } from '../../lib/ids.ts';
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
  /** What was committed when a question arrived, by its name and whom it reached. */
  readonly #asked = new Map<string, LogIndex>();
  /** The names of all attempts to read that left a member. */
  readonly #attempts = new Set<string>();

  constructor(oracle: Oracle) {
    this.#oracle = oracle;
  }

  /** What the sender has committed has been looked at. */
  sent(node: SimNode, message: WireMessage): void {
    if (message.type === 'append' && message.round > 0) {
      const name = nameOf(node, message.term, message.round);
      if (!this.#floors.has(name)) this.#floors.set(name, this.#oracle.lastIndex);
    }
    if (message.type === 'read-index') this.#isNew(node, message.context);
    if (message.type !== 'read-index-response' || message.index === null) return;
    const { to, context, index } = message;
    this.#isCommitted(node, index);
    const floor = this.#asked.get(questionOf(node, to, context)) ?? 0;
    check(index >= floor, 'reads are confirmed at the newest entry', () => {
      return `${node.name} answers ${to} with ${index}; ${floor} was committed when it was asked`;
    });
  }

  /** A member is about to hear a question. */
  received(node: SimNode, message: WireMessage): void {
    if (message.type !== 'read-index') return;
    const name = questionOf(node, message.from, message.context);
    if (!this.#asked.has(name)) this.#asked.set(name, this.#oracle.lastIndex);
  }

  /** After each step of a leader: its round serves no more reads than it did. */
  observe(view: View): void {
    const { role, term } = view.raft.state;
    if (role.name !== 'leader') return;
    const { round, confirming } = role.reads;
    const reads = confirming.length;
    const isSame = view.round.term === term && view.round.round === round;
    check(!isSame || reads <= view.round.reads, 'a round serves who asked before it', () => {
      return `${view.node.name}: round ${round} served ${view.round.reads} reads, now ${reads}`;
    });
    if (!isSame || reads < view.round.reads) view.round = { term, round, reads };
  }

  /** An index is told; nobody but a leader that a quorum has confirmed knows one. */
  told({ node }: View, index: LogIndex, how: string): void {
    const isKnown = how === 'quorum-confirmed' || how === 'leader-confirmed';
    check(isKnown, 'only a confirmed leader tells where to read', () => {
      return `${node.name} answers a read with ${index} (${how})`;
    });
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

  /** A late answer to an earlier attempt must answer that one alone. */
  #isNew({ id, name }: SimNode, context: number): void {
    const attempt = `${id}:${context}`;
    check(!this.#attempts.has(attempt), 'attempts to read have names of their own', () => {
      return `${name} asks with ${context} once more`;
    });
    this.#attempts.add(attempt);
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

function questionOf({ id }: SimNode, from: MemberId, context: number): string {
  return `${id}:${from}:${context}`;
}
