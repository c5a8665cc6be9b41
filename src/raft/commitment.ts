import { assert } from '../lib/assert.ts';
import type { LogIndex } from './entry.ts';
import { quorumIndex } from './quorum.ts';
import type { RaftState } from './state.ts';

/**
 * THE COMMIT RULE (§5.3, §5.4.2)
 *
 * A leader commits up to the highest index that a majority of voters hold on disk, if the entry
 * there is of its own term. Older entries are committed only along with one of the leader's term:
 * Figure 8 of the paper shows how counting copies of an older entry loses it again. The leader's
 * own copy counts like any other: once it is durable, and only while the leader is a voter.
 *
 * Returns whether the commit index moved.
 */
export function maybeCommit(raft: RaftState): boolean {
  const { role } = raft;
  if (role.name !== 'leader') return false;
  const index = quorumIndex(raft.voters, (id) => {
    if (id === raft.id) return raft.log.durableIndex;
    return role.progress.get(id)?.matchIndex ?? 0;
  });
  if (index <= raft.commitIndex || raft.log.term(index) !== raft.term) return false;
  return commitTo(raft, index);
}

/**
 * A follower's half: the leader's commit index counts only as far as this node's log has been
 * verified by the message that brought it (§5.3, step 5 of AppendEntries). Returns whether the
 * commit index moved.
 */
export function commitVerified(
  raft: RaftState,
  leaderCommit: LogIndex,
  verified: LogIndex,
): boolean {
  const index = Math.min(leaderCommit, verified);
  return index > raft.commitIndex && commitTo(raft, index);
}

function commitTo(raft: RaftState, index: LogIndex): boolean {
  const from = raft.commitIndex;
  assert(index > from, () => `commit index falls from ${from} to ${index}`);
  assert(index <= raft.log.lastIndex, () => `commit ${index} beyond log ${raft.log.lastIndex}`);
  raft.commitIndex = index;
  if (raft.tracing) raft.trace({ type: 'commit', term: raft.term, from, to: index });
  return true;
}
