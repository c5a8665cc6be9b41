import type { MemberId } from '../lib/ids.ts';
import type { LogIndex } from './entry.ts';
import type { ReadIndexRequest, ReadIndexResponse } from './message.ts';
import { hasQuorum } from './quorum.ts';
import type { LeaderRole } from './role.ts';
import type { RaftState } from './state.ts';

/**
 * LINEARIZABLE READS (thesis §6.4)
 *
 * A leader notes its commit index, asks a quorum in one round whether it still leads, and may then
 * answer every read that came in before the round began. Reads that arrive while a round runs wait
 * for the next one: one round serves them all. No round begins before an entry of the leader's own
 * term is committed, for until then it does not know what is. Rounds ride on append messages.
 */

/** One read that waits; `from` is null for a read of the leader's own. */
interface WaitingRead {
  readonly context: number;
  readonly from: { readonly id: MemberId; readonly seq: number } | null;
}

/** The reads of one leader, in its term. */
export class ReadQueue {
  /** Not yet in a round. */
  waiting: WaitingRead[] = [];
  /** In the round that runs. */
  confirming: WaitingRead[] = [];
  /** The newest round's number; 0 before the first. */
  round = 0;
  /** The commit index when it began. */
  index: LogIndex = 0;
}

/** A read of this node: on a leader it joins the next round, else the leader is asked. */
export function readIndex(raft: RaftState, context: number): void {
  const { role } = raft;
  if (role.name === 'leader') {
    role.reads.waiting.push({ context, from: null });
    return;
  }
  const leader = role.name === 'follower' ? role.leader : null;
  if (leader === null) {
    finish(raft, { context, from: null }, null, 'no-leader');
    return;
  }
  raft.send({ ...raft.envelope(leader), type: 'read-index', context });
}

/** A follower asks on behalf of its clients. */
export function onReadIndexRequest(raft: RaftState, message: ReadIndexRequest): void {
  const read = { context: message.context, from: { id: message.from, seq: message.seq } };
  if (raft.role.name === 'leader') raft.role.reads.waiting.push(read);
  else finish(raft, read, null, 'not-leader');
}

/** The leader answered; the context is unique per attempt, so this answers just that one. */
export function onReadIndexResponse(raft: RaftState, message: ReadIndexResponse): void {
  const read = { context: message.context, from: null };
  finish(raft, read, message.index, message.index === null ? 'not-leader' : 'leader-confirmed');
}

/** Begins a round if reads wait and none runs. Returns whether heartbeats must leave for it. */
export function startReadRound(raft: RaftState, leader: LeaderRole): boolean {
  const { reads } = leader;
  if (reads.waiting.length === 0 || reads.confirming.length > 0) return false;
  if (raft.commitIndex < leader.noopIndex) return false;
  reads.round += 1;
  reads.index = raft.commitIndex;
  reads.confirming = reads.waiting;
  reads.waiting = [];
  return !finishReadRound(raft, leader);
}

/** Answers the reads of the running round once a quorum has confirmed it. */
export function finishReadRound(raft: RaftState, leader: LeaderRole): boolean {
  const { reads } = leader;
  if (reads.confirming.length === 0) return false;
  const confirmed = hasQuorum(raft.voters, (id) => {
    if (id === raft.id) return true;
    return (leader.progress.get(id)?.ackedRound ?? 0) >= reads.round;
  });
  if (!confirmed) return false;
  const done = reads.confirming;
  reads.confirming = [];
  for (const read of done) finish(raft, read, reads.index, 'quorum-confirmed', reads.round);
  return true;
}

/** Leadership is over: nobody may be told an index. */
export function abandonReads(raft: RaftState, leader: LeaderRole): void {
  const { reads } = leader;
  for (const read of [...reads.confirming, ...reads.waiting]) {
    finish(raft, read, null, 'lost-leadership');
  }
  reads.confirming = [];
  reads.waiting = [];
}

function finish(
  raft: RaftState,
  read: WaitingRead,
  index: LogIndex | null,
  code: string,
  round: number | null = null,
): void {
  if (raft.tracing) {
    const reason = round === null ? { code } : { code, round };
    raft.trace({ type: 'read', term: raft.term, context: read.context, index, reason });
  }
  if (read.from === null) {
    raft.out.readStates.push({ context: read.context, index });
    return;
  }
  raft.send({
    type: 'read-index-response',
    from: raft.id,
    to: read.from.id,
    term: raft.term,
    seq: read.from.seq,
    context: read.context,
    index,
  });
}
