/**
 * COMPACTION BY ITSELF: which revision the leader should propose to compact at, if any. It keeps
 * at least the newest revisions and those of the last minutes, but never more history than fits
 * into a number of bytes: that bound comes first. Pure: `now` is a monotonic clock's, in ms.
 */

export interface CompactionLimits {
  /** So many of the newest revisions are kept. */
  readonly keepRevisions: number;
  /** What was the newest revision within so many ms is kept. */
  readonly keepMs: number;
  /** Of history that is kept, roughly. */
  readonly bytes: number;
  /** For less than so many revisions a compaction is not worth its entry. */
  readonly step: number;
}

export const COMPACTION_LIMITS: CompactionLimits = {
  keepRevisions: 10_000,
  keepMs: 5 * 60_000,
  bytes: 256 * 2 ** 20,
  step: 1000,
};

/** Compacting for room makes some, so that the next write does not ask for the next compaction. */
export const ROOM = 7 / 8;

/** What the policy has to know of the store. */
export interface CompactionSubject {
  readonly revision: number;
  readonly compactRevision: number;
  readonly historyBytes: number;
  revisionLeaving(bytes: number): number;
}

interface Sample {
  readonly at: number;
  readonly revision: number;
}

export class AutoCompaction {
  readonly #limits: CompactionLimits;
  /** Ascending; the first is the newest that is old enough, if one is. */
  #samples: Sample[] = [];

  constructor(limits: CompactionLimits = COMPACTION_LIMITS) {
    this.#limits = limits;
  }

  /** Forgets what it knows of time: this node has begun to lead, or ceased to. */
  reset(): void {
    this.#samples = [];
  }

  /**
   * The revision to compact at, or null when there is no need. To be asked every few seconds, of
   * the leader alone.
   */
  propose(now: number, store: CompactionSubject): number | null {
    const { keepRevisions, bytes, step } = this.#limits;
    const old = this.#revisionBefore(now, store.revision);
    const dispensable = Math.min(old, store.revision - keepRevisions);
    if (store.historyBytes > bytes) {
      const revision = Math.max(dispensable, store.revisionLeaving(bytes * ROOM));
      return revision > store.compactRevision ? revision : null;
    }
    return dispensable - store.compactRevision >= step ? dispensable : null;
  }

  /** The newest revision that was there long enough ago; 0 when that is not known. */
  #revisionBefore(now: number, revision: number): number {
    this.#samples.push({ at: now, revision });
    const oldest = this.#samples.findLastIndex(({ at }) => at <= now - this.#limits.keepMs);
    if (oldest > 0) this.#samples = this.#samples.slice(oldest);
    return oldest < 0 ? 0 : (this.#samples[0]?.revision ?? 0);
  }
}
