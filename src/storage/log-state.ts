import type { HardState } from '../raft/entry.ts';
import { LogShape } from './log-shape.ts';
import type { Identity } from './storage.ts';
import type { SegmentHeader, SnapshotMark, WalRecord } from './wal-record.ts';

/**
 * What the lines of a log add up to, without the entries' text. The writer keeps one to check every
 * record before it is written; the reader builds one from what it finds. So a line that a reader
 * would refuse is never written.
 */
export class LogState {
  readonly shape: LogShape;
  #identity: Identity;
  #torn: boolean;
  #hard: HardState = { term: 0, vote: null };
  #snapshots: readonly SnapshotMark[] = [];

  constructor(header: SegmentHeader) {
    this.shape = new LogShape(header.firstIndex - 1, header.firstIndex === 1 ? 0 : null);
    this.#identity = identityOf(header);
    this.#torn = header.torn;
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** The last batch was lost at some start, and nobody has confirmed the log since. */
  get torn(): boolean {
    return this.#torn;
  }

  get hard(): HardState {
    return this.#hard;
  }

  /** The newest two snapshots that the log names, the older first. */
  get snapshots(): readonly SnapshotMark[] {
    return this.#snapshots;
  }

  /** Adds one record of a batch; why it contradicts what came before, or null. */
  apply(record: WalRecord): string | null {
    switch (record.kind) {
      case 'header':
        return this.#applyHeader(record.header);
      case 'entry': {
        const placement = this.shape.place(record.index, record.term);
        this.shape.accept(record.index, record.term, placement);
        return placement.type === 'refused' ? placement.why : null;
      }
      case 'state':
        return this.#applyState(record.state);
      case 'snapshot':
        return this.#applySnapshot(record.snapshot);
      case 'recovered':
        this.#torn = false;
        return null;
      case 'synced':
        return null;
    }
  }

  #applyHeader(header: SegmentHeader): string | null {
    const { clusterId, memberId } = this.#identity;
    if (header.clusterId !== clusterId || header.memberId !== memberId) {
      const found = `member ${header.memberId} of cluster ${header.clusterId}`;
      return `${found} follows member ${memberId} of cluster ${clusterId}`;
    }
    if (header.firstIndex !== this.shape.last + 1) {
      return `a segment from entry ${header.firstIndex} follows entry ${this.shape.last}`;
    }
    this.#identity = identityOf(header);
    this.#torn = header.torn;
    return null;
  }

  /** Terms only grow, and a vote is final (§5.2). */
  #applyState(state: HardState): string | null {
    const { term, vote } = this.#hard;
    if (state.term < term) return `term ${state.term} follows term ${term}`;
    if (state.term === term && vote !== null && state.vote !== vote) {
      return `vote ${state.vote} follows vote ${vote} in term ${term}`;
    }
    this.#hard = state;
    return null;
  }

  #applySnapshot(mark: SnapshotMark): string | null {
    const { index, term, hash } = mark;
    const known = this.#snapshots.find((snapshot) => snapshot.index === index);
    if (known !== undefined) {
      return known.hash === hash ? null : `two snapshots ${index} differ`;
    }
    if (mark.install) {
      this.shape.reset(index, term);
    } else if (index > this.shape.last) {
      return `snapshot ${index} of a log that ends at ${this.shape.last}`;
    } else if ((this.shape.termAt(index) ?? term) !== term) {
      return `snapshot ${index} of term ${term} contradicts its entry`;
    }
    this.shape.commit(index);
    this.#snapshots = [...this.#snapshots, mark].sort((a, b) => a.index - b.index).slice(-2);
    const [older] = this.#snapshots;
    if (this.#snapshots.length === 2 && older !== undefined) this.shape.forget(older.index);
    return null;
  }
}

function identityOf({ clusterId, memberId, node }: SegmentHeader): Identity {
  return { clusterId, memberId, node };
}
