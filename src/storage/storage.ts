import type { ClusterId, MemberId } from '../lib/ids.ts';
import type { Entry, HardState, LogIndex } from '../raft/entry.ts';
import type { SnapshotMeta } from '../raft/ready.ts';

/** Who this directory belongs to; in the header line of every segment. */
export interface Identity {
  readonly clusterId: ClusterId;
  readonly memberId: MemberId;
  /** How the node was started, so that it comes back without flags. Opaque to storage. */
  readonly node: Readonly<Record<string, string | number | boolean>>;
}

/** What a start found on disk. */
export interface Restored {
  /** Null for an empty directory. */
  readonly identity: Identity | null;
  readonly state: HardState;
  /** The newest snapshot that is whole; the log continues behind it. */
  readonly snapshot: SnapshotFile | null;
  /** The entries after the snapshot, contiguous. */
  readonly entries: readonly Entry[];
  /**
   * `clean`: everything acknowledged is there, for sure. `torn`: the last batch was bad in a way
   * that a power cut and damage both leave; it was cut and a copy kept. A node of a larger cluster
   * starts as recovering; a cluster of one goes on (durability rule 3).
   */
  readonly tail: 'clean' | 'torn';
  /** What was found and done, for the log: one object per finding. */
  readonly findings: readonly Finding[];
}

export interface Finding {
  readonly message: string;
  readonly file: string;
  readonly offset: number;
}

/** One durable unit: everything in it is on disk, or after a crash none of it counts. */
export interface Batch {
  readonly state: HardState | null;
  readonly entries: readonly Entry[];
}

/** Why a node must never start on its directory again: its state differed from a majority's. */
export interface Fence {
  readonly memberId: MemberId;
  /** The last entry that had been applied. */
  readonly index: LogIndex;
  /** What the state hashed to after it, here and with a majority of the voters. */
  readonly hash: string;
  readonly majorityHash: string;
}

/** A finished snapshot on disk. */
export interface SnapshotFile extends SnapshotMeta {
  readonly bytes: number;
  /** Hex SHA-256 of the whole file. */
  readonly hash: string;
}

/**
 * THE STORAGE PORT: what a node must remember (durability.md of the design; ARCHITECTURE.md).
 *
 * Calls that write are made one at a time. A rejected write means that the process must exit;
 * nothing may be retried. `DamageError` (from `open`) means: refuse to start.
 */
export interface Storage {
  /**
   * Reads everything, repairs an unfinished tail, and copies the un-snapshotted tail into a new
   * segment (rule 4). Must be called first, once. `identity` overrides `node` of a directory with a
   * state (the ids on disk win), and is what an empty directory is created with; null leaves an
   * empty directory alone.
   */
  open(identity: Identity | null): Promise<Restored>;
  /**
   * Founds an empty directory that was opened with null.
   *
   * @param torn whether there may have been another before it: see `tail`.
   */
  create(identity: Identity, torn?: boolean): Promise<void>;
  /**
   * One write and one fdatasync; resolves when durable. It may have to wait for what the log does
   * besides, such as noting a snapshot or beginning a segment: `progressed` is called whenever a
   * part of that is done, so that a slow disk can be told from one that is stuck.
   */
  append(batch: Batch, progressed?: () => void): Promise<void>;
  /** Appends the `synced` marker: called when the log has been idle for 50 ms. */
  markSynced(): Promise<void>;
  /**
   * Notes durably that a torn log has been confirmed (or vouched for by an operator). Until then
   * every `open` says `torn` again, so that a restart cannot make a recovering node forget that it
   * may have lost what it acknowledged. Does nothing when the log is not torn.
   */
  markRecovered(): Promise<void>;
  /** Bytes of log since the newest snapshot: what decides that a snapshot is due. */
  readonly walBytes: number;
  readonly freeBytes: () => Promise<number>;

  /**
   * Writes a snapshot file from lines of the state machine (no newlines inside a line), with pauses
   * so that no slice holds the event loop for more than 10 ms, then the WAL's snapshot line, then
   * removes what the older of the two kept snapshots makes superfluous. May run beside `append`.
   * Rejects with NoRoomError, and has changed nothing, when the disk has no room for the file.
   */
  saveSnapshot(meta: SnapshotMeta, lines: Iterable<string>): Promise<SnapshotFile>;
  /** The newest snapshot, or null. */
  newestSnapshot(): SnapshotFile | null;
  /** The state machine's lines of a finished snapshot, checked against its trailer on the way. */
  readSnapshot(snapshot: SnapshotFile): AsyncIterable<string>;
  /** A piece of the file for a peer or a backup; fewer bytes only at the end. Null: it is gone. */
  readSnapshotChunk(index: LogIndex, offset: number, length: number): Promise<Uint8Array | null>;

  /**
   * A snapshot from the leader: begins, or resumes when the same file (index, term, hash) was begun
   * before. Resolves with the offset of the first byte that is missing.
   */
  beginReceive(snapshot: SnapshotFile): Promise<number>;
  /** Adds bytes at `offset`, which must be the first missing one; resolves with the next. */
  receiveChunk(offset: number, bytes: Uint8Array): Promise<number>;
  /** Verifies size, hash and form of the whole file; on failure it is dropped and null returned. */
  finishReceive(): Promise<SnapshotFile | null>;
  /** Makes the received snapshot the node's own: rename, sync, WAL line. Replaces the whole log
   * unless the log holds the snapshot's last entry. */
  installSnapshot(snapshot: SnapshotMeta): Promise<void>;

  /**
   * Notes durably that no node may start on this directory again; resolves with the error that
   * `open` rejects with from then on. May be called beside anything else, and after a failure.
   */
  fence(fence: Fence): Promise<DamageError>;

  close(): Promise<void>;
}

/** The disk has no room for a snapshot. The log stands as it stood; try again when there is. */
export class NoRoomError extends Error {
  override readonly name = 'NoRoomError';
}

/** The files contradict what was acknowledged: the node must not start (exit code 2). */
export class DamageError extends Error {
  override readonly name = 'DamageError';
  readonly file: string;
  readonly offset: number;

  constructor(file: string, offset: number, found: string, advice: string) {
    super(`${file} at byte ${offset}: ${found}. ${advice}`);
    this.file = file;
    this.offset = offset;
  }
}
