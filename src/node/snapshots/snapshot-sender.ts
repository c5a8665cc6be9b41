import type { MemberId } from '../../lib/ids.ts';
import type { SnapshotOrder } from '../../raft/ready.ts';
import type { SnapshotFile, Storage } from '../../storage/storage.ts';
import type { Transport } from '../../transport/transport.ts';
import type { Delays } from '../delays.ts';

/** Failures in a row after which a transfer is given up; the core orders another. */
const ATTEMPTS_MAX = 5;
const RESTARTS_MAX = 2;
const RETRY_AFTER_MS = 50;

export interface SnapshotSenderOptions {
  readonly storage: Storage;
  readonly transport: () => Transport;
  readonly delays: Delays;
  /** Of the file in one request. */
  readonly chunkBytes: number;
  /** The transfer has ended; ok when the follower holds the snapshot. */
  readonly sent: (to: MemberId, ok: boolean) => void;
  /** A follower got the whole file, more than once, and does not find it whole. */
  readonly disbelieved: (snapshot: SnapshotFile) => void;
  readonly term: () => number;
}

/**
 * SENDS SNAPSHOTS to followers that need entries this leader has compacted away: piece by piece,
 * each answered before the next, going on where the follower says it lacks bytes.
 */
export class SnapshotSender {
  readonly #options: SnapshotSenderOptions;
  readonly #running = new Map<MemberId, SnapshotOrder>();
  #closed = false;

  constructor(options: SnapshotSenderOptions) {
    this.#options = options;
  }

  /**
   * Carries out an order; never throws. The core orders anew when it knows nothing of the transfer
   * before, as in a new term: that one may wait long for an answer that never comes, and goes.
   */
  send(order: SnapshotOrder): void {
    this.#running.set(order.to, order);
    this.#transfer(order).then(
      (ok) => this.#ended(order, ok),
      () => this.#ended(order, false),
    );
  }

  close(): void {
    this.#closed = true;
  }

  #ended(order: SnapshotOrder, ok: boolean): void {
    if (!this.#isCurrent(order)) return;
    this.#running.delete(order.to);
    this.#options.sent(order.to, ok);
  }

  #isCurrent(order: SnapshotOrder): boolean {
    return !this.#closed && this.#running.get(order.to) === order;
  }

  async #transfer(order: SnapshotOrder): Promise<boolean> {
    const { storage, delays, term } = this.#options;
    const snapshot = storage.newestSnapshot();
    if (snapshot === null) return false;
    let offset = 0;
    let failures = 0;
    let restarts = 0;
    while (this.#isCurrent(order) && term() === order.term && failures < ATTEMPTS_MAX) {
      const answer = await this.#sendChunk(order, snapshot, offset).catch(() => null);
      if (answer === 'gone') return false;
      if (answer === null) {
        failures += 1;
        await delays.sleep(RETRY_AFTER_MS);
        continue;
      }
      if (answer.done) return true;
      if (answer.term > order.term) return false;
      failures = 0;
      // A follower that starts over was restarted; one that does so again finds the file wrong.
      if (answer.nextOffset <= offset) restarts += 1;
      if (restarts >= RESTARTS_MAX) {
        this.#options.disbelieved(snapshot);
        return false;
      }
      offset = answer.nextOffset;
    }
    return false;
  }

  async #sendChunk(order: SnapshotOrder, snapshot: SnapshotFile, offset: number) {
    const { storage, transport, chunkBytes } = this.#options;
    const bytes = await storage.readSnapshotChunk(snapshot.index, offset, chunkBytes);
    if (bytes === null) return 'gone' as const;
    const { term, recovery } = order;
    return transport().sendSnapshotChunk(order.to, { term, recovery, snapshot, offset, bytes });
  }
}
