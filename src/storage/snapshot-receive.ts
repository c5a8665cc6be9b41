import { assert } from '../lib/assert.ts';
import type { ClusterId } from '../lib/ids.ts';
import type { Disk, DiskFile } from './disk.ts';
import { createAnew, removeIfThere, writeFully } from './file-write.ts';
import type { Pace } from './pace.ts';
import { checkSnapshot, SnapshotFault } from './snapshot-reader.ts';
import type { SnapshotFile } from './storage.ts';

/** Where a snapshot from the leader grows; nothing else reads it before it is verified. */
export const RECEIVED_PATH = 'snapshot-received.tmp';

const SYNC_BYTES = 8 * 2 ** 20;

/**
 * One snapshot on its way in. The pieces come in order, so the file is always a beginning of the
 * leader's; it survives an interruption of the connection but not a restart of this node.
 */
export class SnapshotReceiver {
  readonly #disk: Disk;
  readonly #pace: Pace;
  #expected: SnapshotFile | null = null;
  #file: DiskFile | null = null;
  #offset = 0;
  #unsynced = 0;
  #verified: SnapshotFile | null = null;

  constructor(disk: Disk, pace: Pace) {
    this.#disk = disk;
    this.#pace = pace;
  }

  /** Resolves with the offset of the first byte that is missing. */
  async begin(snapshot: SnapshotFile): Promise<number> {
    const old = this.#expected;
    const same =
      old?.index === snapshot.index && old.term === snapshot.term && old.hash === snapshot.hash;
    if (same) return this.#offset;
    await this.drop();
    this.#file = await createAnew(this.#disk, RECEIVED_PATH);
    this.#expected = snapshot;
    return 0;
  }

  /**
   * Adds a piece and resolves with the offset wanted next. A piece that does not belong there (a
   * doubled one, or one for a snapshot that was dropped) changes nothing.
   */
  async add(offset: number, bytes: Uint8Array): Promise<number> {
    const file = this.#file;
    const expected = this.#expected;
    if (file === null || expected === null) return this.#offset;
    if (offset !== this.#offset || offset + bytes.length > expected.bytes) return this.#offset;
    await writeFully(file, RECEIVED_PATH, bytes);
    this.#offset += bytes.length;
    this.#unsynced += bytes.length;
    if (this.#unsynced >= SYNC_BYTES) {
      await file.sync();
      this.#unsynced = 0;
    }
    return this.#offset;
  }

  /** The verified and durable file; null, and all is dropped, when it is not the one announced. */
  async finish(clusterId: ClusterId): Promise<SnapshotFile | null> {
    const expected = this.#expected;
    const file = this.#file;
    if (expected === null || file === null) return this.#verified;
    const whole = this.#offset === expected.bytes;
    if (whole) await file.sync();
    await this.#close();
    const checked = whole
      ? await checkSnapshot(this.#disk, RECEIVED_PATH, expected, clusterId, this.#pace)
      : new SnapshotFault('it is not complete');
    if (checked instanceof SnapshotFault) {
      await this.drop();
      return null;
    }
    this.#verified = checked;
    return checked;
  }

  /** Hands over the verified file: from now on it belongs to whoever renames it. */
  take(index: number, term: number): SnapshotFile {
    const verified = this.#verified;
    assert(verified !== null, () => `snapshot ${index} was never received`);
    assert(
      verified.index === index && verified.term === term,
      () => `snapshot ${verified.index} of term ${verified.term} received, not ${index} of ${term}`,
    );
    this.#verified = null;
    this.#expected = null;
    this.#offset = 0;
    return verified;
  }

  async drop(): Promise<void> {
    await this.#close();
    this.#expected = null;
    this.#verified = null;
    this.#offset = 0;
    await removeIfThere(this.#disk, RECEIVED_PATH);
  }

  /** Ends without removing anything. */
  async close(): Promise<void> {
    await this.#close();
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    this.#unsynced = 0;
    await file?.close();
  }
}
