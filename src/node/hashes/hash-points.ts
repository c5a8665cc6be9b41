import type { StateView } from '../../kv/state-machine.ts';
import type { LogIndex } from '../../raft/entry.ts';

/** Every node takes the hash of its state at the multiples of this; it must be the same on all. */
const STRIDE = 128;
/** So many hashes are remembered; with the stride, those of the last 32,768 entries. */
const KEPT = 256;
/** So many indexes may be asked for that have not been reached. */
const WANTED_MAX = 8;

/**
 * HASH POINTS: what the state of this node hashed to at certain applied indexes. Nodes apply at
 * their own pace, so two of them can only be compared where both took the hash: at the multiples of
 * a number, which serve a busy cluster, and at indexes that a leader asked for beforehand, which
 * serve a quiet one. They say what this state went through: one that takes its place has none.
 */
export class HashPoints {
  readonly #view: Pick<StateView, 'hash'>;
  readonly #appliedIndex: () => LogIndex;
  readonly #points = new Map<LogIndex, string>();
  readonly #wanted = new Set<LogIndex>();

  constructor(view: Pick<StateView, 'hash'>, appliedIndex: () => LogIndex) {
    this.#view = view;
    this.#appliedIndex = appliedIndex;
  }

  /** The entry at an index was the last to be applied. */
  applied(index: LogIndex): void {
    const isWanted = this.#wanted.size > 0 && this.#wanted.delete(index);
    if (isWanted || index % STRIDE === 0) this.#take(index);
  }

  /** A snapshot took the state's place. */
  restored(): void {
    this.#points.clear();
    this.#wanted.clear();
  }

  /** Takes the hash of the present; the index it is of. */
  takeNow(): LogIndex {
    const index = this.#appliedIndex();
    this.#take(index);
    return index;
  }

  /** The hash is to be taken at this index: now, or when it is reached. */
  want(index: LogIndex): void {
    const reached = this.#appliedIndex();
    if (index <= reached) {
      if (index === reached) this.#take(index);
      return;
    }
    this.#wanted.add(index);
    if (this.#wanted.size <= WANTED_MAX) return;
    for (const oldest of this.#wanted) {
      this.#wanted.delete(oldest);
      break;
    }
  }

  /** The hash at an index, if it is remembered. */
  at(index: LogIndex): string | undefined {
    return this.#points.get(index);
  }

  /** All that is remembered, oldest first. */
  list(): readonly (readonly [LogIndex, string])[] {
    return [...this.#points];
  }

  #take(index: LogIndex): void {
    this.#points.set(index, this.#view.hash());
    if (this.#points.size <= KEPT) return;
    for (const oldest of this.#points.keys()) {
      this.#points.delete(oldest);
      break;
    }
  }
}
