import { hasQuorum } from './quorum.ts';
import type { LeaderRole } from './role.ts';
import type { RaftState } from './state.ts';

/**
 * CHECK-QUORUM (thesis §6.2): a leader that has not heard from a majority for an election timeout
 * steps down, so that its clients stop waiting and a one-way link cannot keep a deaf leader alive.
 * Resets the marks for the next period.
 */
export function quorumIsActive(raft: RaftState, leader: LeaderRole): boolean {
  const active = hasQuorum(raft.voters, (id) => {
    return id === raft.id || leader.progress.get(id)?.recentlyActive === true;
  });
  for (const progress of leader.progress.values()) progress.recentlyActive = false;
  return active;
}
