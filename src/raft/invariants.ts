import { assert } from '../lib/assert.ts';
import type { MemberId } from '../lib/ids.ts';
import type { LogIndex, Term } from './entry.ts';
import type { RoleName } from './trace.ts';
import type { RaftState } from './state.ts';

/**
 * WHAT MUST HOLD OF ONE NODE after every step (`checkState`), and between two steps (`checkStep`).
 * What must hold between nodes is for the simulator, which sees them all.
 */

/** The part of a node's state that later states are compared with. */
export interface StateSummary {
  readonly term: Term;
  readonly vote: MemberId | null;
  readonly role: RoleName;
  readonly commitIndex: LogIndex;
  readonly lastIndex: LogIndex;
}

export function summarize(raft: RaftState): StateSummary {
  const { term, vote, commitIndex } = raft;
  return { term, vote, role: raft.role.name, commitIndex, lastIndex: raft.log.lastIndex };
}

/** @throws AssertionError when the state contradicts itself. */
export function checkState(raft: RaftState): void {
  const { log, commitIndex, role } = raft;
  assert(commitIndex <= log.lastIndex, () => `commit ${commitIndex} > last ${log.lastIndex}`);
  assert(commitIndex >= log.baseIndex, () => `commit ${commitIndex} < base ${log.baseIndex}`);
  assert(log.durableIndex <= log.lastIndex, () => `durable ${log.durableIndex} > last`);
  assert(log.lastTerm <= raft.term, () => `log term ${log.lastTerm} > term ${raft.term}`);
  assert(raft.history.latestIndex <= log.lastIndex, 'configuration beyond the log');
  if (role.name === 'follower') {
    assert(role.leader !== raft.id, 'a follower of itself');
    return;
  }
  assert(raft.recovery === null, () => `a recovering ${role.name}`);
  if (role.name === 'pre-candidate') return;
  assert(raft.vote === raft.id, () => `a ${role.name} that voted for ${raft.vote}`);
  if (role.name === 'leader') checkLeader(raft);
}

/** @throws AssertionError when the step from `before` to now is one Raft does not allow. */
export function checkStep(before: StateSummary, raft: RaftState): void {
  const { term, vote, commitIndex } = raft;
  assert(term >= before.term, () => `term fell from ${before.term} to ${term}`);
  assert(commitIndex >= before.commitIndex, () => `commit fell from ${before.commitIndex}`);
  if (term !== before.term) return;
  if (before.vote !== null) {
    assert(vote === before.vote, () => `vote moved from ${before.vote} to ${vote} in ${term}`);
  }
  if (before.role !== 'leader' || raft.role.name !== 'leader') return;
  assert(raft.log.lastIndex >= before.lastIndex, 'a leader shortened its log');
  if (commitIndex === before.commitIndex) return;
  // Figure 8: copies of an older entry do not commit it.
  const committed = raft.log.term(commitIndex);
  assert(committed === term, () => `a leader of ${term} committed up to one of term ${committed}`);
}

function checkLeader(raft: RaftState): void {
  const { role, log, history, commitIndex, config } = raft;
  if (role.name !== 'leader') return;
  const hasBegun = commitIndex >= role.noopIndex;
  const isPending = history.latestIndex > commitIndex;
  assert(raft.isVoter || isPending, 'a leader that is removed for good');
  assert(hasBegun || history.latestIndex < role.noopIndex, 'a change before the term has begun');
  assert(!hasBegun || history.countAfter(commitIndex) <= 1, 'two changes are under way');
  assert(hasBegun || role.reads.round === 0, 'a read round before the term has begun');
  const others = raft.history.latest.members.filter((member) => member.id !== raft.id);
  assert(role.progress.size === others.length, 'progress for exactly the other members');
  for (const [id, progress] of role.progress) {
    const { matchIndex, nextIndex } = progress;
    assert(matchIndex < nextIndex, () => `${id}: match ${matchIndex} >= next ${nextIndex}`);
    assert(matchIndex <= log.lastIndex, () => `${id}: match ${matchIndex} > ${log.lastIndex}`);
    assert(nextIndex <= log.lastIndex + 1, () => `${id}: next ${nextIndex} > ${log.lastIndex}`);
    const unanswered = progress.inflight.size;
    assert(unanswered <= config.window, () => `${id}: ${unanswered} appends are unanswered`);
  }
}
