import type { StateMachine } from '../../kv/state-machine.ts';
import type { LogIndex } from '../../raft/entry.ts';
import type { Raft } from '../../raft/raft.ts';
import type { SnapshotMeta } from '../../raft/ready.ts';
import { NoRoomError, type Storage } from '../../storage/storage.ts';
import { ApiError } from '../../wire/errors.ts';
import type { Clock } from '../clock.ts';
import { atMost, type Delays } from '../delays.ts';
import type { EventBus } from '../telemetry/events.ts';
import type { NodeLimits } from '../options.ts';

/** After one that found no room: this fraction of the usual distance to the next attempt. */
const RETRY_FRACTION = 8;

export interface SnapshotsOptions {
  readonly storage: Storage;
  readonly machine: StateMachine;
  readonly raft: Raft;
  readonly events: EventBus;
  readonly limits: NodeLimits;
  /** Resolves when this node's own log is durable up to an index; rejects when the node stops. */
  readonly whenDurable: (index: LogIndex) => Promise<void>;
  readonly clock: Clock;
  readonly delays: Delays;
  readonly failed: (error: unknown) => void;
}

const LOOK_AGAIN_MS = 20;

/**
 * SNAPSHOTS of this node's own state (§7): taken when the log has outgrown the last one, from a
 * clone, beside the running writes; afterwards the log in memory is cut down to what followers that
 * lag a little may need.
 */
export class Snapshots {
  readonly #options: SnapshotsOptions;
  #running: Promise<void> | null = null;
  /** Bytes of log before the next attempt, after one that found no room. */
  #postponedTo = 0;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
  }

  /** Takes a snapshot if one is due. Called whenever the applied index has moved. */
  takeIfDue(): void {
    const { storage, limits } = this.#options;
    const due = Math.max(limits.snapshotWalBytes, storage.newestSnapshot()?.bytes ?? 0);
    if (this.#running !== null || storage.walBytes <= Math.max(due, this.#postponedTo)) return;
    // A failure has been told where it happened.
    this.#take().catch(() => undefined);
  }

  /**
   * A snapshot at least as new as the state at this call.
   *
   * @throws ApiError `disk-full`, and when the node stops.
   */
  async takeNow(): Promise<void> {
    const { machine, storage, delays } = this.#options;
    const wanted = machine.appliedIndex;
    while ((storage.newestSnapshot()?.index ?? 0) < wanted) {
      await (this.#running ?? this.#take());
      if ((storage.newestSnapshot()?.index ?? 0) >= wanted) return;
      // None could be taken: a received one is being put in place of the state.
      if (!(await delays.sleep(LOOK_AGAIN_MS))) throw stopped();
    }
  }

  /** Resolves when no snapshot is being written, or soon. */
  async close(timeoutMs: number): Promise<void> {
    const written = this.#running?.catch(() => undefined);
    if (written !== undefined) await atMost(this.#options.clock, timeoutMs, written);
  }

  /**
   * Fills the state machine from an installed snapshot.
   *
   * @throws DamageError when the disk does not give what was written, SnapshotError when it does.
   */
  async restore(snapshot: SnapshotMeta): Promise<void> {
    const { storage, machine, events } = this.#options;
    const file = storage.newestSnapshot();
    if (file?.index !== snapshot.index) {
      throw new Error(`snapshot ${snapshot.index} is not the newest on disk (${file?.index})`);
    }
    const receiver = machine.restore();
    let fault: Error | null = null;
    for await (const line of storage.readSnapshot(file)) {
      // Whether a line that makes no sense is the one that was written is known at the end.
      fault ??= faultOf(() => receiver.line(line));
    }
    if (fault !== null) throw fault;
    receiver.finish();
    events.emit('kv', { type: 'restored', index: snapshot.index, bytes: file.bytes });
  }

  /** The log is sound without the snapshot: go on, and try again when it has grown some more. */
  #postpone(error: NoRoomError): void {
    const { storage, limits, events } = this.#options;
    this.#postponedTo = storage.walBytes + Math.ceil(limits.snapshotWalBytes / RETRY_FRACTION);
    const event = { type: 'snapshot-postponed', why: error.message };
    events.emit('kv', event, 'state', 'warn');
  }

  #take(): Promise<void> {
    this.#running = this.#write()
      .catch((error: unknown) => {
        // A node that stops meanwhile has no use for the snapshot.
        if (error instanceof ApiError) throw error;
        if (error instanceof NoRoomError) {
          this.#postpone(error);
          throw new ApiError('disk-full', 'There is no room on the disk for a snapshot.');
        }
        this.#options.failed(error);
        throw stopped();
      })
      .finally(() => {
        this.#running = null;
      });
    return this.#running;
  }

  async #write(): Promise<void> {
    const { storage, machine, raft, events, whenDurable } = this.#options;
    const index = machine.appliedIndex;
    const term = raft.state.log.term(index);
    // A snapshot that arrived meanwhile has replaced the log: it serves as well.
    if (term === null || (storage.newestSnapshot()?.index ?? 0) >= index) return;
    const meta = { index, term, configuration: raft.configurationAt(index) };
    const lines = machine.snapshot();
    events.emit('kv', { type: 'snapshot-begun', index, term });
    // What a majority holds is applied here before it is on this disk, too; but the log on disk
    // cannot stand on a snapshot of what it does not hold yet.
    await whenDurable(index);
    const file = await storage.saveSnapshot(meta, lines);
    this.#postponedTo = 0;
    events.emit('kv', { type: 'snapshot-saved', index, term, bytes: file.bytes });
    raft.compact(this.#compactionIndex(index));
  }

  /** Keeps the newest entries in memory, bounded in number and bytes. */
  #compactionIndex(snapshotIndex: LogIndex): LogIndex {
    const { log } = this.#options.raft.state;
    const { retainEntries, retainBytes } = this.#options.limits;
    const floor = Math.max(log.baseIndex, log.lastIndex - retainEntries);
    let from = log.lastIndex;
    let bytes = 0;
    while (from > floor) {
      bytes += log.entry(from).json.length;
      if (bytes > retainBytes) break;
      from -= 1;
    }
    return Math.min(snapshotIndex, from);
  }
}

function stopped(): ApiError {
  return new ApiError('node-stopped', 'The node has stopped.');
}

function faultOf(work: () => void): Error | null {
  try {
    work();
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
