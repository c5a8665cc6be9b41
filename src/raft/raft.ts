import { assert } from '../lib/assert.ts';
import type { MemberId } from '../lib/ids.ts';
import type { Prng } from '../lib/prng.ts';
import { maybeCommit } from './commitment.ts';
import {
  type Configuration,
  type ConfigurationChange,
  EMPTY_CONFIGURATION,
} from './configuration.ts';
import { ConfigurationHistory } from './configuration-history.ts';
import {
  campaignForReal,
  countOwnVote,
  onPreVoteRequest,
  onPreVoteResponse,
  onVoteRequest,
  onVoteResponse,
} from './election.ts';
import type { Command, Entry, HardState, LogIndex } from './entry.ts';
import { onAppendRequest, onSnapshotArrived, onTimeoutNow, tickFollower } from './follower.ts';
import { tickLeader } from './leader.ts';
import { RaftLog } from './log.ts';
import { type ChangeResult, leaveIfRemoved, proposeChange } from './membership.ts';
import type { Message } from './message.ts';
import { onReadIndexRequest, onReadIndexResponse, readIndex } from './read-index.ts';
import type { PersistMark, Ready, SnapshotMeta } from './ready.ts';
import { Recovery, settleByOperator } from './recovery.ts';
import {
  appendOwn,
  onAppendResponse,
  onSnapshotSent,
  onUnreachable,
  replicate,
} from './replication.ts';
import { type RaftConfig, RaftState } from './state.ts';
import { beginTransfer } from './transfer.ts';
import { becomeFollower } from './transitions.ts';

/** What a node remembers when it starts. */
export interface RestoredRaft {
  readonly state: HardState;
  readonly snapshot: SnapshotMeta | null;
  readonly entries: readonly Entry[];
  /** The log may lack entries that this node acknowledged. */
  readonly recovering: boolean;
}

export type ProposeResult =
  | { readonly ok: true; readonly entry: Entry }
  | { readonly ok: false; readonly code: 'not-leader' | 'transfer-pending' };

export type TransferResult = ReturnType<typeof beginTransfer> | NotLeader;
interface NotLeader {
  readonly ok: false;
  readonly code: 'not-leader';
}

/**
 * THE CONSENSUS CORE: Raft as a pure state machine (Ongaro and Ousterhout, "In Search of an
 * Understandable Consensus Algorithm", and Ongaro's thesis).
 *
 * Input: `tick`, `step`, `propose` and their like change the core alone. Output: one value,
 * `ready()`, whose comment (ready.ts) lists what the driver owes. No I/O, no clock, no randomness
 * but the injected generator: the same calls give the same Readys, byte for byte.
 */
export class Raft {
  readonly state: RaftState;
  /** Committed entries up to here have been handed out for applying. */
  #handedOut: LogIndex;

  constructor(config: RaftConfig, prng: Prng, restored: RestoredRaft) {
    const base = restored.snapshot ?? { index: 0, term: 0, configuration: EMPTY_CONFIGURATION };
    const log = new RaftLog(base.index, base.term, restored.entries);
    const history = new ConfigurationHistory(base.configuration, base.index, restored.entries);
    this.state = new RaftState(config, prng, restored.state, log, history);
    this.#handedOut = base.index;
    if (restored.recovering) {
      // Named by chance, so that answers from before the restart are not taken for later ones.
      this.state.recovery = new Recovery(1 + prng.uint32());
    }
    assert(log.lastTerm <= restored.state.term, () => {
      return `log of term ${log.lastTerm} beyond hard state of term ${restored.state.term}`;
    });
  }

  /** One unit of time has passed. */
  tick(): void {
    const raft = this.state;
    raft.persistElapsed = raft.out.diskIsBusy ? raft.persistElapsed + 1 : 0;
    if (raft.role.name === 'leader') tickLeader(raft, raft.role);
    else tickFollower(raft);
  }

  /** A message arrived. Whatever it is, the core stays sound; it answers every request once. */
  step(message: Message): void {
    const raft = this.state;
    assert(message.to === raft.id, () => `message for ${message.to} at ${raft.id}`);
    if (raft.hasRemoved(message.from)) return;
    takeOverTerm(raft, message);
    dispatch(raft, message);
    leaveIfRemoved(raft);
  }

  /** Appends a command if this node leads. Committed only when it comes out of a Ready. */
  propose(command: Command): ProposeResult {
    const { role } = this.state;
    if (role.name !== 'leader') return { ok: false, code: 'not-leader' };
    if (role.transfer !== null) return { ok: false, code: 'transfer-pending' };
    return { ok: true, entry: appendOwn(this.state, command) };
  }

  /** Proposes a membership change if this node leads and the guards allow it. */
  proposeChange(change: ConfigurationChange, requestId: string | null, at: number): ChangeResult {
    return proposeChange(this.state, change, requestId, at);
  }

  /** Asks for an index that is safe to read at; the answer is a ReadState with this context. */
  readIndex(context: number): void {
    readIndex(this.state, context);
  }

  transferLeadership(to: MemberId | null): TransferResult {
    const { role } = this.state;
    if (role.name !== 'leader') return { ok: false, code: 'not-leader' };
    return beginTransfer(this.state, role, to);
  }

  /** Campaigns now, if this node may, even while a leader is alive. */
  campaign(): boolean {
    const raft = this.state;
    const may = raft.role.name !== 'leader' && raft.isElectable && raft.recovery === null;
    if (may) campaignForReal(raft, true, { code: 'asked-by-operator' });
    return may;
  }

  /** Gives up leadership or candidacy; the next election is open. */
  stepDown(): boolean {
    const raft = this.state;
    if (raft.role.name === 'follower') return false;
    becomeFollower(raft, raft.term, null, { code: 'asked-by-operator' });
    return true;
  }

  /** An operator vouches for a log that may have lost its tail. */
  forceRecovered(): void {
    settleByOperator(this.state);
  }

  /** Whether `ready()` would carry anything. */
  hasReady(): boolean {
    replicate(this.state);
    return !this.state.out.isEmpty || this.#handedOut < this.state.commitIndex;
  }

  /** Everything the core wants of the world since the last call. */
  ready(): Ready {
    const raft = this.state;
    replicate(raft);
    const snapshot = raft.out.snapshot;
    if (snapshot !== null) this.#handedOut = Math.max(this.#handedOut, snapshot.index);
    const { commitIndex } = raft;
    const committed =
      this.#handedOut < commitIndex ? raft.log.slice(this.#handedOut + 1, commitIndex) : [];
    this.#handedOut = commitIndex;
    return raft.out.take(raft.log, committed);
  }

  /** The Ready with this mark, and all before it, are durable. */
  persisted(mark: PersistMark): void {
    const raft = this.state;
    raft.out.persisted(mark);
    if (raft.out.speaksOfLog(mark)) raft.log.markDurable(mark.lastIndex, mark.lastTerm);
    raft.persistElapsed = 0;
    countOwnVote(raft);
    maybeCommit(raft);
    leaveIfRemoved(raft);
  }

  /** The disk finished something else than a Ready: it is slow perhaps, but not stuck. */
  diskProgressed(): void {
    this.state.persistElapsed = 0;
  }

  /** A request could not be delivered. */
  unreachable(message: Message): void {
    onUnreachable(this.state, message.to, message.seq);
  }

  /** A member refuses this node as one that was removed. Believed until a leader is heard. */
  disowned(by: MemberId): void {
    const raft = this.state;
    raft.isDisowned = true;
    const { name } = raft.role;
    if (name !== 'pre-candidate' && name !== 'candidate') return;
    becomeFollower(raft, raft.term, null, { code: 'removed', by });
  }

  /** The snapshot ordered for this member was sent, or could not be. */
  snapshotSent(to: MemberId, ok: boolean): void {
    onSnapshotSent(this.state, to, ok);
  }

  /** A snapshot covers everything up to `index`: forget the entries up to there. */
  compact(index: LogIndex): void {
    const { log, history } = this.state;
    assert(index <= this.#handedOut, () => `compact ${index} beyond applied ${this.#handedOut}`);
    log.compact(index);
    history.compacted(index);
  }

  /** The membership as of an applied index, for the snapshot there. */
  configurationAt(index: LogIndex): Configuration {
    return this.state.history.at(index);
  }
}

/** Terms act as a clock: the newer one wins (§5.1), with the exceptions that pre-vote needs. */
function takeOverTerm(raft: RaftState, message: Message): void {
  if (message.term <= raft.term) return;
  // A pre-vote request is a question about a term that nobody has entered.
  if (message.type === 'pre-vote') return;
  // While a leader is alive a candidate is not listened to, or a node that comes back from a
  // partition would depose it (thesis §4.2.3).
  if (message.type === 'vote' && raft.leaderIsAlive && !message.transfer) return;
  const fromLeader = message.type === 'append' || message.type === 'snapshot';
  const leader = fromLeader ? message.from : null;
  becomeFollower(raft, message.term, leader, { code: 'newer-term', from: message.from });
}

function dispatch(raft: RaftState, message: Message): void {
  switch (message.type) {
    case 'pre-vote':
      return onPreVoteRequest(raft, message);
    case 'pre-vote-response':
      return onPreVoteResponse(raft, message);
    case 'vote':
      return onVoteRequest(raft, message);
    case 'vote-response':
      return onVoteResponse(raft, message);
    case 'append':
      return onAppendRequest(raft, message);
    case 'append-response':
      return onAppendResponse(raft, message);
    case 'snapshot':
      return onSnapshotArrived(raft, message);
    case 'timeout-now':
      return onTimeoutNow(raft, message);
    case 'timeout-now-response':
      return;
    case 'read-index':
      return onReadIndexRequest(raft, message);
    case 'read-index-response':
      return onReadIndexResponse(raft, message);
  }
}
