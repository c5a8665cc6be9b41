import type { MemberId } from '../lib/ids.ts';
import { appendOwn, broadcastHeartbeat } from './replication.ts';
import type { PreVoteRequest, PreVoteResponse, VoteRequest, VoteResponse } from './message.ts';
import { tally } from './quorum.ts';
import { allowsCandidate, onSurveyAnswer } from './recovery.ts';
import type { RaftState } from './state.ts';
import type { Reason } from './trace.ts';
import {
  becomeCandidate,
  becomeFollower,
  becomeLeader,
  becomePreCandidate,
} from './transitions.ts';

/**
 * ELECTIONS (§5.2, §5.4.1; thesis §9.6 for pre-vote)
 *
 * A node that hears no leader for its timeout first asks whether it could win (pre-vote), then
 * enters a new term and asks for real. Votes go to at most one candidate a term, only to one whose
 * log is at least as up-to-date, and not while a leader is alive. A node's vote, its own included,
 * counts once it is on disk.
 */

/** Begins an election, if this node may: first the question, then the vote. */
export function campaign(raft: RaftState, reason: Reason): void {
  becomePreCandidate(raft, reason);
  for (const to of otherVoters(raft)) {
    raft.send({
      ...raft.envelope(to),
      term: raft.term + 1,
      type: 'pre-vote',
      ...raft.log.end,
      survey: false,
    });
  }
  countPreVotes(raft);
}

/** Begins the real election: the term goes up, and the requests leave once that is durable. */
export function campaignForReal(raft: RaftState, transfer: boolean, reason: Reason): void {
  becomeCandidate(raft, transfer, reason);
  for (const to of otherVoters(raft)) {
    raft.send({ ...raft.envelope(to), type: 'vote', ...raft.log.end, transfer });
  }
}

/** Answers whether this node would vote for the sender. Changes nothing. */
export function onPreVoteRequest(raft: RaftState, message: PreVoteRequest): void {
  const refusal = message.survey ? { code: 'survey' } : preVoteRefusal(raft, message);
  const granted = refusal === null;
  if (!message.survey) traceVote(raft, message.from, true, refusal);
  const answer = { ...raft.answer(message), ...raft.log.end };
  raft.send({ ...answer, type: 'pre-vote-response', granted });
}

/** Votes, at most once a term; the answer leaves when the vote is durable. */
export function onVoteRequest(raft: RaftState, message: VoteRequest): void {
  const refusal = voteRefusal(raft, message);
  const granted = refusal === null;
  traceVote(raft, message.from, false, refusal);
  if (granted) {
    if (raft.vote === null) {
      raft.vote = message.from;
      raft.hardStateChanged();
    }
    raft.resetElectionTimer();
  }
  const answer = { ...raft.answer(message), ...raft.log.end };
  raft.send({ ...answer, type: 'vote-response', granted });
}

/** Counts an answer to the question. A newer term in a refusal was taken over before this. */
export function onPreVoteResponse(raft: RaftState, message: PreVoteResponse): void {
  onSurveyAnswer(raft, message);
  const { role } = raft;
  if (role.name !== 'pre-candidate' || message.seq < role.firstSeq) return;
  role.votes.set(message.from, message.granted);
  countPreVotes(raft);
}

/** Counts a vote of this term. */
export function onVoteResponse(raft: RaftState, message: VoteResponse): void {
  if (raft.role.name !== 'candidate' || message.term !== raft.term) return;
  raft.role.votes.set(message.from, message.granted);
  countVotes(raft);
}

/** The disk finished: a candidate's own vote counts from now on. */
export function countOwnVote(raft: RaftState): void {
  const { role } = raft;
  if (role.name !== 'candidate' || role.votes.has(raft.id)) return;
  if (!raft.out.hardStateIsDurable) return;
  role.votes.set(raft.id, true);
  // The wait for votes begins when the requests leave, which is now: a disk slower than the
  // election timeout must not make every election time out before it has begun.
  raft.resetElectionTimer();
  countVotes(raft);
}

function countPreVotes(raft: RaftState): void {
  if (raft.role.name !== 'pre-candidate') return;
  const result = tally(raft.voters, raft.role.votes);
  if (result === 'won') {
    campaignForReal(raft, false, { code: 'pre-vote-won', voters: raft.voters.length });
  } else if (result === 'lost') {
    becomeFollower(raft, raft.term, null, { code: 'pre-vote-lost' });
  }
}

function countVotes(raft: RaftState): void {
  if (raft.role.name !== 'candidate') return;
  const result = tally(raft.voters, raft.role.votes);
  if (result === 'won') {
    const votes = [...raft.role.votes.values()].filter(Boolean).length;
    becomeLeader(raft, { code: 'election-won', votes, voters: raft.voters.length });
    // The no-op commits everything before it (§5.4.2, §8), and is the first heartbeat as well.
    appendOwn(raft, { v: 1, kind: 'noop', requestId: null, at: 0, by: null });
    broadcastHeartbeat(raft);
  } else if (result === 'lost') {
    becomeFollower(raft, raft.term, null, { code: 'election-lost' });
  }
}

/** Why a pre-vote is refused; null grants it. */
function preVoteRefusal(raft: RaftState, message: PreVoteRequest): Reason | null {
  if (message.term <= raft.term) {
    return { code: 'term-not-newer', asked: message.term, term: raft.term };
  }
  return leaderRefusal(raft) ?? logRefusal(raft, message);
}

/** Why a vote is refused; null grants it. The request's term has been taken over before this. */
function voteRefusal(raft: RaftState, message: VoteRequest): Reason | null {
  if (message.term < raft.term) {
    return { code: 'term-old', asked: message.term, term: raft.term };
  }
  if (message.term > raft.term) return leaderRefusal(raft) ?? { code: 'term-not-taken' };
  if (raft.vote !== null && raft.vote !== message.from) {
    return { code: 'already-voted', vote: raft.vote };
  }
  if (raft.role.name === 'leader') return { code: 'leads' };
  return logRefusal(raft, message);
}

function leaderRefusal(raft: RaftState): Reason | null {
  if (!raft.leaderIsAlive) return null;
  return { code: 'leader-alive', leader: raft.leader, elapsed: raft.electionElapsed };
}

function logRefusal(raft: RaftState, message: PreVoteRequest | VoteRequest): Reason | null {
  if (!allowsCandidate(raft, message)) return { code: 'recovering' };
  if (raft.log.isUpToDate(message)) return null;
  const { lastIndex, lastTerm } = raft.log;
  return {
    code: 'log-behind',
    candidateIndex: message.lastIndex,
    candidateTerm: message.lastTerm,
    lastIndex,
    lastTerm,
  };
}

function otherVoters(raft: RaftState): MemberId[] {
  return raft.voters.filter((id) => id !== raft.id);
}

function traceVote(
  raft: RaftState,
  candidate: MemberId,
  preVote: boolean,
  refusal: Reason | null,
): void {
  const reason = refusal ?? { code: 'granted' };
  const granted = refusal === null;
  raft.trace({ type: 'vote', term: raft.term, preVote, candidate, granted, reason });
}
