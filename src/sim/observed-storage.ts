/** A storage whose promises are written down (durable-log.ts); otherwise the one it wraps. */
import type { LogIndex } from '../raft/entry.ts';
import type { SnapshotMeta } from '../raft/ready.ts';
import type {
  Batch,
  DamageError,
  Fence,
  Identity,
  Restored,
  SnapshotFile,
  Storage,
} from '../storage/storage.ts';
import type { DurableLog } from './durable-log.ts';

export class ObservedStorage implements Storage {
  readonly #inner: Storage;
  readonly #durable: DurableLog;
  /** Sees what an `open` found, before anything is done with it. */
  readonly #opened: (restored: Restored) => void;

  constructor(inner: Storage, durable: DurableLog, opened: (restored: Restored) => void) {
    this.#inner = inner;
    this.#durable = durable;
    this.#opened = opened;
  }

  get walBytes(): number {
    return this.#inner.walBytes;
  }

  readonly freeBytes = (): Promise<number> => this.#inner.freeBytes();

  async open(identity: Identity | null): Promise<Restored> {
    const restored = await this.#inner.open(identity);
    this.#opened(restored);
    this.#durable.replaceBy(restored);
    return restored;
  }

  async append(batch: Batch, progressed?: () => void): Promise<void> {
    this.#durable.begin({ type: 'append', batch });
    await this.#inner.append(batch, progressed);
    this.#durable.completed();
  }

  async installSnapshot(snapshot: SnapshotMeta): Promise<void> {
    this.#durable.begin({ type: 'install', snapshot });
    await this.#inner.installSnapshot(snapshot);
    this.#durable.completed();
  }

  async saveSnapshot(meta: SnapshotMeta, lines: Iterable<string>): Promise<SnapshotFile> {
    const file = await this.#inner.saveSnapshot(meta, lines);
    this.#durable.snapshotSaved(file.index);
    return file;
  }

  create(identity: Identity): Promise<void> {
    return this.#inner.create(identity);
  }

  markSynced(): Promise<void> {
    return this.#inner.markSynced();
  }

  markRecovered(): Promise<void> {
    return this.#inner.markRecovered();
  }

  newestSnapshot(): SnapshotFile | null {
    return this.#inner.newestSnapshot();
  }

  readSnapshot(snapshot: SnapshotFile): AsyncIterable<string> {
    return this.#inner.readSnapshot(snapshot);
  }

  readSnapshotChunk(index: LogIndex, offset: number, length: number): Promise<Uint8Array | null> {
    return this.#inner.readSnapshotChunk(index, offset, length);
  }

  beginReceive(snapshot: SnapshotFile): Promise<number> {
    return this.#inner.beginReceive(snapshot);
  }

  receiveChunk(offset: number, bytes: Uint8Array): Promise<number> {
    return this.#inner.receiveChunk(offset, bytes);
  }

  finishReceive(): Promise<SnapshotFile | null> {
    return this.#inner.finishReceive();
  }

  fence(fence: Fence): Promise<DamageError> {
    return this.#inner.fence(fence);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
