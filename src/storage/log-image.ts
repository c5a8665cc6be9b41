import { LogState } from './log-state.ts';
import type { EntryRecord, SegmentHeader, WalRecord } from './wal-record.ts';

/** What a start reads from the log: its state, and the entries that a kept snapshot may need. */
export class LogImage {
  readonly log: LogState;
  /** From `log.shape.base + 1` to `log.shape.last`. */
  #entries: EntryRecord[] = [];

  constructor(header: SegmentHeader) {
    this.log = new LogState(header);
  }

  get entries(): readonly EntryRecord[] {
    return this.#entries;
  }

  /** Adds one record of a complete batch; why it contradicts what came before, or null. */
  apply(record: WalRecord): string | null {
    return record.kind === 'entry' ? this.#applyEntry(record) : this.#applyOther(record);
  }

  #applyEntry(entry: EntryRecord): string | null {
    const { shape } = this.log;
    const position = entry.index - shape.base - 1;
    const placement = shape.place(entry.index, entry.term);
    if (placement.type === 'held') {
      if (this.#entries[position]?.json === entry.json) return null;
      return `two entries ${entry.index} of term ${entry.term} differ`;
    }
    const why = this.log.apply(entry);
    if (why !== null) return why;
    if (placement.type === 'replaces') this.#entries.length = Math.max(0, position);
    this.#entries.push(entry);
    return null;
  }

  #applyOther(record: WalRecord): string | null {
    const { shape } = this.log;
    const { base } = shape;
    const why = this.log.apply(record);
    if (shape.last === shape.base) this.#entries = [];
    else if (shape.base > base) this.#entries = this.#entries.slice(shape.base - base);
    return why;
  }
}
