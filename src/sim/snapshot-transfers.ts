/** WHAT BECOMES OF SNAPSHOTS on their way, as one node sees it: for the coverage. */
import type { MemberId } from '../lib/ids.ts';
import type { LogIndex } from '../raft/entry.ts';
import type { SnapshotChunk, SnapshotChunkAnswer } from '../transport/transport.ts';
import type { Coverage } from './coverage.ts';

interface UnderWay {
  readonly index: LogIndex;
  /** The receiver wanted this next. */
  next: number;
}

export class SnapshotTransfers {
  readonly #coverage: Coverage;
  readonly #sending = new Map<MemberId, UnderWay>();
  #receiving: UnderWay | null = null;

  constructor(coverage: Coverage) {
    this.#coverage = coverage;
  }

  /** A piece that this node sent was answered there. */
  sent(
    to: MemberId,
    { snapshot, offset, bytes }: SnapshotChunk,
    answer: SnapshotChunkAnswer,
  ): void {
    const before = this.#sending.get(to);
    const goesOn = before?.index === snapshot.index;
    this.#coverage.count('snapshot-piece');
    if (goesOn && offset < before.next) this.#coverage.count('snapshot-piece-repeated');
    if (goesOn && answer.nextOffset === 0) this.#coverage.count('snapshot-transfer-restarted');
    if (before !== undefined && !goesOn) this.#coverage.count('snapshot-overtaken');
    if (answer.done && offset + bytes.length < snapshot.bytes) {
      this.#coverage.count('snapshot-not-needed');
    }
    if (answer.done) this.#sending.delete(to);
    else this.#sending.set(to, { index: snapshot.index, next: answer.nextOffset });
  }

  /** A piece has come, and was answered. */
  received({ snapshot }: SnapshotChunk, { nextOffset, done }: SnapshotChunkAnswer): void {
    this.#receiving = done ? null : { index: snapshot.index, next: nextOffset };
  }

  /** The process is over. */
  ended(): void {
    const isHalfWay = (one: UnderWay | null): boolean => (one?.next ?? 0) > 0;
    const isSending = [...this.#sending.values()].some(isHalfWay);
    if (isSending) this.#coverage.count('crash-of-snapshot-sender');
    if (isHalfWay(this.#receiving)) this.#coverage.count('crash-of-snapshot-receiver');
    this.#sending.clear();
    this.#receiving = null;
  }
}
