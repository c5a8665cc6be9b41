/**
 * FOLLOWERS AND WHAT LEADERS KNOW OF THEM: a follower commits only what a message has verified
 * (§5.3), what it has confirmed to a leader stays in its log as long as that one leads, and what a
 * leader takes for matching is on the follower's disk.
 */
import type { MemberId } from '../../lib/ids.ts';
import type { LogIndex } from '../../raft/entry.ts';
import { check } from '../failure.ts';
import type { WireMessage } from '../../wire/raft-codec.ts';
import type { SimNode } from '../sim-node.ts';
import type { View } from './view.ts';
import { majority } from './quorums.ts';

export class Followers {
  readonly #nodes: ReadonlyMap<MemberId, SimNode>;
  /** The recovery that the newest life of each began with; 0 for none. */
  readonly #recoveries = new Map<MemberId, number>();

  constructor(nodes: ReadonlyMap<MemberId, SimNode>) {
    this.#nodes = nodes;
  }

  started({ node, recovery }: View): void {
    this.#recoveries.set(node.id, recovery);
  }

  sent(view: View, message: WireMessage): void {
    if (message.type !== 'append-response' || !message.ok) return;
    const { term, index } = message;
    const { confirmed } = view;
    if (term < confirmed.term || (term === confirmed.term && index <= confirmed.index)) return;
    view.confirmed = { term, index };
  }

  /** After each step of a node. */
  observe(view: View): void {
    const { role, commitIndex } = view.raft.state;
    this.#keepsWhatItConfirmed(view);
    if (commitIndex !== view.before.commitIndex) this.#committed(view, commitIndex);
    if (role.name !== 'leader') {
      view.matches.clear();
      return;
    }
    for (const [id, { matchIndex, recovery }] of role.progress) {
      const known = view.matches.get(id);
      if (known?.matchIndex === matchIndex && known.recovery === recovery) continue;
      view.matches.set(id, { matchIndex, recovery });
      this.#holds(view, id, matchIndex, recovery);
    }
  }

  /** A leader only appends, and its follower's log is a beginning of its own up to there. */
  #keepsWhatItConfirmed({ node, raft, confirmed }: View): void {
    const { term, log } = raft.state;
    const isKept = term !== confirmed.term || log.lastIndex >= confirmed.index;
    check(isKept, 'what is confirmed stays', () => {
      const { index } = confirmed;
      return `${node.name} confirmed ${index} in term ${term}; its log ends at ${log.lastIndex}`;
    });
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

  #holds({ node, raft }: View, id: MemberId, index: LogIndex, recovery: number): void {
    const follower = this.#nodes.get(id);
    const { term, log } = raft.state;
    const due = log.term(index);
    if (follower === undefined || index === 0 || due === null) return;
    // A newer leader may have replaced what it confirmed to this one: that can commit nothing now.
    if (follower.durable.hard.term > term) return;
    // Whose recovery is noted is believed nothing from before it.
    const isNoted = recovery !== 0 && recovery === this.#recoveries.get(id);
    const holder = isNoted ? follower.durable : follower;
    check(holder.holds(index, due), 'what matches is durable', () => {
      return `${node.name} takes ${follower.name} to hold ${index} of term ${due}`;
    });
  }
}
