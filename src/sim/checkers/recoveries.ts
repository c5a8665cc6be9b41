/**
 * RECOVERIES: who may have lost what it promised votes, and counts as sound again, only after all
 * the others have told it of their logs, or a leader that knows of its recovery has confirmed its
 * own; and then it has everything again that was committed, and gives no vote for the second time.
 */
import type { MemberId } from '../../lib/ids.ts';
import type { LogIndex, Term } from '../../raft/entry.ts';
import type { WireMessage } from '../../wire/raft-codec.ts';
import { check } from '../failure.ts';
import type { SimNode } from '../sim-node.ts';
import type { Oracle } from './oracle.ts';
import { majority } from './quorums.ts';
import type { View } from './view.ts';

/** The founding membership: whoever has no more has never promised anything. */
const FOUNDING_INDEX: LogIndex = 1;

export class Recoveries {
  readonly #oracle: Oracle;
  readonly #nodes: ReadonlyMap<MemberId, SimNode>;

  constructor(oracle: Oracle, nodes: ReadonlyMap<MemberId, SimNode>) {
    this.#oracle = oracle;
    this.#nodes = nodes;
  }

  started(view: View): void {
    view.owed = Math.min(view.node.heldBeforeDamage, this.#oracle.lastIndex);
  }

  sent(view: View, message: WireMessage): void {
    if (message.type === 'pre-vote' && message.survey) view.surveys.add(message.seq);
  }

  received(view: View, message: WireMessage): void {
    if (message.type !== 'pre-vote-response' || !view.surveys.has(message.seq)) return;
    const { from, lastIndex } = message;
    view.reports.set(from, Math.min(lastIndex, view.reports.get(from) ?? lastIndex));
  }

  /** It has decided to vote. One that has been settled in this very event is judged by that. */
  granted(view: View, term: Term): void {
    const { recovery } = view.raft.state;
    check(recovery === null || hasHeardAll(view), 'who may have lost something asks first', () => {
      return `${view.node.name} recovers, and votes in term ${term}: ${told(view)}`;
    });
  }

  /** @param how the reason that the core gives. */
  settled(view: View, how: string, term: Term): void {
    if (how === 'operator-vouches') return;
    const { node, raft } = view;
    const isDue = how === 'leader-confirmed' ? this.#isKnown(view, term) : hasHeardAll(view);
    check(isDue, 'who may have lost something asks first', () => {
      return `${node.name} is settled in term ${term} (${how}): ${told(view)}`;
    });
    const { lastIndex } = raft.state.log;
    check(lastIndex >= view.owed, 'a settled log has what is committed', () => {
      return `${node.name} is settled with a log to ${lastIndex}, and had ${view.owed}`;
    });
    const mayVote = raft.state.term === term && raft.state.vote === null;
    check(!mayVote, 'a vote that may be lost is not given again', () => {
      return `${node.name} is settled in term ${term}, and might vote in it`;
    });
  }

  /** A leader of the term has taken note, as far as it is still to be seen. */
  #isKnown({ node, recovery, raft }: View, term: Term): boolean {
    const { leader } = raft.state;
    const state = leader === null ? undefined : this.#nodes.get(leader)?.node?.raft.state;
    if (state?.role.name !== 'leader') return true;
    if (raft.state.term !== term || state.term !== term) return true;
    const progress = state.role.progress.get(node.id);
    return progress === undefined || progress.recovery === recovery;
  }
}

/**
 * Since its start; of a cluster that is being founded a majority is enough. What has come in the
 * same event may have come before or after.
 */
function hasHeardAll({ node, raft, reports, before, votersBefore }: View): boolean {
  const own = Math.min(raft.state.log.lastIndex, before.lastIndex);
  const lastOf = (id: MemberId): LogIndex | undefined => (id === node.id ? own : reports.get(id));
  const isFounding = (id: MemberId): boolean => {
    return (lastOf(id) ?? FOUNDING_INDEX + 1) <= FOUNDING_INDEX;
  };
  return [raft.state.voters, votersBefore].some((voters) => {
    if (voters.every((id) => lastOf(id) !== undefined)) return true;
    return voters.filter(isFounding).length >= majority(voters.length);
  });
}

function told({ raft, reports }: View): string {
  const { voters, log } = raft.state;
  const known = [...reports].map(([id, last]) => `${id} to ${last}`);
  return `log to ${log.lastIndex}, voters ${voters.join()}, told of ${known.join(', ') || 'none'}`;
}
