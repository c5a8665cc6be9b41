import { assert, must } from '../lib/assert.ts';
import type { LogIndex } from '../raft/entry.ts';
import type { SnapshotMeta } from '../raft/ready.ts';
import { type Disk, DiskError } from './disk.ts';
import { refuseFenced, writeFence } from './fence.ts';
import { openIfThere, removeIfThere } from './file-write.ts';
import { textOfLine } from './line-reader.ts';
import type { LogState } from './log-state.ts';
import { Pace, type PaceOptions } from './pace.ts';
import { logStateOf, recover } from './recovery.ts';
import { claimReserve } from './reserve.ts';
import { SerialQueue } from './serial-queue.ts';
import { removeSnapshotsBelow } from './snapshot-choice.ts';
import { snapshotPath } from './snapshot-file.ts';
import { SnapshotFault, snapshotLines } from './snapshot-reader.ts';
import { RECEIVED_PATH, SnapshotReceiver } from './snapshot-receive.ts';
import { writeSnapshot } from './snapshot-writer.ts';
import {
  type Batch,
  DamageError,
  type Fence,
  type Identity,
  NoRoomError,
  type Restored,
  type SnapshotFile,
  type Storage,
} from './storage.ts';
import { CHAIN_START } from './wal-line.ts';
import { ADVICE } from './wal-reader.ts';
import type { WalRecord } from './wal-record.ts';
import { type Carried, createSegment, temporary, WAL_DIRECTORY } from './wal-segment.ts';
import { WalWriter } from './wal-writer.ts';

export interface JsonlStorageOptions extends PaceOptions {
  /** Size of the reserve; 0 for none. */
  readonly reserveBytes: number;
  /** A segment that has reached this size is followed by another. */
  readonly segmentBytes?: number;
}

const SEGMENT_BYTES = 16 * 2 ** 20;

/** What exists once the directory has an owner. */
interface Opened {
  readonly log: LogState;
  readonly writer: WalWriter;
}

/**
 * The log as JSONL segments and the snapshots as JSONL files, on a Disk. Everything that writes to
 * the log goes through one queue; after the first failure nothing is written any more.
 */
export class JsonlStorage implements Storage {
  readonly #disk: Disk;
  readonly #options: JsonlStorageOptions;
  readonly #receiver: SnapshotReceiver;
  #opened: Opened | null = null;
  readonly #wal = new SerialQueue();
  readonly #receiving = new SerialQueue();
  readonly #tidying = new SerialQueue();
  #failure: { readonly error: unknown } | null = null;
  #newest: SnapshotFile | null = null;
  #saving = false;
  /** The newest batch is a `synced` marker. */
  #marked = true;
  #walBytes = 0;

  constructor(disk: Disk, options: JsonlStorageOptions) {
    this.#disk = disk;
    this.#options = options;
    this.#receiver = new SnapshotReceiver(disk, new Pace(options));
  }

  get walBytes(): number {
    return this.#walBytes;
  }

  readonly freeBytes = (): Promise<number> => this.#disk.freeBytes();

  open(identity: Identity | null): Promise<Restored> {
    return this.#exclusive(async () => {
      assert(this.#opened === null, 'the storage is open already');
      await refuseFenced(this.#disk);
      const recovered = await recover(this.#disk, identity, new Pace(this.#options));
      if (recovered === null) {
        if (identity !== null) await this.#found(identity, false);
        return { ...NOTHING, identity };
      }
      const { restored, log, segment } = recovered;
      this.#opened = { log, writer: this.#writer(log, segment) };
      this.#newest = restored.snapshot;
      this.#walBytes = recovered.walBytes;
      await this.#claimReserve();
      return restored;
    });
  }

  create(identity: Identity, torn = false): Promise<void> {
    return this.#exclusive(() => this.#found(identity, torn));
  }

  append(batch: Batch, progressed: () => void = () => undefined): Promise<void> {
    const records: WalRecord[] = [];
    for (const { index, term, json } of batch.entries) {
      records.push({ kind: 'entry', index, term, json });
    }
    if (batch.state !== null) records.push({ kind: 'state', state: batch.state });
    if (records.length === 0) return Promise.resolve();
    return this.#exclusive(() => {
      progressed();
      return this.#write(records, progressed);
    });
  }

  markSynced(): Promise<void> {
    return this.#exclusive(async () => {
      if (this.#marked) return;
      await this.#write([{ kind: 'synced' }]);
      this.#marked = true;
    });
  }

  markRecovered(): Promise<void> {
    return this.#exclusive(async () => {
      if (this.#use().log.torn) await this.#write([{ kind: 'recovered' }]);
    });
  }

  newestSnapshot(): SnapshotFile | null {
    return this.#newest;
  }

  async saveSnapshot(meta: SnapshotMeta, lines: Iterable<string>): Promise<SnapshotFile> {
    assert(!this.#saving, 'one snapshot at a time');
    this.#saving = true;
    try {
      const walBytes = this.#walBytes;
      const file = await this.#writeSnapshot(meta, lines);
      const adopted = await this.#exclusive(() => this.#adoptSaved(file, walBytes));
      await this.#tidy();
      return adopted;
    } catch (error) {
      if (!(error instanceof NoRoomError)) this.#failure ??= { error };
      throw error;
    } finally {
      this.#saving = false;
    }
  }

  async *readSnapshot(snapshot: SnapshotFile): AsyncIterable<string> {
    const path = snapshotPath(snapshot.index);
    const { clusterId } = this.#use().log.identity;
    const pace = new Pace(this.#options);
    try {
      const lines = snapshotLines(this.#disk, path, snapshot, clusterId, pace);
      for await (const block of lines) {
        for (const { bytes } of block) yield textOfLine(bytes);
      }
    } catch (error) {
      if (error instanceof SnapshotFault) throw new DamageError(path, 0, error.message, ADVICE);
      throw error;
    }
  }

  async readSnapshotChunk(
    index: LogIndex,
    offset: number,
    length: number,
  ): Promise<Uint8Array | null> {
    const file = await openIfThere(this.#disk, snapshotPath(index));
    if (file === null) return null;
    try {
      return await file.read(offset, length);
    } finally {
      await file.close();
    }
  }

  beginReceive(snapshot: SnapshotFile): Promise<number> {
    return this.#receive(() => this.#receiver.begin(snapshot));
  }

  receiveChunk(offset: number, bytes: Uint8Array): Promise<number> {
    return this.#receive(() => this.#receiver.add(offset, bytes));
  }

  finishReceive(): Promise<SnapshotFile | null> {
    return this.#receive(() => this.#receiver.finish(this.#use().log.identity.clusterId));
  }

  async installSnapshot(snapshot: SnapshotMeta): Promise<void> {
    await this.#receive(() => this.#exclusive(() => this.#install(snapshot)));
    await this.#tidy();
  }

  fence(fence: Fence): Promise<DamageError> {
    return writeFence(this.#disk, fence);
  }

  async close(): Promise<void> {
    await Promise.all([this.#wal.idle(), this.#receiving.idle(), this.#tidying.idle()]);
    await this.#receiver.close();
    await this.#opened?.writer.close();
  }

  /** Makes the directory of a new node. */
  async #found(identity: Identity, torn: boolean): Promise<void> {
    assert(this.#opened === null, 'the directory has an owner already');
    const carried: Carried = { identity, torn, state: NOTHING.state, snapshots: [] };
    await this.#disk.makeDirectory(WAL_DIRECTORY);
    await this.#disk.syncDirectory('.');
    const segment = await createSegment(this.#disk, 1, 1, carried, CHAIN_START);
    const log = logStateOf(1, 0, [], carried);
    this.#opened = { log, writer: this.#writer(log, { ...segment, seq: 1 }) };
    await this.#claimReserve();
  }

  async #write(
    records: readonly WalRecord[],
    progressed: () => void = () => undefined,
  ): Promise<void> {
    this.#walBytes += await this.#use().writer.append(records, progressed);
    this.#marked = false;
  }

  /** Nothing refers to the file yet: if it does not fit, only it goes. */
  async #writeSnapshot(meta: SnapshotMeta, lines: Iterable<string>): Promise<SnapshotFile> {
    const path = temporary(snapshotPath(meta.index));
    const { clusterId } = this.#use().log.identity;
    const pace = new Pace(this.#options);
    const requireRoom = (): Promise<void> => this.#requireRoom();
    try {
      return await writeSnapshot(this.#disk, path, clusterId, meta, lines, pace, requireRoom);
    } catch (error) {
      const isFull = error instanceof DiskError && error.code === 'ENOSPC';
      if (!isFull && !(error instanceof NoRoomError)) throw error;
      await removeIfThere(this.#disk, path);
      throw isFull ? new NoRoomError(error.message) : error;
    }
  }

  /** A snapshot can wait, the log cannot: it must not find the disk full of the former. */
  async #requireRoom(): Promise<void> {
    const { reserveBytes } = this.#options;
    const free = await this.#disk.freeBytes();
    if (free >= reserveBytes) return;
    throw new NoRoomError(`only ${free} bytes are free beside the reserve of ${reserveBytes}`);
  }

  async #adoptSaved(file: SnapshotFile, walBytesAtStart: number): Promise<SnapshotFile> {
    const path = temporary(snapshotPath(file.index));
    const newest = this.#newest;
    if (newest !== null && newest.index >= file.index) {
      // The leader's snapshot overtook this one.
      await removeIfThere(this.#disk, path);
      return newest;
    }
    await this.#adopt(file, path, false);
    this.#walBytes = Math.max(0, this.#walBytes - walBytesAtStart);
    return file;
  }

  async #install({ index, term }: SnapshotMeta): Promise<void> {
    const { shape } = this.#use().log;
    const newest = this.#newest?.index ?? 0;
    assert(index > newest, () => `snapshot ${index} installed over snapshot ${newest}`);
    const file = this.#receiver.take(index, term);
    await this.#adopt(file, RECEIVED_PATH, shape.termAt(index) !== term);
    this.#walBytes = 0;
  }

  /** The first half of rule 5: the file and its name are durable before the log speaks of it. */
  async #adopt(file: SnapshotFile, path: string, install: boolean): Promise<void> {
    const { index, term, hash } = file;
    await this.#disk.rename(path, snapshotPath(index));
    await this.#disk.syncDirectory('.');
    await this.#write([{ kind: 'snapshot', snapshot: { index, term, hash, install } }]);
    this.#newest = file;
  }

  /** The second half: what is below the older of the two kept snapshots goes. */
  #tidy(): Promise<void> {
    return this.#tidying.run(() =>
      this.#fatal(async () => {
        const { log, writer } = this.#use();
        const [older, newer] = log.snapshots;
        if (older !== undefined && newer !== undefined) {
          await removeSnapshotsBelow(this.#disk, older.index);
          await writer.removeUpTo(older.index);
        }
        await this.#claimReserve();
      }),
    );
  }

  async #claimReserve(): Promise<void> {
    await claimReserve(this.#disk, this.#options.reserveBytes, new Pace(this.#options));
  }

  #writer(log: LogState, segment: ConstructorParameters<typeof WalWriter>[2]): WalWriter {
    return new WalWriter(this.#disk, log, segment, this.#options.segmentBytes ?? SEGMENT_BYTES);
  }

  #use(): Opened {
    return must(this.#opened, 'a directory with an owner: open or create first');
  }

  #receive<T>(work: () => Promise<T>): Promise<T> {
    return this.#receiving.run(() => this.#fatal(work));
  }

  /** For what writes to the log: alone, and not at all once something has failed. */
  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    return this.#wal.run(() => this.#fatal(work));
  }

  async #fatal<T>(work: () => Promise<T>): Promise<T> {
    if (this.#failure !== null) throw this.#failure.error;
    try {
      return await work();
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    }
  }
}

/** What an empty directory holds. */
const NOTHING: Restored = {
  identity: null,
  state: { term: 0, vote: null },
  snapshot: null,
  entries: [],
  tail: 'clean',
  findings: [],
};
