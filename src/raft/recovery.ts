import type { MemberId } from '../lib/ids.ts';
import type { LogIndex, Term } from './entry.ts';
import { hasQuorum } from './quorum.ts';
import { compareLogEnds } from './log.ts';
import type { AppendRequest, LogEnd, PreVoteResponse, Message } from './message.ts';
import type { RaftState } from './state.ts';
import type { Reason } from './trace.ts';
import { becomeFollower } from './transitions.ts';

/**
 * RECOVERY
 *
 * A node whose log ended in a damaged batch may have lost entries it acknowledged, or a vote. So
 * may a founding member whose directory is empty: it cannot know whether this is its first start.
 * Until that is settled such a node neither votes nor campaigns. It is settled in one of two ways:
 *
 * - a leader confirms its log: the leader has taken note of this recovery (so no older answer of
 *   this node counts any more), and this node's log has been verified up to the leader's own term
 *   and commit index;
 * - every other voter has reported, since this start, a log no newer than this one. Then this node
 *   lacks nothing that any of them has. It takes the highest term reported, with its vote given,
 *   for the lost vote may have been in it. (A candidate whose log is as new as all reports may be
 *   voted for too, in a later term: so nodes that recover together elect the newest of them.)
 *   A cluster that is being founded need not wait for all: where a majority has nothing but the
 *   founding entry, nothing was ever acknowledged, unless all who have more are away at once.
 */
export class Recovery {
  /** Names this recovery in messages; never 0. */
  readonly id: number;
  readonly reports = new Map<MemberId, LogEnd & { readonly term: Term }>();
  /** The numbers of the requests of the running survey: answers to any other do not count. */
  surveySeqs: ReadonlySet<number> = new Set();

  constructor(id: number) {
    this.id = id;
  }
}

/** The founding membership. */
const FOUNDING_INDEX: LogIndex = 1;

/** Asks every other voter for the end of its log; called at each election timeout. */
export function survey(raft: RaftState): void {
  const { recovery } = raft;
  if (recovery === null || !raft.isElectable) return;
  recovery.reports.clear();
  // A leader that has been silent for so long must not keep this node from voting.
  becomeFollower(raft, raft.term, null, { code: 'leader-silent' });
  const seqs = new Set<number>();
  for (const to of raft.voters) {
    if (to === raft.id) continue;
    const question = { ...raft.envelope(to), ...raft.log.end };
    seqs.add(question.seq);
    raft.send({ ...question, type: 'pre-vote', survey: true });
  }
  recovery.surveySeqs = seqs;
  settleByReports(raft);
}

/** Takes down a report, if this node collects them. */
export function onSurveyAnswer(raft: RaftState, message: PreVoteResponse): void {
  const { recovery } = raft;
  if (recovery === null || !recovery.surveySeqs.has(message.seq)) return;
  const { term, lastIndex, lastTerm } = message;
  recovery.reports.set(message.from, { term, lastIndex, lastTerm });
  settleByReports(raft);
}

/** Whether this node may vote for a log that ends so. Always, unless it recovers. */
export function allowsCandidate(raft: RaftState, candidate: Message & LogEnd): boolean {
  const { recovery } = raft;
  if (recovery === null) return true;
  if (!hasHeardEnough(raft, recovery)) return false;
  for (const report of recovery.reports.values()) {
    if (compareLogEnds(candidate, report) < 0) return false;
    // Its own lost vote may have been given in any term that was reported. The candidate itself
    // stands in the term it asks for; everyone else must be below.
    if (report.term >= candidate.term) return false;
  }
  return compareLogEnds(candidate, raft.log.end) >= 0;
}

/** A leader's append was accepted up to `verified`: does that confirm this node's log? */
export function settleByLeader(raft: RaftState, message: AppendRequest, verified: number): void {
  const { recovery } = raft;
  if (recovery === null || message.recovery !== recovery.id) return;
  if (verified < message.commitIndex) return;
  // With an entry of the leader's own term verified, everything committed before it is here too.
  if (raft.log.term(verified) !== message.term) return;
  settle(raft, { code: 'leader-confirmed', leader: message.from, verified });
}

/** An operator vouches for this log. */
export function settleByOperator(raft: RaftState): void {
  if (raft.recovery !== null) settle(raft, { code: 'operator-vouches' });
}

function settleByReports(raft: RaftState): void {
  const { recovery } = raft;
  if (recovery === null || !hasHeardEnough(raft, recovery)) return;
  let term = raft.term;
  for (const report of recovery.reports.values()) {
    if (compareLogEnds(raft.log.end, report) < 0) return;
    term = Math.max(term, report.term);
  }
  settle(raft, { code: 'newest-of-all', voters: raft.voters.length }, term);
}

function hasHeardEnough(raft: RaftState, { reports }: Recovery): boolean {
  const lastOf = (id: MemberId): LogIndex | undefined =>
    id === raft.id ? raft.log.lastIndex : reports.get(id)?.lastIndex;
  if (raft.voters.every((id) => lastOf(id) !== undefined)) return true;
  return hasQuorum(raft.voters, (id) => (lastOf(id) ?? Infinity) <= FOUNDING_INDEX);
}

function settle(raft: RaftState, reason: Reason, term: Term = raft.term): void {
  raft.recovery = null;
  raft.out.recovered = true;
  if (term > raft.term) becomeFollower(raft, term, null, reason);
  if (raft.vote === null) {
    raft.vote = raft.id;
    raft.hardStateChanged();
  }
  raft.trace({ type: 'recovery', term: raft.term, reason });
}
