/**
 * COMMITS: what is committed stays (State Machine Safety), was on the disks of a majority when it
 * was first committed, and was committed along with an entry of the leader's own term (§5.4.2).
 */
import type { MemberId } from '../../lib/ids.ts';
import type { Entry, LogIndex } from '../../raft/entry.ts';
import { check } from '../failure.ts';
import type { SimNode } from '../sim-node.ts';
import type { Oracle } from './oracle.ts';
import { majority, votersIn } from './quorums.ts';
import type { View } from './view.ts';

export class Commits {
  readonly #oracle: Oracle;
  readonly #nodes: ReadonlyMap<MemberId, SimNode>;

  constructor(oracle: Oracle, nodes: ReadonlyMap<MemberId, SimNode>) {
    this.#oracle = oracle;
    this.#nodes = nodes;
  }

  /** Looks at what a node has committed since the last time. */
  observe(view: View): void {
    const { commitIndex, log } = view.raft.state;
    if (commitIndex === view.committed) return;
    const { baseIndex } = log;
    check(baseIndex <= this.#oracle.lastIndex, 'state machine safety', () => {
      return `${view.node.name} stands on ${baseIndex}, committed is ${this.#oracle.lastIndex}`;
    });
    const news = commitIndex > this.#oracle.lastIndex;
    for (let index = Math.max(view.committed, baseIndex) + 1; index <= commitIndex; index += 1) {
      this.#one(view, log.entry(index));
    }
    if (news) this.#commitRule(view, commitIndex);
    view.committed = commitIndex;
  }

  /** The last entry that a compaction or a snapshot left a node with must be the committed one. */
  base(view: View): void {
    const { baseIndex } = view.raft.state.log;
    const term = view.raft.state.log.term(baseIndex);
    const due = baseIndex === 0 ? 0 : this.#oracle.at(baseIndex)?.term;
    check(term === due, 'state machine safety', () => {
      return `${view.node.name} stands on ${baseIndex} of term ${term}, committed is term ${due}`;
    });
  }

  #one(view: View, entry: Entry): void {
    const known = this.#oracle.at(entry.index);
    if (known === undefined) {
      this.#isDurable(view, entry);
      this.#oracle.add(entry);
      return;
    }
    check(known.term === entry.term && known.json === entry.json, 'state machine safety', () => {
      const here = `term ${entry.term}, ${entry.json}`;
      const there = `term ${known.term}, ${known.json}`;
      return `${view.node.name} committed ${entry.index} as ${here}; it is ${there}`;
    });
  }

  /** The quorum may be of the membership before this event or after it. */
  #isDurable(view: View, { index, term }: Entry): void {
    const holders = (voters: readonly MemberId[]): MemberId[] =>
      voters.filter((id) => this.#nodes.get(id)?.holds(index, term) === true);
    const isQuorum = (voters: readonly MemberId[]): boolean =>
      holders(voters).length >= majority(voters.length);
    const voters = votersIn(view.raft.state.history.latest);
    check(isQuorum(voters) || isQuorum(view.votersBefore), 'committed is durable', () => {
      const copies = `${holders(voters).length} of ${voters.length} voters`;
      return `${view.node.name} committed ${index} of term ${term}, durable on ${copies}`;
    });
  }

  #commitRule(view: View, commitIndex: LogIndex): void {
    const { before, raft } = view;
    const leads = raft.state.role.name === 'leader' || before.role === 'leader';
    check(leads, 'leaders commit first', () => {
      return `${view.node.name}, a ${before.role}, committed ${commitIndex} before any leader`;
    });
    const term = raft.state.log.term(commitIndex);
    check(term === raft.state.term || term === before.term, 'commit rule', () => {
      const { name } = view.node;
      return `${name} of term ${before.term} committed up to ${commitIndex} of term ${term}`;
    });
  }
}
