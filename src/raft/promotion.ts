import { type Configuration, memberOf } from './configuration.ts';
import { hasCaughtUp, pendingRefusal, proposeChange } from './membership.ts';
import type { LeaderRole } from './role.ts';
import type { RaftState } from './state.ts';

/**
 * WHAT A LEADER DOES FOR NEW MEMBERS BY ITSELF
 *
 * - Promotion: a learner that asked for it becomes a voter once it has been within 1,000 entries of
 *   the leader and has answered, for five seconds without a break. The wish is in the replicated
 *   configuration, so any leader carries it out.
 * - Activation: the first answer of a founding member is put on record. From then on an empty
 *   directory that claims its id is known to have been wiped.
 */
export function promoteAndActivate(raft: RaftState, leader: LeaderRole): void {
  const { latest } = raft.history;
  for (const [id, progress] of leader.progress) {
    progress.healthyTicks = hasCaughtUp(raft, leader, id) ? progress.healthyTicks + 1 : 0;
  }
  if (pendingRefusal(raft, leader) !== null) return;
  const change = activation(raft, leader, latest) ?? promotion(raft, leader, latest);
  if (change !== null) proposeChange(raft, change, null, 0);
}

function activation(raft: RaftState, leader: LeaderRole, latest: Configuration) {
  const ids = latest.members
    .filter((member) => !member.active)
    .map((member) => member.id)
    .filter((id) => id === raft.id || leader.progress.get(id)?.everActive === true);
  return ids.length === 0 ? null : ({ type: 'activate', ids } as const);
}

function promotion(raft: RaftState, leader: LeaderRole, latest: Configuration) {
  for (const [id, progress] of leader.progress) {
    const wanted = memberOf(latest, id)?.autoPromote === true;
    if (wanted && progress.healthyTicks >= raft.config.promoteTicks) {
      return { type: 'promote', id } as const;
    }
  }
  return null;
}
