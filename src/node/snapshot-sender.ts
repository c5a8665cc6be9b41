import type { MemberId } from '../lib/ids.ts';
import type { SnapshotOrder } from '../raft/ready.ts';
import type { SnapshotFile, Storage } from '../storage/storage.ts';
import type { Transport } from '../transport/transport.ts';
import type { Clock } from './clock.ts';

/** One piece of a snapshot file in a request. */
export const SNAPSHOT_CHUNK_BYTES = 2 ** 20;
/** Failures in a row after which a transfer is given up; the core orders another. */
const ATTEMPTS_MAX = 5;
const RETRY_AFTER_MS = 50;

export interface SnapshotSenderOptions {
  readonly storage: Storage;
  readonly transport: () => Transport;
  readonly clock: Clock;
  /** The transfer has ended; ok when the follower holds the snapshot. */
  readonly sent: (to: MemberId, ok: boolean) => void;
  readonly term: () => number;
}

/**
 * SENDS SNAPSHOTS to followers that need entries this leader has compacted away: piece by piece,
 * each answered before the next, going on where the follower says it lacks bytes.
 */
export class SnapshotSender {
  readonly #options: SnapshotSenderOptions;
  readonly #running = new Set<MemberId>();
  #closed = false;

  constructor(options: SnapshotSenderOptions) {
    this.#options = options;
  }

  /** Carries out an order; never throws. One transfer per follower at a time. */
  send(order: SnapshotOrder): void {
    if (this.#running.has(order.to)) return;
    this.#running.add(order.to);
    this.#transfer(order).then(
      (ok) => this.#ended(order.to, ok),
      () => this.#ended(order.to, false),
    );
  }

  close(): void {
    this.#closed = true;
  }

  #ended(to: MemberId, ok: boolean): void {
    this.#running.delete(to);
    if (!this.#closed) this.#options.sent(to, ok);
  }

  async #transfer(order: SnapshotOrder): Promise<boolean> {
    const snapshot = this.#options.storage.newestSnapshot();
    if (snapshot === null) return false;
    let offset = 0;
    let failures = 0;
    while (!this.#closed && this.#options.term() === order.term) {
      const answer = await this.#sendChunk(order, snapshot, offset).catch(() => null);
      if (answer === 'gone') return false;
      if (answer === null) {
        failures += 1;
        if (failures >= ATTEMPTS_MAX) return false;
        await this.#pause();
        continue;
      }
      if (answer.done) return true;
      if (answer.term > order.term || answer.nextOffset === offset) return false;
      failures = 0;
      offset = answer.nextOffset;
    }
    return false;
  }

  async #sendChunk(order: SnapshotOrder, snapshot: SnapshotFile, offset: number) {
    const { storage, transport } = this.#options;
    const bytes = await storage.readSnapshotChunk(snapshot.index, offset, SNAPSHOT_CHUNK_BYTES);
    if (bytes === null) return 'gone' as const;
    const { term, recovery } = order;
    return transport().sendSnapshotChunk(order.to, { term, recovery, snapshot, offset, bytes });
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.setTimer(RETRY_AFTER_MS, resolve);
    });
  }
}
