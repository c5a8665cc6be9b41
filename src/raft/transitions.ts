import { assert } from '../lib/assert.ts';
import type { MemberId } from '../lib/ids.ts';
import type { LogIndex, Term } from './entry.ts';
import { Progress } from './progress.ts';
import { abandonReads, ReadQueue } from './read-index.ts';
import type { Role } from './role.ts';
import type { RaftState } from './state.ts';
import type { Reason } from './trace.ts';

/**
 * ROLE CHANGES (Figure 4). Only these functions build a role or change the term; each asserts what
 * must hold before and after.
 */

/** Follows in `term`, which may be the present one. The vote lasts as long as its term (§5.2). */
export function becomeFollower(
  raft: RaftState,
  term: Term,
  leader: MemberId | null,
  reason: Reason,
): void {
  assert(term >= raft.term, () => `term falls from ${raft.term} to ${term}`);
  assert(leader !== raft.id, 'a node does not follow itself');
  if (raft.role.name === 'leader') abandonReads(raft, raft.role);
  if (term > raft.term) enterTerm(raft, term, null);
  changeRole(raft, { name: 'follower', leader }, reason);
  raft.resetElectionTimer();
}

/** Learns who leads the present term, without touching the timer's draw twice. */
export function followLeader(raft: RaftState, leader: MemberId): void {
  const { role } = raft;
  raft.isDisowned = false;
  assert(role.name !== 'leader', () => `two leaders in term ${raft.term}: ${raft.id}, ${leader}`);
  if (role.name === 'follower' && role.leader === leader) {
    raft.electionElapsed = 0;
    return;
  }
  const known = role.name === 'follower' ? role.leader : null;
  assert(known === null, () => `two leaders in term ${raft.term}: ${known}, ${leader}`);
  becomeFollower(raft, raft.term, leader, { code: 'heard-from-leader', leader });
}

/** Asks before it disturbs: the term stays (thesis §9.6). */
export function becomePreCandidate(raft: RaftState, reason: Reason): void {
  assertMayCampaign(raft);
  const firstSeq = raft.upcomingSeq;
  const votes = new Map([[raft.id, true]]);
  changeRole(raft, { name: 'pre-candidate', votes, firstSeq }, reason);
  raft.resetElectionTimer();
}

/** Begins an election in the next term with a vote for itself (§5.2). */
export function becomeCandidate(raft: RaftState, transfer: boolean, reason: Reason): void {
  assertMayCampaign(raft);
  enterTerm(raft, raft.term + 1, raft.id);
  changeRole(raft, { name: 'candidate', votes: new Map(), transfer }, reason);
  raft.resetElectionTimer();
  assert(raft.vote === raft.id, 'a candidate votes for itself');
}

/** Leads the present term. The caller appends the no-op at `noopIndex` next. */
export function becomeLeader(raft: RaftState, reason: Reason): void {
  assert(raft.role.name === 'candidate', () => `${raft.role.name} cannot become leader`);
  assert(raft.vote === raft.id, 'a leader voted for itself');
  assert(raft.recovery === null, 'a recovering node cannot lead');
  const noopIndex = raft.log.lastIndex + 1;
  const role: Role = {
    name: 'leader',
    progress: new Map(),
    noopIndex,
    reads: new ReadQueue(),
    transfer: null,
    heartbeatElapsed: 0,
    quorumElapsed: 0,
  };
  changeRole(raft, role, reason);
  raft.resetElectionTimer();
  raft.persistElapsed = 0;
  syncProgress(raft, noopIndex);
}

/**
 * Gives a leader's progress table exactly the other members of the newest configuration; new ones
 * are probed with the entry at `nextIndex`, which is the leader's newest.
 */
export function syncProgress(raft: RaftState, nextIndex: LogIndex): void {
  const { role } = raft;
  if (role.name !== 'leader') return;
  const members = new Set(raft.history.latest.members.map((member) => member.id));
  members.delete(raft.id);
  for (const id of role.progress.keys()) if (!members.has(id)) role.progress.delete(id);
  for (const id of members) {
    if (!role.progress.has(id)) role.progress.set(id, new Progress(nextIndex));
  }
}

function enterTerm(raft: RaftState, term: Term, vote: MemberId | null): void {
  assert(term > raft.term, () => `term ${term} is not after ${raft.term}`);
  raft.term = term;
  raft.vote = vote;
  raft.hardStateChanged();
}

function changeRole(raft: RaftState, role: Role, reason: Reason): void {
  const from = raft.role.name;
  const leaderBefore = raft.leader;
  raft.role = role;
  const changed = from !== role.name || leaderBefore !== raft.leader;
  if (changed) {
    const { term, leader } = raft;
    raft.trace({ type: 'role', term, from, to: role.name, leader, reason });
  }
}

function assertMayCampaign(raft: RaftState): void {
  assert(raft.role.name !== 'leader', 'a leader does not campaign');
  assert(raft.isElectable, 'only a voter campaigns');
  assert(raft.recovery === null, 'a recovering node does not campaign');
}
