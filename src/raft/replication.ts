import type { MemberId } from '../lib/ids.ts';
import { maybeCommit } from './commitment.ts';
import { type Command, createEntry, type Entry } from './entry.ts';
import type { AppendResponse } from './message.ts';
import type { Progress } from './progress.ts';
import { finishReadRound, startReadRound } from './read-index.ts';
import type { LeaderRole } from './role.ts';
import type { RaftState } from './state.ts';
import { syncProgress } from './transitions.ts';

/**
 * REPLICATION, the leader's half (§5.3): new entries go to every member as fast as it answers,
 * with as many entries in a message as have gathered meanwhile. A member that lacks entries gets
 * exactly those; one that lacks entries the leader has compacted away gets the snapshot.
 */

/** Appends a command of this leader's to its own log. */
export function appendOwn(raft: RaftState, command: Command): Entry {
  const index = raft.log.lastIndex + 1;
  const entry = createEntry(index, raft.term, command);
  raft.appendToLog([entry]);
  if (raft.tracing) {
    const reason = { code: 'proposed', kind: command.kind };
    raft.trace({ type: 'append', term: raft.term, firstIndex: index, lastIndex: index, reason });
  }
  if (raft.history.appended(entry)) syncProgress(raft, index);
  return entry;
}

/** Sends every member what it lacks, as far as its window allows. Called once per `ready()`. */
export function replicate(raft: RaftState): void {
  if (raft.role.name !== 'leader') return;
  // Of a smaller membership those who have answered already may be a quorum.
  finishReadRound(raft, raft.role);
  if (startReadRound(raft, raft.role)) broadcastHeartbeat(raft);
  for (const [to, progress] of raft.role.progress) {
    while (progress.nextIndex <= raft.log.lastIndex && progress.mayAppend(raft.config.window)) {
      if (!sendEntries(raft, raft.role, to, progress)) break;
    }
  }
}

/** An empty append to every member: "I lead, and this much is committed" (§5.2). */
export function broadcastHeartbeat(raft: RaftState): void {
  if (raft.role.name !== 'leader') return;
  raft.role.heartbeatElapsed = 0;
  for (const [to, progress] of raft.role.progress) sendHeartbeat(raft, raft.role, to, progress);
}

/**
 * Tells members of a commit they have the entries for, if no other message has (once a tick). Not
 * those behind the compacted log: no message that they take verifies anything, and the snapshot
 * brings the commit with it.
 */
export function announceCommit(raft: RaftState, leader: LeaderRole): void {
  for (const [to, progress] of leader.progress) {
    if (progress.state === 'snapshot' || raft.log.term(progress.matchIndex) === null) continue;
    const useful = Math.min(raft.commitIndex, progress.matchIndex);
    if (progress.sentCommit < useful) sendHeartbeat(raft, leader, to, progress);
  }
}

/** Handles the answer to an append: the member's log agrees up to an index, or does not. */
export function onAppendResponse(raft: RaftState, message: AppendResponse): void {
  if (raft.role.name !== 'leader' || message.term < raft.term) return;
  const progress = raft.role.progress.get(message.from);
  if (progress === undefined || message.seq < progress.minSeq) return;
  progress.heard();
  if (message.recovery !== 0 && message.recovery !== progress.recovery) {
    noteRecovery(raft, progress, message);
    return;
  }
  const wasAwaited = progress.awaits(message.seq);
  progress.inflight.delete(message.seq);
  progress.ackedRound = Math.max(progress.ackedRound, message.round);
  if (!message.ok) rejected(raft, progress, message, wasAwaited);
  else if (progress.advance(message.index)) maybeCommit(raft);
  // A refusal in this term confirms the leader as much as an acceptance does.
  finishReadRound(raft, raft.role);
}

/** A request could not be delivered: probe until the member answers again. */
export function onUnreachable(raft: RaftState, to: MemberId, seq: number): void {
  if (raft.role.name !== 'leader') return;
  const progress = raft.role.progress.get(to);
  if (progress?.inflight.has(seq) !== true) return;
  progress.becomeProbe();
  progress.backoffTicks = raft.config.heartbeatTicks;
}

/** The shell has finished, or given up, sending a snapshot. */
export function onSnapshotSent(raft: RaftState, to: MemberId, ok: boolean): void {
  if (raft.role.name !== 'leader') return;
  const progress = raft.role.progress.get(to);
  if (progress?.state !== 'snapshot') return;
  if (!ok) {
    progress.pendingSnapshot = 0;
    progress.backoffTicks = raft.config.heartbeatTicks;
  }
  progress.becomeProbe();
}

function sendHeartbeat(
  raft: RaftState,
  leader: LeaderRole,
  to: MemberId,
  progress: Progress,
): void {
  // Behind what is known to match: so it cannot be refused by a log that is still catching up,
  // whatever order messages arrive in.
  const prevTerm = raft.log.term(progress.matchIndex);
  const prevIndex = prevTerm === null ? 0 : progress.matchIndex;
  sendAppend(raft, leader, to, progress, prevIndex, prevTerm ?? 0, []);
}

function rejected(
  raft: RaftState,
  progress: Progress,
  message: AppendResponse,
  wasAwaited: boolean,
): void {
  // A heartbeat stands behind what the member confirmed, and only the append under way tells
  // where to go on: anything else is an answer from before.
  if (!wasAwaited || progress.state === 'snapshot') return;
  const index = raft.log.lastIndexNotAfterTerm(message.index, message.conflictTerm);
  progress.regress(Math.min(index, progress.nextIndex - 1));
  const reason = { code: 'refused', hint: message.index, hintTerm: message.conflictTerm };
  raft.trace({ type: 'conflict', term: raft.term, peer: message.from, index, reason });
}

function noteRecovery(raft: RaftState, progress: Progress, message: AppendResponse): void {
  const { ok, index: hint, conflictTerm } = message;
  progress.forget(message.recovery, raft.upcomingSeq);
  // A heartbeat is accepted far behind the log's end, so it says nothing of where to go on. And the
  // newest entry goes again even to a log that is whole, to be confirmed anew.
  const index = ok
    ? Math.max(hint, progress.nextIndex - 1)
    : raft.log.lastIndexNotAfterTerm(hint, conflictTerm);
  progress.regress(Math.min(index, raft.log.lastIndex - 1));
  const reason = { code: 'peer-recovering', recovery: message.recovery };
  const peer = message.from;
  raft.trace({ type: 'conflict', term: raft.term, peer, index, reason });
}

/** Sends entries from `nextIndex` on. Returns whether anything was sent. */
function sendEntries(
  raft: RaftState,
  leader: LeaderRole,
  to: MemberId,
  progress: Progress,
): boolean {
  const { log } = raft;
  const prevIndex = progress.nextIndex - 1;
  const prevTerm = log.term(prevIndex);
  if (prevTerm === null || progress.nextIndex < log.firstIndex) {
    return orderSnapshot(raft, to, progress);
  }
  const entries = log.slice(progress.nextIndex, log.lastIndex, raft.config.appendBytes);
  const seq = sendAppend(raft, leader, to, progress, prevIndex, prevTerm, entries);
  progress.sent(seq, prevIndex + entries.length);
  return true;
}

function orderSnapshot(raft: RaftState, to: MemberId, progress: Progress): boolean {
  if (!progress.recentlyActive) return false;
  progress.becomeSnapshot(raft.log.baseIndex);
  raft.out.snapshotOrders.push({ to, term: raft.term, recovery: progress.recovery });
  const reason = { code: 'entries-compacted', next: progress.nextIndex };
  const index = raft.log.baseIndex;
  raft.trace({ type: 'snapshot', term: raft.term, index, peer: to, reason });
  return false;
}

function sendAppend(
  raft: RaftState,
  leader: LeaderRole,
  to: MemberId,
  progress: Progress,
  prevIndex: number,
  prevTerm: number,
  entries: readonly Entry[],
): number {
  const envelope = raft.envelope(to);
  progress.sentCommit = Math.min(raft.commitIndex, prevIndex + entries.length);
  raft.send({
    ...envelope,
    type: 'append',
    prevIndex,
    prevTerm,
    entries,
    commitIndex: raft.commitIndex,
    round: leader.reads.round,
    recovery: progress.recovery,
  });
  return envelope.seq;
}
