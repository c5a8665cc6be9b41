import type { MemberId } from '../lib/ids.ts';
import type { Prng } from '../lib/prng.ts';
import type { ConfigurationHistory } from './configuration-history.ts';
import type { Entry, HardState, LogIndex, Term } from './entry.ts';
import type { RaftLog } from './log.ts';
import type { Message } from './message.ts';
import { Outbox } from './outbox.ts';
import type { Recovery } from './recovery.ts';
import type { Role } from './role.ts';
import type { TraceEvent } from './trace.ts';

/** The numbers that tune one node. Times are in ticks. */
export interface RaftConfig {
  readonly id: MemberId;
  readonly heartbeatTicks: number;
  /** Election timeouts are drawn from this up to, not including, twice this (§5.2). */
  readonly electionTicks: number;
  /** JSON bytes of entries in one append message; one entry always fits. */
  readonly appendBytes: number;
  /** Unanswered appends per follower while replicating. */
  readonly window: number;
  /** How long a learner must keep up before it is promoted by itself. */
  readonly promoteTicks: number;
  /** How near, in entries, a learner's log must be to the leader's to be promoted. */
  readonly promoteLag: number;
}

/** What every message says of itself. */
type Envelope = Pick<Message, 'from' | 'to' | 'term' | 'seq'>;

/**
 * THE STATE every rule works on (Figure 2), and the outbox its effects leave by. Rules are
 * functions over it, one file each; raft.ts is the only way in from outside.
 */
export class RaftState {
  readonly id: MemberId;
  readonly config: RaftConfig;
  readonly prng: Prng;
  readonly log: RaftLog;
  readonly history: ConfigurationHistory;
  readonly out = new Outbox();

  /** Latest term seen. Changed only by transitions.ts. Invariant: never falls. */
  term: Term;
  /** Who got this node's vote in `term`. Invariant: changes only from null, or with the term. */
  vote: MemberId | null;
  /** Highest entry known to be committed. Invariant: never falls, never beyond the log. */
  commitIndex: LogIndex;
  /** Changed only by transitions.ts. */
  role: Role = { name: 'follower', leader: null };
  /** Set while this node may have lost entries it acknowledged: no vote, no campaign. */
  recovery: Recovery | null = null;

  /**
   * A member says that this node was removed, and no leader was heard since. Who is removed is told
   * nothing more, perhaps not even of the removal, and would ask for votes for ever.
   */
  isDisowned = false;

  /** Ticks since a leader was heard, a vote was given, or a campaign began. */
  electionElapsed = 0;
  /** The timeout drawn for this wait. */
  electionTimeout = 0;
  /** Ticks since the disk last finished while it had something to do. */
  persistElapsed = 0;
  /**
   * Whether the decisions of every write and read are recorded too (append, commit, read); off, one
   * costs an `if`. Rare ones (role, vote, conflict, configuration, …) always are.
   */
  tracing = false;
  #seq: number;

  constructor(
    config: RaftConfig,
    prng: Prng,
    hard: HardState,
    log: RaftLog,
    history: ConfigurationHistory,
  ) {
    this.id = config.id;
    this.config = config;
    this.prng = prng;
    this.term = hard.term;
    this.vote = hard.vote;
    this.log = log;
    this.history = history;
    this.commitIndex = log.baseIndex;
    // Far from any earlier life of this node, so that answers to that one answer nothing now.
    this.#seq = prng.uint32() * 2 ** 20;
    this.resetElectionTimer();
  }

  /** The voters of the newest configuration in the log, committed or not (thesis §4.1). */
  get voters(): readonly MemberId[] {
    return this.history.voters;
  }

  get isVoter(): boolean {
    return this.voters.includes(this.id);
  }

  /**
   * Whether this node may campaign: as a voter, or as one that stays until its removal is
   * committed, for it may hold what nobody else can be elected without (thesis §4.2.2). Its own
   * vote counts only where it is a voter. A member that says it was removed has seen that
   * committed.
   */
  get isElectable(): boolean {
    return !this.isDisowned && this.history.isVoterSince(this.commitIndex, this.id);
  }

  /**
   * Whether a member was removed for good, and is not listened to again (thesis §4.2.3). Not before
   * the removal is committed: one that is rolled back may be that of the next leader.
   */
  hasRemoved(id: MemberId): boolean {
    return this.history.at(this.commitIndex).removed.includes(id);
  }

  /** The leader of this term as far as this node knows. */
  get leader(): MemberId | null {
    if (this.role.name === 'leader') return this.id;
    return this.role.name === 'follower' ? this.role.leader : null;
  }

  /** Whether a leader was heard within the shortest election timeout (thesis §4.2.3). */
  get leaderIsAlive(): boolean {
    if (this.role.name === 'leader') return true;
    return this.leader !== null && this.electionElapsed < this.config.electionTicks;
  }

  resetElectionTimer(): void {
    const { electionTicks } = this.config;
    this.electionElapsed = 0;
    this.electionTimeout = this.prng.between(electionTicks, 2 * electionTicks);
  }

  nextSeq(): number {
    this.#seq += 1;
    return this.#seq;
  }

  /** The number the next request will get. */
  get upcomingSeq(): number {
    return this.#seq + 1;
  }

  /** The envelope of a new request. */
  envelope(to: MemberId): Envelope {
    return { from: this.id, to, term: this.term, seq: this.nextSeq() };
  }

  /** The envelope of the answer to a request. */
  answer(request: Message): Envelope {
    return { from: this.id, to: request.from, term: this.term, seq: request.seq };
  }

  /**
   * Sends a message as soon as everything it rests on is durable: this node's term and vote, and
   * its log up to `index`.
   */
  send(message: Message, index: LogIndex = 0): void {
    this.out.send(message, this.out.hardStateIsDurable && index <= this.log.durableIndex);
  }

  /** Notes that term or vote changed and must reach the disk. */
  hardStateChanged(): void {
    this.out.setHardState({ term: this.term, vote: this.vote });
  }

  /** Appends to the log in memory and hands the entries to the disk. */
  appendToLog(entries: readonly Entry[]): void {
    this.log.append(entries);
    for (const entry of entries) this.out.entries.push(entry);
  }

  trace(event: TraceEvent): void {
    this.out.trace.push(event);
  }
}
