/**
 * THE STATE MACHINE
 *
 * The replicated state: the store with its history, the leases, and what is remembered of named
 * requests. It changes by committed commands alone, one for each index, in order, and the same
 * commands give the same state and the same results on every node (paper §2).
 */

import { assert } from '../lib/assert.ts';
import type { ByteString } from '../lib/bytes.ts';
import { applyCommand } from './apply.ts';
import { readTxn } from './apply-txn.ts';
import type {
  AppliedResult,
  FailedResult,
  KvCommand,
  KvResult,
  LeaseId,
  LoggedCommand,
  TxnFields,
  TxnResult,
} from './command.ts';
import { decodeCommand } from './decode.ts';
import { digestOfCommand, digestOfRemembered } from './digest.ts';
import type { KvListener } from './event.ts';
import { type Lease, Leases } from './leases.ts';
import { hashOfState, type ReplicatedState, sizeOfState } from './replicated-state.ts';
import { SESSION_LIMITS, type SessionLimits, Sessions } from './session.ts';
import { snapshotLines } from './snapshot.ts';
import { SnapshotReader } from './snapshot-reader.ts';
import { Store } from './store.ts';
import type { StoreReader } from './store-reader.ts';

/** The applied state, to read: always the present, whatever snapshot is installed meanwhile. */
export interface StateView
  extends Pick<
    StoreReader,
    | 'revision'
    | 'compactRevision'
    | 'retained'
    | 'get'
    | 'getAt'
    | 'faultOf'
    | 'range'
    | 'rangeAt'
    | 'count'
    | 'countPast'
    | 'query'
    | 'history'
    | 'replay'
  > {
  /** Bytes of memory of what users put there, history included, roughly: what a quota is about. */
  readonly sizeBytes: number;
  /** Bytes of it that are history. */
  readonly historyBytes: number;
  readonly leaseCount: number;
  /** The newest time of any command, ms; 0 before the first. */
  readonly clock: number;
  /** As `Store.revisionLeaving`. */
  revisionLeaving(bytes: number): number;
  lease(id: LeaseId): Lease | undefined;
  /** At most `limit` leases after an id ('' for the first), in the order of their ids as texts. */
  leases(after: LeaseId | '', limit: number): Lease[];
  /** All leases as they are now, for as long as the iteration lasts. */
  allLeases(): IterableIterator<Lease>;
  /** The keys attached to a lease, in byte order: at most `limit`, from the key `from` on. */
  keysOf(lease: LeaseId, from?: ByteString, limit?: number): ByteString[];
  /**
   * What a request of this name that asks for this (see `RememberCommand`) is answered without
   * being carried out: its first answer, or why it is refused. Null when it is new.
   */
  remembered(requestId: string, content: string): KvResult | null;
  /** What the request of this name gave when it was carried out; null when that is unknown. */
  answerTo(requestId: string): AppliedResult | null;
  /** What a transaction that only reads (`isReadOnly`) gives now, as it would through the log. */
  readTxn(txn: TxnFields): TxnResult | FailedResult;
  /** The store as it is now, which stays so, whatever is written, compacted, or restored. */
  pin(): StoreReader;
  /** As `StateMachine.hash`. */
  hash(): string;
}

/** Takes a snapshot in. The state machine stays as it was until `finish`. */
export interface SnapshotReceiver {
  /** Takes the next line. @throws SnapshotError */
  line(text: string): void;
  /** Replaces the whole state, after the last line. @throws SnapshotError */
  finish(): void;
}

export class StateMachine {
  readonly view: StateView;
  readonly #limits: SessionLimits;
  #state: ReplicatedState;
  #appliedIndex = 0;
  #listener: KvListener | null = null;

  /** `limits` must be the same on every node; only tests give others than the standard ones. */
  constructor(limits: SessionLimits = SESSION_LIMITS) {
    this.#limits = limits;
    const sessions = Sessions.at(0, limits);
    this.#state = { store: Store.empty(), leases: new Leases(), sessions, term: 0 };
    this.view = createView(() => this.#state);
  }

  /** The index of the last entry applied or skipped; 0 before the first. */
  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  /**
   * Applies the committed command at the next index, of an entry of a term. A malformed one of a
   * known kind has no effect, and a result that says so, on every node.
   *
   * @throws UnknownCommandError, before any change: this software is too old; the node must stop.
   */
  apply(command: LoggedCommand, index: number, term: number = this.#state.term): KvResult {
    this.#assertNext(index, term);
    const decoded = decodeCommand(command);
    this.#advance(index, term);
    if (!decoded.ok) {
      const { revision } = this.#state.store;
      return { type: 'invalid-command', revision, reason: decoded.reason };
    }
    this.#state.sessions.advance(decoded.command.at);
    return this.#applyOnce(decoded.command);
  }

  /** Passes an entry that is not for the state machine: a no-op or a configuration. */
  skip(index: number, term: number = this.#state.term): void {
    this.#assertNext(index, term);
    this.#advance(index, term);
  }

  /** See `hashOfState`. It is cheap enough to compare nodes by it after every entry. */
  hash(): string {
    return hashOfState(this.#state);
  }

  /**
   * Takes what compactions have forgotten out of memory, looking at up to `budget` changes; whether
   * something is left to do. It changes nothing that can be observed, so nodes need not agree on
   * when they do it: call it when there is nothing better to do, until it answers false.
   */
  collect(budget: number): boolean {
    return this.#state.store.collect(budget);
  }

  /** The state as it is at this call, in lines (snapshot.ts); to be read once, at leisure. */
  snapshot(): Iterable<string> {
    const { store, leases, sessions, term } = this.#state;
    return snapshotLines({
      appliedIndex: this.#appliedIndex,
      term,
      store: store.clone(),
      leases: leases.all(),
      sessions: sessions.state(),
      hash: this.hash(),
    });
  }

  /** Begins to take in a snapshot, which must not be older than the state when it ends. */
  restore(): SnapshotReceiver {
    const reader = new SnapshotReader(this.#limits);
    return {
      line: (text) => reader.line(text),
      finish: () => {
        const { appliedIndex, ...state } = reader.finish();
        assert(
          appliedIndex >= this.#appliedIndex,
          () => `snapshot of ${appliedIndex} is behind ${this.#appliedIndex}`,
        );
        this.#appliedIndex = appliedIndex;
        this.#state = state;
      },
    };
  }

  /** Who hears of every change by a command (not by a snapshot) from now on; null for nobody. */
  listen(listener: KvListener | null): void {
    this.#listener = listener;
  }

  #applyOnce(command: KvCommand): KvResult {
    const { store, sessions, term } = this.#state;
    const place = { index: this.#appliedIndex, term };
    const carryOut = (): AppliedResult => {
      return applyCommand(this.#state, command, place, this.#listener);
    };
    if (command.requestId === null) return carryOut();
    const digest = digestOfCommand(command);
    const outcome = sessions.once(command.requestId, digest, carryOut);
    return typeof outcome === 'string' ? { type: outcome, revision: store.revision } : outcome;
  }

  #assertNext(index: number, term: number): void {
    assert(index === this.#appliedIndex + 1, () => `applying ${index} after ${this.#appliedIndex}`);
    assert(term >= this.#state.term, () => `an entry of term ${term} after ${this.#state.term}`);
  }

  #advance(index: number, term: number): void {
    this.#appliedIndex = index;
    if (term !== this.#state.term) this.#state = { ...this.#state, term };
  }
}

function createView(state: () => ReplicatedState): StateView {
  const store = (): Store => state().store;
  return {
    get revision() {
      return store().revision;
    },
    get compactRevision() {
      return store().compactRevision;
    },
    get retained() {
      return store().retained;
    },
    get sizeBytes() {
      return sizeOfState(state());
    },
    get historyBytes() {
      return store().historyBytes;
    },
    get leaseCount() {
      return state().leases.size;
    },
    get clock() {
      return state().sessions.clock;
    },
    get: (key) => store().get(key),
    getAt: (key, revision) => store().getAt(key, revision),
    faultOf: (revision) => store().faultOf(revision),
    range: (start, end, limit, descending) => store().range(start, end, limit, descending),
    rangeAt: (start, end, revision, limit, descending) =>
      store().rangeAt(start, end, revision, limit, descending),
    count: (start, end) => store().count(start, end),
    countPast: (start, end, limit) => store().countPast(start, end, limit),
    query: (range, options) => store().query(range, options),
    history: (key, limit, upTo) => store().history(key, limit, upTo),
    replay: (start, end, from, budget) => store().replay(start, end, from, budget),
    revisionLeaving: (bytes) => store().revisionLeaving(bytes),
    lease: (id) => state().leases.get(id),
    leases: (after, limit) => state().leases.list(after, limit),
    allLeases: () => state().leases.all().values(),
    keysOf: (lease, from, limit) => store().keysOf(lease, from, limit),
    readTxn: (txn) => readTxn(state(), txn),
    answerTo: (requestId) => state().sessions.answerTo(requestId),
    remembered: (requestId, content) => recall(state(), requestId, content),
    pin: () => store().clone(),
    hash: () => hashOfState(state()),
  };
}

function recall(
  { sessions, store }: ReplicatedState,
  requestId: string,
  content: string,
): KvResult | null {
  const found = sessions.recall(requestId, digestOfRemembered(content));
  return typeof found === 'string' ? { type: found, revision: store.revision } : found;
}
