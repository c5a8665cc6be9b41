/**
 * LEASES: none ends by itself before its holder's own clock has counted the time to live, from when
 * the holder sent the request that was last confirmed; however wrong the clocks, within a tenth.
 */
import type { LeaseId } from '../../kv/command.ts';
import { check } from '../failure.ts';

interface Held {
  /** The holder's monotonic clock, ms. */
  readonly clock: () => number;
  /** The lease is the holder's until then, by that clock. */
  until: number;
  /** When it was ended for want of renewal, by that clock; null before. */
  endedAt: number | null;
}

export class LeaseEnds {
  readonly #held = new Map<LeaseId, Held>();

  /** A holder has asked for a lease, and goes by this clock. */
  asked(id: LeaseId, clock: () => number): void {
    this.#held.set(id, { clock, until: 0, endedAt: null });
  }

  /**
   * The holder was told, in whatever words, that the lease is its own for so many ms from when it
   * asked; the answer may come after the end.
   */
  confirmed(id: LeaseId, sentAt: number, ms: number): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    held.until = Math.max(held.until, sentAt + ms);
    this.#judge(id, held);
  }

  /** It was ended because its time was over. */
  ended(id: LeaseId): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    held.endedAt = held.clock();
    this.#judge(id, held);
  }

  #judge(id: LeaseId, { until, endedAt }: Held): void {
    check(endedAt === null || endedAt >= until, 'leases do not end early', () => {
      return `lease ${id} ended at ${endedAt} of its holder's clock, not after ${until}`;
    });
  }
}
