/**
 * ELECTIONS: at most one leader in a term, ever; at most one vote of a node in a term, across
 * restarts; a new leader holds everything that is committed (Leader Completeness).
 */
import type { MemberId } from '../../lib/ids.ts';
import type { Term } from '../../raft/entry.ts';
import type { WireMessage } from '../../wire/raft-codec.ts';
import { check } from '../failure.ts';
import type { SimNode } from '../sim-node.ts';
import type { Oracle } from './oracle.ts';
import type { View } from './view.ts';

export class Elections {
  readonly #oracle: Oracle;
  readonly #leaders = new Map<Term, MemberId>();
  readonly #votes = new Map<string, MemberId>();

  constructor(oracle: Oracle) {
    this.#oracle = oracle;
  }

  /** A node says that it leads. */
  leads(node: SimNode, term: Term): void {
    const other = this.#leaders.get(term);
    this.#leaders.set(term, node.id);
    check(other === undefined || other === node.id, 'election safety', () => {
      return `${node.name} and member ${other} lead in term ${term}`;
    });
  }

  elected(view: View, term: Term): void {
    this.leads(view.node, term);
    const { log } = view.raft.state;
    const { lastIndex } = this.#oracle;
    check(log.lastIndex >= lastIndex, 'leader completeness', () => {
      const { name } = view.node;
      return `${name} leads term ${term} with a log to ${log.lastIndex}, not ${lastIndex}`;
    });
    for (let index = Math.max(1, log.baseIndex); index <= lastIndex; index += 1) {
      const due = this.#oracle.get(index).term;
      check(log.term(index) === due, 'leader completeness', () => {
        const held = `entry ${index} of term ${log.term(index)}`;
        return `${view.node.name} leads term ${term} with ${held}, committed is term ${due}`;
      });
    }
  }

  /** Looks at what a message says about votes and leaders. */
  sent(node: SimNode, message: WireMessage): void {
    if (message.type === 'append') this.leads(node, message.term);
    else if (message.type === 'vote') this.#votesFor(node, message.term, node.id);
    else if (message.type === 'vote-response' && message.granted) {
      this.#votesFor(node, message.term, message.to);
    }
  }

  #votesFor(node: SimNode, term: Term, candidate: MemberId): void {
    const name = `${node.id}:${term}`;
    const other = this.#votes.get(name);
    this.#votes.set(name, candidate);
    check(other === undefined || other === candidate, 'one vote a term', () => {
      return `${node.name} votes for ${candidate} in term ${term}, and did for ${other}`;
    });
  }
}
