import { assert } from '../../src/lib/assert.ts';
import type { Entry, HardState, LogIndex, Term } from '../../src/raft/entry.ts';
import type { RestoredRaft } from '../../src/raft/raft.ts';
import type { Ready, SnapshotMeta } from '../../src/raft/ready.ts';

interface Contents {
  readonly state: HardState;
  readonly snapshot: SnapshotMeta | null;
  readonly entries: readonly Entry[];
}

/** What one node would still know after a power cut. */
export class RaftDisk {
  #state: HardState = { term: 0, vote: null };
  #snapshot: SnapshotMeta | null = null;
  #entries: Entry[] = [];
  #beforeLastBatch: Contents | null = null;

  constructor(contents: Partial<Contents> = {}) {
    this.#state = contents.state ?? this.#state;
    this.#snapshot = contents.snapshot ?? null;
    this.#entries = [...(contents.entries ?? [])];
  }

  get state(): HardState {
    return this.#state;
  }

  get snapshot(): SnapshotMeta | null {
    return this.#snapshot;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  get baseIndex(): LogIndex {
    return this.#snapshot?.index ?? 0;
  }

  get lastIndex(): LogIndex {
    return this.baseIndex + this.#entries.length;
  }

  /** The term of the entry at `index`, or null when it is not there by itself. */
  term(index: LogIndex): Term | null {
    if (index === this.baseIndex) return this.#snapshot?.term ?? 0;
    return this.#entries[index - this.baseIndex - 1]?.term ?? null;
  }

  /** Whether the entry is here, by itself or within the snapshot. */
  holds(index: LogIndex, term: Term): boolean {
    return index < this.baseIndex || this.term(index) === term;
  }

  /** Writes one batch: in the order that ready.ts asks for. */
  write(ready: Pick<Ready, 'snapshot' | 'state' | 'entries'>): void {
    const { snapshot, state, entries } = ready;
    this.#beforeLastBatch = this.#contents();
    if (snapshot !== null) {
      this.#snapshot = snapshot;
      this.#entries = [];
    }
    if (state !== null) this.#state = state;
    for (const entry of entries) this.#place(entry);
  }

  /** A snapshot of this node's own: the entries it covers go. */
  compact(snapshot: SnapshotMeta): void {
    this.#entries.splice(0, snapshot.index - this.baseIndex);
    this.#snapshot = snapshot;
    this.#beforeLastBatch = null;
  }

  /** Loses the newest batch, if there is one that can be lost. Returns whether it was. */
  tear(): boolean {
    const before = this.#beforeLastBatch;
    if (before === null) return false;
    this.#state = before.state;
    this.#snapshot = before.snapshot;
    this.#entries = [...before.entries];
    this.#beforeLastBatch = null;
    return true;
  }

  /** What a start finds. */
  restore(recovering: boolean): RestoredRaft {
    return { ...this.#contents(), recovering };
  }

  #contents(): Contents {
    return { state: this.#state, snapshot: this.#snapshot, entries: [...this.#entries] };
  }

  #place(entry: Entry): void {
    const position = entry.index - this.baseIndex - 1;
    // A snapshot of the node's own may have overtaken entries that were on their way to the disk.
    if (position < 0) return;
    const length = this.#entries.length;
    assert(position <= length, () => `entry ${entry.index} leaves a gap after ${this.lastIndex}`);
    if (this.#entries[position]?.term === entry.term) return;
    this.#entries.length = position;
    this.#entries.push(entry);
  }
}
