import { quorumIsActive } from './check-quorum.ts';
import { promoteAndActivate } from './promotion.ts';
import { announceCommit, broadcastHeartbeat } from './replication.ts';
import type { LeaderRole } from './role.ts';
import type { RaftState } from './state.ts';
import { tickTransfer } from './transfer.ts';
import { becomeFollower } from './transitions.ts';

/**
 * THE LEADER'S CLOCK: heartbeats, the check that a quorum still answers, the check that its disk
 * still answers, and the chores that follow from the state of its followers.
 */
export function tickLeader(raft: RaftState, leader: LeaderRole): void {
  tickProgress(raft, leader);
  leader.quorumElapsed += 1;
  if (leader.quorumElapsed >= raft.config.electionTicks) {
    leader.quorumElapsed = 0;
    if (!quorumIsActive(raft, leader)) {
      becomeFollower(raft, raft.term, null, { code: 'quorum-silent' });
      return;
    }
  }
  if (diskIsStuck(raft)) {
    becomeFollower(raft, raft.term, null, { code: 'disk-stuck', ticks: raft.persistElapsed });
    return;
  }
  leader.heartbeatElapsed += 1;
  if (leader.heartbeatElapsed >= raft.config.heartbeatTicks) broadcastHeartbeat(raft);
  else announceCommit(raft, leader);
  tickTransfer(raft, leader);
  promoteAndActivate(raft, leader);
}

/**
 * A leader that cannot write commits nothing on its own copy, and keeps better ones from leading.
 * The bound is the longest election timeout: by then its followers would have given up on it, had
 * they not its heartbeats.
 */
function diskIsStuck(raft: RaftState): boolean {
  return raft.persistElapsed >= 2 * raft.config.electionTicks;
}

function tickProgress(raft: RaftState, leader: LeaderRole): void {
  for (const progress of leader.progress.values()) {
    const { state } = progress;
    const lostAfter = state === 'probe' ? raft.config.heartbeatTicks : raft.config.electionTicks;
    if (progress.tick(lostAfter) && state !== 'snapshot') progress.becomeProbe();
  }
}
