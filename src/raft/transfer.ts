import type { MemberId } from '../lib/ids.ts';
import type { LeaderRole } from './role.ts';
import type { RaftState } from './state.ts';

/**
 * LEADERSHIP TRANSFER (thesis §3.10): stop taking proposals, bring one voter up to date, tell it to
 * campaign at once. Given up after one election timeout.
 */

/** Begins handing over to `to`, or to the most up-to-date voter. Returns who it is, or why not. */
export function beginTransfer(
  raft: RaftState,
  leader: LeaderRole,
  to: MemberId | null,
): { readonly ok: true; readonly to: MemberId } | { readonly ok: false; readonly code: string } {
  const target = to ?? bestSuccessor(raft, leader);
  if (target === null) return { ok: false, code: 'no-other-voter' };
  if (target === raft.id) return { ok: false, code: 'already-leads' };
  if (!raft.voters.includes(target)) return { ok: false, code: 'not-a-voter' };
  if (leader.transfer !== null && leader.transfer.to !== target) {
    return { ok: false, code: 'transfer-pending' };
  }
  leader.transfer ??= { to: target, ticks: 0, asked: false };
  trace(raft, target, 'begun');
  advanceTransfer(raft, leader);
  return { ok: true, to: target };
}

/** Tells the target to campaign once it has the whole log. */
function advanceTransfer(raft: RaftState, leader: LeaderRole): void {
  const { transfer } = leader;
  if (transfer === null || transfer.asked) return;
  if (leader.progress.get(transfer.to)?.matchIndex !== raft.log.lastIndex) return;
  transfer.asked = true;
  raft.send({ ...raft.envelope(transfer.to), type: 'timeout-now' });
}

export function tickTransfer(raft: RaftState, leader: LeaderRole): void {
  const { transfer } = leader;
  if (transfer === null) return;
  transfer.ticks += 1;
  if (transfer.ticks < raft.config.electionTicks) {
    advanceTransfer(raft, leader);
    return;
  }
  leader.transfer = null;
  trace(raft, transfer.to, 'timed-out');
}

/** The voter that answers and whose log reaches farthest. */
export function bestSuccessor(raft: RaftState, leader: LeaderRole): MemberId | null {
  let best: { id: MemberId; rank: number } | null = null;
  for (const id of raft.voters) {
    const progress = leader.progress.get(id);
    if (progress === undefined) continue;
    const alive = progress.silentTicks < raft.config.electionTicks;
    const rank = alive ? progress.matchIndex : -1;
    if (best === null || rank > best.rank) best = { id, rank };
  }
  return best?.id ?? null;
}

function trace(raft: RaftState, to: MemberId, code: string): void {
  raft.trace({ type: 'transfer', term: raft.term, to, reason: { code } });
}
