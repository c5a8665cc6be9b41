import type { Entry, HardState, LogIndex } from './entry.ts';
import type { Message } from './message.ts';
import type { PersistMark, Ready, ReadState, SnapshotMeta, SnapshotOrder } from './ready.ts';
import type { RaftLog } from './log.ts';
import type { TraceEvent } from './trace.ts';

/**
 * OUTBOX: the effects that gather between two calls of `ready()`. The two message lists make
 * "persist before answering" a matter of structure: a message that rests on something that is not
 * on disk yet can only be in the second.
 */
export class Outbox {
  readonly entries: Entry[] = [];
  readonly readStates: ReadState[] = [];
  readonly snapshotOrders: SnapshotOrder[] = [];
  readonly trace: TraceEvent[] = [];
  snapshot: SnapshotMeta | null = null;
  recovered = false;
  #messages: Message[] = [];
  #messagesAfterPersist: Message[] = [];
  #state: HardState | null = null;
  /** The Ready that is being gathered, and the newest that the disk has finished. */
  #sequence = 1;
  #persisted = 0;
  /** The Ready that carries the newest hard state, and whether anything at all waits. */
  #stateSequence = 0;
  #handedSequence = 0;
  /** The Ready that carries the newest truncation or replacement of the log. */
  #rewriteSequence = 0;

  /** Whether term and vote as they are now would survive a crash. */
  get hardStateIsDurable(): boolean {
    return this.#stateSequence <= this.#persisted;
  }

  /** Whether the disk has been given something it has not finished. */
  get diskIsBusy(): boolean {
    return this.#handedSequence > this.#persisted;
  }

  setHardState(state: HardState): void {
    this.#state = state;
    this.#stateSequence = this.#sequence;
  }

  /** Entries from `index` on were truncated: those not yet handed to the disk never need be. */
  truncatedFrom(index: LogIndex): void {
    while ((this.entries.at(-1)?.index ?? 0) >= index) this.entries.pop();
    this.#rewriteSequence = this.#sequence;
  }

  /** A snapshot replaces the log: what was to be written before it is void. */
  replaceLog(snapshot: SnapshotMeta): void {
    this.entries.length = 0;
    this.snapshot = snapshot;
    this.#rewriteSequence = this.#sequence;
  }

  /**
   * Whether a mark says how far the log as it is now is durable. One from before the log was
   * rewritten does not, even if it names an entry that has come back since: what the disk holds
   * there goes with the rewriting that is on its way.
   */
  speaksOfLog(mark: PersistMark): boolean {
    return mark.sequence >= this.#rewriteSequence;
  }

  send(message: Message, now: boolean): void {
    (now ? this.#messages : this.#messagesAfterPersist).push(message);
  }

  /** Whether `take` would carry anything but committed entries. */
  get isEmpty(): boolean {
    return (
      !this.#needsDisk &&
      this.#messages.length === 0 &&
      this.readStates.length === 0 &&
      this.snapshotOrders.length === 0 &&
      this.trace.length === 0
    );
  }

  get #needsDisk(): boolean {
    return (
      this.#state !== null ||
      this.snapshot !== null ||
      this.recovered ||
      this.entries.length > 0 ||
      this.#messagesAfterPersist.length > 0
    );
  }

  /** Empties the outbox into a Ready. */
  take(log: RaftLog, committed: readonly Entry[]): Ready {
    const mark = this.#needsDisk ? this.#mark(log) : null;
    const ready: Ready = {
      snapshot: this.snapshot,
      state: this.#state,
      recovered: this.recovered,
      entries: this.entries.splice(0),
      messages: this.#messages,
      messagesAfterPersist: this.#messagesAfterPersist,
      committed,
      snapshotOrders: this.snapshotOrders.splice(0),
      readStates: this.readStates.splice(0),
      trace: this.trace.splice(0),
      mark,
    };
    this.snapshot = null;
    this.recovered = false;
    this.#state = null;
    this.#messages = [];
    this.#messagesAfterPersist = [];
    return ready;
  }

  persisted(mark: PersistMark): void {
    this.#persisted = Math.max(this.#persisted, mark.sequence);
  }

  #mark(log: RaftLog): PersistMark {
    const mark = { sequence: this.#sequence, lastIndex: log.lastIndex, lastTerm: log.lastTerm };
    this.#handedSequence = this.#sequence;
    this.#sequence += 1;
    return mark;
  }
}
