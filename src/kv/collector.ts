import { must } from '../lib/assert.ts';
import { isTombstone, recordList, type Versions } from './versions.ts';

/**
 * Takes what compactions have forgotten out of the trees, in slices as small as one likes. It goes
 * through the log up to the compact revision: what a revision superseded goes, then the tombstones
 * of the revision before, then the record of that one. So a version never outlives the tombstone
 * that hides it, and reads need not know how far this has come.
 */
export class Collector {
  /** What falls to a compaction at this revision or before is out, and the log before it. */
  #revision: number;
  /** How much of the next revision's share has been done. */
  #done = 0;

  constructor(revision: number) {
    this.#revision = revision;
  }

  /** Looks at up to `budget` changes; whether something is left. */
  collect(versions: Versions, budget: number): boolean {
    let left = budget;
    while (this.#revision < versions.compactRevision) {
      if (left <= 0) return true;
      left -= this.#step(versions, left);
    }
    return false;
  }

  /** Does at most `budget` of the next revision's share; answers how much it was. */
  #step(versions: Versions, budget: number): number {
    const { past, log } = versions;
    const before = this.#revision;
    const superseding = recordList(must(log.get(before + 1), `revision ${before + 1}`));
    const fallen = recordList(log.get(before) ?? []);
    const total = superseding.length + fallen.length;
    const end = Math.min(total, this.#done + budget);
    for (let i = this.#done; i < end; i += 1) {
      if (i < superseding.length) {
        const { key } = must(superseding[i], 'a change');
        const prev = past.floor({ key, modRevision: before });
        if (prev?.key === key) past.delete(prev);
      } else {
        const version = must(fallen[i - superseding.length], 'a change');
        if (isTombstone(version)) past.delete(version);
      }
    }
    const steps = end - this.#done;
    this.#done = end;
    if (end === total) {
      log.delete(before);
      this.#revision += 1;
      this.#done = 0;
    }
    return steps;
  }
}
