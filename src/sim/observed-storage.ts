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
import type { Change, DurableLog } from './durable-log.ts';

/** Sees what a storage finds and promises, before its own node does. */
export interface StorageObserver {
  /** What an `open` found, before anything is done with it. */
  opened(restored: Restored): void;
  /** A change has become durable; the log is still told of as it was before. */
  stored(change: Change): void;
  /** A snapshot of these lines has become durable. */
  saved(snapshot: SnapshotFile, lines: readonly string[]): void;
}

export class ObservedStorage implements Storage {
  readonly #inner: Storage;
  readonly #durable: DurableLog;
  readonly #observer: StorageObserver;

  constructor(inner: Storage, durable: DurableLog, observer: StorageObserver) {
    this.#inner = inner;
    this.#durable = durable;
    this.#observer = observer;
  }

  get walBytes(): number {
    return this.#inner.walBytes;
  }

  readonly freeBytes = (): Promise<number> => this.#inner.freeBytes();

  async open(identity: Identity | null): Promise<Restored> {
    const restored = await this.#inner.open(identity);
    this.#observer.opened(restored);
    this.#durable.replaceBy(restored);
    return restored;
  }

  async append(batch: Batch, progressed?: () => void): Promise<void> {
    await this.#change({ type: 'append', batch }, () => this.#inner.append(batch, progressed));
  }

  async installSnapshot(snapshot: SnapshotMeta): Promise<void> {
    await this.#change({ type: 'install', snapshot }, () => this.#inner.installSnapshot(snapshot));
  }

  async saveSnapshot(meta: SnapshotMeta, lines: Iterable<string>): Promise<SnapshotFile> {
    const written: string[] = [];
    const file = await this.#inner.saveSnapshot(meta, kept(lines, written));
    this.#durable.snapshotSaved(file.index);
    if (file.index === meta.index) this.#observer.saved(file, written);
    return file;
  }

  async create(identity: Identity, torn = false): Promise<void> {
    await this.#inner.create(identity, torn);
    if (torn) this.#durable.createdTorn();
  }

  markSynced(): Promise<void> {
    return this.#inner.markSynced();
  }

  async markRecovered(): Promise<void> {
    await this.#change({ type: 'settle' }, () => this.#inner.markRecovered());
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

  async #change(change: Change, make: () => Promise<void>): Promise<void> {
    this.#durable.begin(change);
    await make();
    this.#observer.stored(change);
    this.#durable.completed();
  }
}

function* kept(lines: Iterable<string>, into: string[]): Iterable<string> {
  for (const line of lines) {
    into.push(line);
    yield line;
  }
}

/** For the trace. */
export function describeRestored({ state, snapshot, entries, tail }: Restored): string {
  const from = snapshot?.index ?? 0;
  return `term ${state.term}, snapshot ${from}, log to ${from + entries.length}, tail ${tail}`;
}
