import type { MemberId } from '../lib/ids.ts';
import { maybeCommit } from './commitment.ts';
import {
  type Configuration,
  type ConfigurationChange,
  type ConfigurationCommand,
  memberOf,
  votersOf,
} from './configuration.ts';
import type { Entry } from './entry.ts';
import { hasQuorum } from './quorum.ts';
import { appendOwn } from './replication.ts';
import type { LeaderRole } from './role.ts';
import type { RaftState } from './state.ts';
import { bestSuccessor } from './transfer.ts';
import { becomeFollower } from './transitions.ts';

/**
 * MEMBERSHIP CHANGE, one member at a time (thesis §4.1 to §4.3): any two majorities of neighbouring
 * configurations overlap. A configuration counts from the moment it is appended. The guards:
 *
 * - at most one change is uncommitted at any time;
 * - none before the leader has committed an entry of its own term (Ongaro's correction of 2015:
 *   otherwise two changes of different leaders can have majorities that do not meet);
 * - none that leaves a majority that does not answer.
 */

/** Why a change was refused. */
export type ChangeRefusal =
  | 'not-leader'
  | 'transfer-pending'
  | 'change-pending'
  | 'term-not-begun'
  | 'member-not-found'
  | 'member-removed'
  | 'already-voter'
  | 'not-caught-up'
  | 'would-lose-quorum';

export type ChangeResult =
  | { readonly ok: true; readonly entry: Entry | null; readonly configuration: Configuration }
  | { readonly ok: false; readonly code: ChangeRefusal };

/** Proposes a change; `entry` is null when it is already so. `at` is the wall clock in ms. */
export function proposeChange(
  raft: RaftState,
  change: ConfigurationChange,
  requestId: string | null,
  at: number,
): ChangeResult {
  if (raft.role.name !== 'leader') return { ok: false, code: 'not-leader' };
  const before = raft.history.latest;
  const after = changed(before, change);
  if (typeof after === 'string') return { ok: false, code: after };
  if (after === before) return alreadySo(raft, before);
  const refusal = pendingRefusal(raft, raft.role) ?? quorumRefusal(raft, raft.role, before, after);
  if (refusal !== null) return { ok: false, code: refusal };
  if (change.type === 'promote' && !hasCaughtUp(raft, raft.role, change.id)) {
    return { ok: false, code: 'not-caught-up' };
  }
  const command: ConfigurationCommand = {
    v: 1,
    kind: 'configuration',
    requestId,
    at,
    by: null,
    change,
    configuration: after,
  };
  const entry = appendOwn(raft, command);
  const reason = { code: 'proposed', voters: raft.voters.length };
  raft.trace({ type: 'configuration', term: raft.term, index: entry.index, change, reason });
  maybeCommit(raft);
  return { ok: true, entry, configuration: after };
}

/** "It is so" is said of what is committed only: whoever hears it may act on it for good. */
function alreadySo(raft: RaftState, configuration: Configuration): ChangeResult {
  if (raft.history.latestIndex > raft.commitIndex) return { ok: false, code: 'change-pending' };
  return { ok: true, entry: null, configuration };
}

/** Whether a change may be proposed now, as far as earlier ones and the term are concerned. */
export function pendingRefusal(raft: RaftState, leader: LeaderRole): ChangeRefusal | null {
  if (leader.transfer !== null) return 'transfer-pending';
  if (raft.commitIndex < leader.noopIndex) return 'term-not-begun';
  return raft.history.latestIndex > raft.commitIndex ? 'change-pending' : null;
}

/** Within the promised distance of the leader's end (entries), and answering. */
export function hasCaughtUp(raft: RaftState, leader: LeaderRole, id: MemberId): boolean {
  const progress = leader.progress.get(id);
  if (progress === undefined || progress.matchIndex === 0) return false;
  const lag = raft.log.lastIndex - progress.matchIndex;
  return lag <= raft.config.promoteLag && progress.silentTicks < raft.config.electionTicks;
}

/** A leader that removed itself goes once that is committed, and names a successor (§4.2.2). */
export function leaveIfRemoved(raft: RaftState): void {
  const { role } = raft;
  if (role.name !== 'leader' || raft.isVoter) return;
  if (raft.history.latestIndex > raft.commitIndex) return;
  const successor = bestSuccessor(raft, role);
  if (successor !== null) raft.send({ ...raft.envelope(successor), type: 'timeout-now' });
  becomeFollower(raft, raft.term, null, { code: 'removed-itself' });
}

/** The configuration after the change; the same object when nothing changes. */
function changed(
  before: Configuration,
  change: ConfigurationChange,
): Configuration | ChangeRefusal {
  switch (change.type) {
    case 'found':
      return 'change-pending';
    case 'add-learner':
      if (before.removed.includes(change.member.id)) return 'member-removed';
      if (memberOf(before, change.member.id) !== undefined) return before;
      return { ...before, members: [...before.members, { ...change.member, learner: true }] };
    case 'activate':
      return {
        ...before,
        members: before.members.map((member) =>
          change.ids.includes(member.id) ? { ...member, active: true } : member,
        ),
      };
    case 'promote': {
      const member = memberOf(before, change.id);
      if (member === undefined) return 'member-not-found';
      if (!member.learner) return 'already-voter';
      return replaced(before, { ...member, learner: false, autoPromote: false });
    }
    case 'remove':
      if (before.removed.includes(change.id)) return before;
      if (memberOf(before, change.id) === undefined) return 'member-not-found';
      return {
        ...before,
        members: before.members.filter((member) => member.id !== change.id),
        removed: [...before.removed, change.id],
      };
    case 'update': {
      const member = memberOf(before, change.id);
      if (member === undefined) return 'member-not-found';
      const { peerUrls, clientUrls } = change;
      return replaced(before, { ...member, peerUrls, clientUrls });
    }
  }
}

function replaced(before: Configuration, member: Configuration['members'][number]): Configuration {
  const members = before.members.map((old) => (old.id === member.id ? member : old));
  return { ...before, members };
}

function quorumRefusal(
  raft: RaftState,
  leader: LeaderRole,
  before: Configuration,
  after: Configuration,
): ChangeRefusal | null {
  const votersBefore = votersOf(before);
  const voters = votersOf(after);
  const same =
    voters.length === votersBefore.length && voters.every((id, i) => id === votersBefore[i]);
  if (same) return null;
  const answers = hasQuorum(voters, (id) => {
    if (id === raft.id) return true;
    const progress = leader.progress.get(id);
    return progress?.everActive === true && progress.silentTicks < raft.config.electionTicks;
  });
  return answers ? null : 'would-lose-quorum';
}
