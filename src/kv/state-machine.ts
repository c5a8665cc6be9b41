/**
 * THE STATE MACHINE
 *
 * The replicated state: the store and what is remembered of named requests. It changes by committed
 * commands alone, one for each index, in order, and the same commands give the same state and the
 * same results on every node (paper §2).
 */

import { assert } from '../lib/assert.ts';
import { applyCommand } from './apply.ts';
import type { AppliedResult, KvCommand, KvResult, LoggedCommand } from './command.ts';
import { decodeCommand } from './decode.ts';
import { digestOfCommand } from './digest.ts';
import type { KvListener } from './event.ts';
import { SESSION_LIMITS, type SessionLimits, Sessions } from './session.ts';
import { snapshotLines } from './snapshot.ts';
import { SnapshotReader } from './snapshot-reader.ts';
import { hashOfState } from './state-hash.ts';
import { FIRST_REVISION, Store } from './store.ts';

/** The applied state, to read: always the present, whatever snapshot is installed meanwhile. */
export interface StateView extends Pick<Store, 'revision' | 'get' | 'range' | 'count'> {
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
  #store = Store.at(FIRST_REVISION);
  #sessions: Sessions;
  #appliedIndex = 0;
  #listener: KvListener | null = null;

  /** `limits` must be the same on every node; only tests give others than the standard ones. */
  constructor(limits: SessionLimits = SESSION_LIMITS) {
    this.#limits = limits;
    this.#sessions = Sessions.at(0, limits);
    this.view = this.#createView();
  }

  /** The index of the last entry applied or skipped; 0 before the first. */
  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  /**
   * Applies the committed command at the next index. A malformed one of a known kind has no effect,
   * and a result that says so, on every node.
   *
   * @throws UnknownCommandError, before any change: this software is too old; the node must stop.
   */
  apply(command: LoggedCommand, index: number): KvResult {
    this.#assertNext(index);
    const decoded = decodeCommand(command);
    this.#appliedIndex = index;
    if (!decoded.ok) {
      return { type: 'invalid-command', revision: this.#store.revision, reason: decoded.reason };
    }
    this.#sessions.advance(decoded.command.at);
    return this.#applyOnce(decoded.command);
  }

  /** Passes an entry that is not for the state machine: a no-op or a configuration. */
  skip(index: number): void {
    this.#assertNext(index);
    this.#appliedIndex = index;
  }

  /** See `hashOfState`. It is cheap enough to compare nodes by it after every entry. */
  hash(): string {
    return hashOfState(this.#store, this.#sessions);
  }

  /** The state as it is at this call, in lines (snapshot.ts); to be read once, at leisure. */
  snapshot(): Iterable<string> {
    return snapshotLines({
      appliedIndex: this.#appliedIndex,
      store: this.#store.clone(),
      sessions: this.#sessions.state(),
      hash: this.hash(),
    });
  }

  /** Begins to take in a snapshot, which must not be older than the state when it ends. */
  restore(): SnapshotReceiver {
    const reader = new SnapshotReader(this.#limits);
    return {
      line: (text) => reader.line(text),
      finish: () => {
        const { appliedIndex, store, sessions } = reader.finish();
        assert(
          appliedIndex >= this.#appliedIndex,
          () => `snapshot of ${appliedIndex} is behind ${this.#appliedIndex}`,
        );
        this.#appliedIndex = appliedIndex;
        this.#store = store;
        this.#sessions = sessions;
      },
    };
  }

  /** Who hears of every change by a command (not by a snapshot) from now on; null for nobody. */
  listen(listener: KvListener | null): void {
    this.#listener = listener;
  }

  #applyOnce(command: KvCommand): KvResult {
    const carryOut = (): AppliedResult => applyCommand(this.#store, command, this.#listener);
    if (command.requestId === null) return carryOut();
    const digest = digestOfCommand(command);
    const outcome = this.#sessions.once(command.requestId, digest, carryOut);
    return typeof outcome === 'string'
      ? { type: outcome, revision: this.#store.revision }
      : outcome;
  }

  #assertNext(index: number): void {
    assert(index === this.#appliedIndex + 1, () => `applying ${index} after ${this.#appliedIndex}`);
  }

  #createView(): StateView {
    const store = (): Store => this.#store;
    return {
      get revision() {
        return store().revision;
      },
      get: (key) => this.#store.get(key),
      range: (start, end, limit, descending) => this.#store.range(start, end, limit, descending),
      count: (start, end) => this.#store.count(start, end),
      hash: () => this.hash(),
    };
  }
}
