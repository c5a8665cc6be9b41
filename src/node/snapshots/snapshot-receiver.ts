import type { MemberId } from '../../lib/ids.ts';
import { ApiError } from '../../wire/errors.ts';
import type { SnapshotArrived } from '../../raft/message.ts';
import type { Raft } from '../../raft/raft.ts';
import type { SnapshotFile, Storage } from '../../storage/storage.ts';
import type { SnapshotChunk, SnapshotChunkAnswer } from '../../transport/transport.ts';

export interface SnapshotReceiverOptions {
  readonly storage: Storage;
  readonly raft: Raft;
  /** Hands the core the news that the whole file is here, and lets its effects out. */
  readonly arrived: (message: SnapshotArrived) => void;
  /** Resolves when the state machine is at `index` or beyond; rejects when the node stops. */
  readonly whenApplied: (index: number) => Promise<void>;
  /** The disk failed: the node cannot go on. */
  readonly failed: (error: unknown) => void;
}

/**
 * RECEIVES SNAPSHOTS from the leader, one piece at a time, each written before it is answered. The
 * last answer waits until the snapshot is this node's own and the state machine stands on it.
 */
export class SnapshotReceiver {
  readonly #options: SnapshotReceiverOptions;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: SnapshotReceiverOptions) {
    this.#options = options;
  }

  /** Pieces are handled one after another, whatever order their requests came in. */
  receive(from: MemberId, chunk: SnapshotChunk): Promise<SnapshotChunkAnswer> {
    const answer = this.#turn.then(() => this.#handle(from, chunk));
    this.#turn = answer.catch((error: unknown) => {
      // A node that stops meanwhile says so by an ApiError; anything else is the end of it.
      if (!(error instanceof ApiError)) this.#options.failed(error);
    });
    return answer;
  }

  async #handle(from: MemberId, chunk: SnapshotChunk): Promise<SnapshotChunkAnswer> {
    const { storage, raft } = this.#options;
    const { snapshot, offset, bytes } = chunk;
    if (chunk.term < raft.state.term) return this.#answer(0, false);
    if (snapshot.index <= raft.state.commitIndex) {
      await this.#options.whenApplied(snapshot.index);
      return this.#answer(snapshot.bytes, true);
    }
    let next = await storage.beginReceive(snapshot);
    if (offset === next) next = await storage.receiveChunk(offset, bytes);
    if (next < snapshot.bytes) return this.#answer(next, false);
    const file = await storage.finishReceive();
    if (file === null) return this.#answer(0, false);
    return await this.#install(from, chunk, file);
  }

  async #install(
    from: MemberId,
    { term, recovery }: SnapshotChunk,
    snapshot: SnapshotFile,
  ): Promise<SnapshotChunkAnswer> {
    const { raft, arrived, whenApplied } = this.#options;
    arrived({
      type: 'snapshot',
      from,
      to: raft.state.id,
      term,
      seq: 0,
      snapshotIndex: snapshot.index,
      snapshotTerm: snapshot.term,
      configuration: snapshot.configuration,
      recovery,
    });
    if (raft.state.commitIndex < snapshot.index) return this.#answer(0, false);
    await whenApplied(snapshot.index);
    return this.#answer(snapshot.bytes, true);
  }

  #answer(nextOffset: number, done: boolean): SnapshotChunkAnswer {
    return { term: this.#options.raft.state.term, nextOffset, done };
  }
}
