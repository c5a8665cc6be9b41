import { assert } from '../lib/assert.ts';
import { commitVerified } from './commitment.ts';
import { campaign, campaignForReal } from './election.ts';
import type { Entry, LogIndex } from './entry.ts';
import type { AppendRequest, SnapshotArrived, TimeoutNowRequest } from './message.ts';
import { settleByLeader, survey } from './recovery.ts';
import type { RaftState } from './state.ts';
import { followLeader } from './transitions.ts';

/**
 * THE FOLLOWER'S HALF (§5.2, §5.3): wait for a leader, take over its log, answer once it is on
 * disk. A candidate that hears a leader of its term follows it.
 */

/** One tick without a leader's word; at the time-out, an election, or the next round of one. */
export function tickFollower(raft: RaftState): void {
  // A candidate whose own vote is still on its way to the disk has not asked anyone yet.
  if (raft.role.name === 'candidate' && !raft.role.votes.has(raft.id)) return;
  raft.electionElapsed += 1;
  if (raft.electionElapsed < raft.electionTimeout) return;
  if (raft.recovery !== null) survey(raft);
  else if (raft.isElectable) campaign(raft, timeoutReason(raft));
  else raft.electionElapsed = raft.electionTimeout;
}

/** AppendEntries (§5.3). A message of an older term is answered with the newer one. */
export function onAppendRequest(raft: RaftState, message: AppendRequest): void {
  if (message.term < raft.term) {
    refuse(raft, message, raft.log.lastIndex);
    return;
  }
  followLeader(raft, message.from);
  const { log } = raft;
  const lastNew = message.prevIndex + message.entries.length;
  const overlap = Math.max(0, raft.commitIndex - message.prevIndex);
  // Up to the commit index both logs agree for certain (Leader Completeness); entries there may
  // be compacted away here and are not compared again.
  if (overlap === 0 && !log.matches(message.prevIndex, message.prevTerm)) {
    refuse(raft, message, log.lastIndexNotAfterTerm(message.prevIndex, message.prevTerm));
    return;
  }
  takeOver(raft, message, message.entries.slice(overlap));
  const verified = Math.max(lastNew, raft.commitIndex);
  commitVerified(raft, message.commitIndex, verified);
  settleByLeader(raft, message, verified);
  accept(raft, message, verified, message.round);
}

/** A snapshot has arrived whole (§7): it replaces the log, unless the log is already beyond it. */
export function onSnapshotArrived(raft: RaftState, message: SnapshotArrived): void {
  if (message.term < raft.term) {
    refuse(raft, message, raft.log.lastIndex);
    return;
  }
  followLeader(raft, message.from);
  const { snapshotIndex: index, snapshotTerm: term, configuration } = message;
  if (index <= raft.commitIndex) {
    accept(raft, message, raft.commitIndex, 0);
    return;
  }
  if (raft.log.matches(index, term)) {
    commitVerified(raft, index, index);
  } else {
    raft.log.reset(index, term);
    raft.history.reset(index, configuration);
    raft.commitIndex = index;
    raft.out.replaceLog({ index, term, configuration });
    traceConfiguration(raft, index, 'snapshot-installed');
  }
  const reason = { code: 'installed', term };
  raft.trace({ type: 'snapshot', term: raft.term, index, peer: message.from, reason });
  accept(raft, message, index, 0);
}

/** The leader hands over (thesis §3.10): campaign at once, past the question. */
export function onTimeoutNow(raft: RaftState, message: TimeoutNowRequest): void {
  // Whoever only asks whether it could win is told here that it should.
  const isWaiting = raft.role.name === 'follower' || raft.role.name === 'pre-candidate';
  const mayCampaign = raft.isElectable && raft.recovery === null && isWaiting;
  if (mayCampaign && message.term === raft.term) {
    campaignForReal(raft, true, { code: 'asked-by-leader', leader: message.from });
  }
  raft.send({ ...raft.answer(message), type: 'timeout-now-response' });
}

/** Appends what is new; a conflicting entry and everything after it goes first (§5.3, step 3). */
function takeOver(raft: RaftState, message: AppendRequest, entries: readonly Entry[]): void {
  const { log } = raft;
  const first = entries.findIndex((entry) => !log.matches(entry.index, entry.term));
  if (first < 0) return;
  const fresh = entries.slice(first);
  const from = fresh[0]?.index ?? 0;
  if (from <= log.lastIndex) truncate(raft, message, from);
  raft.appendToLog(fresh);
  if (raft.tracing) {
    const reason = { code: 'from-leader', leader: message.from };
    const lastIndex = log.lastIndex;
    raft.trace({ type: 'append', term: raft.term, firstIndex: from, lastIndex, reason });
  }
  for (const entry of fresh) {
    if (raft.history.appended(entry)) traceConfiguration(raft, entry.index, 'appended');
  }
}

function truncate(raft: RaftState, message: AppendRequest, from: LogIndex): void {
  const { log, commitIndex } = raft;
  assert(from > commitIndex, () => `truncate ${from} at or below commit ${commitIndex}`);
  const reason = { code: 'truncated', lastIndex: log.lastIndex, lastTerm: log.lastTerm };
  raft.trace({ type: 'conflict', term: raft.term, peer: message.from, index: from, reason });
  log.truncateFrom(from);
  raft.out.truncatedFrom(from);
  if (raft.history.truncatedFrom(from)) traceConfiguration(raft, from, 'rolled-back');
}

/** "My log agrees with yours up to `index`": leaves when that much is on disk. */
function accept(
  raft: RaftState,
  message: AppendRequest | SnapshotArrived,
  index: LogIndex,
  round: number,
): void {
  const recovery = raft.recovery?.id ?? 0;
  const answer = { ...raft.answer(message), ok: true, index, conflictTerm: 0, round, recovery };
  raft.send({ ...answer, type: 'append-response' }, index);
}

/** "Not from there": with the last index where the logs may still agree. */
function refuse(raft: RaftState, message: AppendRequest | SnapshotArrived, index: LogIndex): void {
  const recovery = raft.recovery?.id ?? 0;
  const conflictTerm = raft.log.term(index) ?? 0;
  const round = message.type === 'append' && message.term === raft.term ? message.round : 0;
  const answer = { ...raft.answer(message), ok: false, index, conflictTerm, round, recovery };
  raft.send({ ...answer, type: 'append-response' });
}

function traceConfiguration(raft: RaftState, index: LogIndex, code: string): void {
  const voters = raft.voters.length;
  const reason = { code, voters, latestIndex: raft.history.latestIndex };
  raft.trace({ type: 'configuration', term: raft.term, index, change: null, reason });
}

function timeoutReason(raft: RaftState): { code: string; ticks: number } {
  const code = raft.role.name === 'follower' ? 'election-timeout' : 'election-undecided';
  return { code, ticks: raft.electionTimeout };
}
