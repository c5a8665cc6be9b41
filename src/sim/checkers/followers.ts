/**
 * FOLLOWERS AND WHAT LEADERS KNOW OF THEM: a follower commits only what a message has verified
 * (§5.3), and what a leader takes for matching is on the follower's disk.
 */
import type { MemberId } from '../../lib/ids.ts';
import type { LogIndex } from '../../raft/entry.ts';
import { check } from '../failure.ts';
import type { SimNode } from '../sim-node.ts';
import type { View } from './view.ts';
import { majority } from './quorums.ts';

export class Followers {
  readonly #nodes: ReadonlyMap<MemberId, SimNode>;

  constructor(nodes: ReadonlyMap<MemberId, SimNode>) {
    this.#nodes = nodes;
  }

  /** After each step of a node. */
  observe(view: View): void {
    const { role, commitIndex } = view.raft.state;
    if (commitIndex !== view.before.commitIndex) this.#committed(view, commitIndex);
    if (role.name !== 'leader') {
      view.matches.clear();
      return;
    }
    for (const [id, { matchIndex }] of role.progress) {
      if (view.matches.get(id) === matchIndex) continue;
      view.matches.set(id, matchIndex);
      this.#holds(view, id, matchIndex);
    }
  }

  #committed(view: View, commitIndex: LogIndex): void {
    this.#isVerified(view, commitIndex);
    this.#isKnown(view, commitIndex);
  }

  /** One that has stepped down in this very step may have committed as a leader before. */
  #isVerified({ node, raft, before, heard, installed }: View, commitIndex: LogIndex): void {
    const { role, term, log } = raft.state;
    if (role.name === 'leader' || before.role === 'leader') return;
    // A log that begins beyond what was committed stands on a snapshot, told of by now or not.
    let verified = log.baseIndex > before.commitIndex ? log.baseIndex : installed;
    for (const message of heard) {
      if (message.type !== 'append' || message.term !== term) continue;
      const lastNew = message.prevIndex + message.entries.length;
      verified = Math.max(verified, Math.min(message.commitIndex, lastNew));
    }
    check(commitIndex <= verified, 'followers commit what is verified', () => {
      return `${node.name} commits ${commitIndex}; what it heard verifies ${verified}`;
    });
  }

  /** No majority of the membership that this node goes by is without the entry. */
  #isKnown({ node, raft }: View, index: LogIndex): void {
    const { voters, log } = raft.state;
    const term = log.term(index);
    if (term === null || voters.length === 0) return;
    const holders = voters.filter((id) => this.#nodes.get(id)?.holds(index, term) === true);
    const due = voters.length - majority(voters.length) + 1;
    check(holders.length >= due, 'every majority knows what is committed', () => {
      return `${node.name} knows ${index} as committed; ${holders.length} of ${voters.length} do`;
    });
  }

  #holds({ node, raft }: View, id: MemberId, index: LogIndex): void {
    const follower = this.#nodes.get(id);
    const { term, log } = raft.state;
    const due = log.term(index);
    if (follower === undefined || index === 0 || due === null) return;
    // A newer leader may have replaced what it confirmed to this one: that can commit nothing now.
    if (follower.durable.hard.term > term) return;
    check(follower.holds(index, due), 'what matches is durable', () => {
      return `${node.name} takes ${follower.name} to hold ${index} of term ${due}`;
    });
  }
}
