/**
 * ELECTIONS: at most one leader in a term, ever; at most one vote of a node in a term, across
 * restarts, and only for a log that is no older than its own; a new leader has the votes of a
 * majority of voters, and holds everything that is committed (Leader Completeness).
 */
import type { MemberId } from '../../lib/ids.ts';
import type { LogIndex, Term } from '../../raft/entry.ts';
import type { LogEnd } from '../../raft/message.ts';
import type { WireMessage } from '../../wire/raft-codec.ts';
import { check } from '../failure.ts';
import type { SimNode } from '../sim-node.ts';
import type { Oracle } from './oracle.ts';
import type { View } from './view.ts';
import { majority } from './quorums.ts';

/** The log that a leader began its term with: the terms of its entries from `first` on. */
interface LeaderLog {
  readonly first: LogIndex;
  readonly terms: readonly Term[];
}

export class Elections {
  readonly #oracle: Oracle;
  readonly #leaders = new Map<Term, MemberId>();
  readonly #logs = new Map<Term, LeaderLog>();
  readonly #votes = new Map<string, MemberId>();
  /** What candidates say of their logs, by candidate and term. */
  readonly #claims = new Map<string, LogEnd>();

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
    this.#hasMajority(view, term);
    const { log } = view.raft.state;
    const { lastIndex } = this.#oracle;
    check(log.lastIndex >= lastIndex, 'leader completeness', () => {
      const { name } = view.node;
      return `${name} leads term ${term} with a log to ${log.lastIndex}, not ${lastIndex}`;
    });
    const terms: Term[] = [];
    for (let index = log.baseIndex; index <= log.lastIndex; index += 1) {
      const held = log.term(index) ?? 0;
      terms.push(held);
      const due = this.#oracle.at(index)?.term ?? held;
      check(held === due, 'leader completeness', () => {
        const entry = `entry ${index} of term ${held}`;
        return `${view.node.name} leads term ${term} with ${entry}, committed is term ${due}`;
      });
    }
    this.#logs.set(term, { first: log.baseIndex, terms });
  }

  /** The term of an entry in the log of a term's leader; undefined where nobody led. */
  termOf(leading: Term, index: LogIndex): Term | undefined {
    const log = this.#logs.get(leading);
    if (log === undefined) return undefined;
    if (index < log.first) return this.#oracle.at(index)?.term;
    return log.terms[index - log.first] ?? leading;
  }

  /** A node has decided to vote for a candidate that asked for it. */
  granted({ node, raft }: View, candidate: MemberId, term: Term): void {
    const claim = this.#claims.get(`${candidate}:${term}`);
    check(claim !== undefined, 'votes answer a candidate', () => {
      return `${node.name} votes for ${candidate} in term ${term}, who did not ask`;
    });
    const { lastIndex, lastTerm } = raft.state.log;
    const isNoOlder =
      claim.lastTerm > lastTerm || (claim.lastTerm === lastTerm && claim.lastIndex >= lastIndex);
    check(isNoOlder, 'votes go to logs that are no older', () => {
      const own = `${lastIndex} of term ${lastTerm}`;
      return `${node.name}, whose log ends at ${own}, votes for ${JSON.stringify(claim)}`;
    });
  }

  /** Looks at what a message says about votes and leaders. */
  sent(node: SimNode, message: WireMessage): void {
    if (message.type === 'append') this.leads(node, message.term);
    else if (message.type === 'vote') {
      this.#votesFor(node, message.term, node.id);
      const { lastIndex, lastTerm } = message;
      this.#claims.set(`${node.id}:${message.term}`, { lastIndex, lastTerm });
    } else if (message.type === 'vote-response' && message.granted) {
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

  /** The only voter asks nobody: what it has on disk is its vote. */
  #hasMajority({ node, raft }: View, term: Term): void {
    const { voters } = raft.state;
    const { hard } = node.durable;
    const ownVote = hard.term === term && hard.vote === node.id;
    const votes = voters.filter((id) =>
      id === node.id ? ownVote : this.#votes.get(`${id}:${term}`) === node.id,
    );
    check(votes.length >= majority(voters.length), 'a majority of voters elects', () => {
      return `${node.name} leads term ${term} with ${votes.length} of ${voters.length} votes`;
    });
  }
}
