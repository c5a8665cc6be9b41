import type { Entry, HardState } from '../../raft/entry.ts';
import type { PersistMark, Ready, SnapshotMeta } from '../../raft/ready.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Clock } from '../clock.ts';

/** The log has been idle for this long: mark its last batch as durable (durability rule 3). */
const SYNCED_MARKER_AFTER_MS = 50;
/** A batch that holds as much is full. */
const BATCH_BYTES = 4 * 2 ** 20;

export interface PersisterHooks {
  /** Everything up to and including this Ready is durable: release what waited for it. */
  readonly persisted: (ready: Ready, mark: PersistMark) => void;
  readonly installed: (snapshot: SnapshotMeta) => void;
  /** The disk finished an operation that nobody waits for. */
  readonly progressed: () => void;
  readonly failed: (error: unknown) => void;
  /** How long one batch took to become durable, ms, and how many entries it held. */
  readonly measured: (ms: number, entries: number) => void;
}

/**
 * PERSISTER: one batch on its way to the disk at a time. What arrives meanwhile gathers into the
 * next batch, which starts the moment the disk is free (group commit). Order is kept throughout.
 */
export class Persister {
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #hooks: PersisterHooks;
  readonly #queue: Ready[] = [];
  #running: Promise<void> | null = null;
  #cancelMarker: () => void = () => undefined;
  /** `closed`: nothing new is taken. `halted`: nothing more is done or reported either. */
  #state: 'open' | 'closed' | 'halted' = 'open';

  constructor(storage: Storage, clock: Clock, hooks: PersisterHooks) {
    this.#storage = storage;
    this.#clock = clock;
    this.#hooks = hooks;
  }

  /** Takes a Ready that has a mark. */
  push(ready: Ready): void {
    if (this.#state !== 'open') return;
    this.#queue.push(ready);
    if (this.#running === null) this.#start();
  }

  /** Resolves when everything pushed so far is durable, or has failed to be. */
  async close(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closed';
    this.#cancelMarker();
    while (this.#running !== null) await this.#running;
  }

  /** What is on its way to the disk may end there, but nothing follows from it any more. */
  halt(): void {
    this.#state = 'halted';
    this.#cancelMarker();
    this.#queue.length = 0;
  }

  #start(): void {
    this.#cancelMarker();
    this.#run(this.#drain());
  }

  #mark(): void {
    if (this.#running !== null || this.#state !== 'open') return;
    const marked = this.#storage.markSynced();
    this.#run(
      marked.then(() => {
        if (this.#state !== 'halted') this.#hooks.progressed();
      }),
    );
  }

  #run(work: Promise<void>): void {
    this.#running = work.then(
      () => this.#finished(),
      (error: unknown) => {
        this.#running = null;
        if (this.#state === 'halted') return;
        // Nothing may be written after a failure: the process goes.
        this.halt();
        this.#hooks.failed(error);
      },
    );
  }

  #finished(): void {
    this.#running = null;
    if (this.#queue.length > 0) this.#start();
    else if (this.#state === 'open') {
      this.#cancelMarker = this.#clock.setTimer(SYNCED_MARKER_AFTER_MS, () => this.#mark());
    }
  }

  async #drain(): Promise<void> {
    const { progressed } = this.#hooks;
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch();
      const started = this.#clock.now();
      const { snapshot, state, entries } = merge(batch);
      if (snapshot !== null) {
        // The hard state first: the snapshot's term must not be ahead of it on disk.
        if (state !== null) await this.#storage.append({ state, entries: [] }, progressed);
        this.#hooks.progressed();
        await this.#storage.installSnapshot(snapshot);
        if (this.#state === 'halted') return;
        this.#hooks.installed(snapshot);
        if (entries.length > 0) await this.#storage.append({ state: null, entries }, progressed);
      } else if (state !== null || entries.length > 0) {
        await this.#storage.append({ state, entries }, progressed);
      }
      if (batch.some((ready) => ready.recovered)) await this.#storage.markRecovered();
      if (state !== null || entries.length > 0) {
        this.#hooks.measured(this.#clock.now() - started, entries.length);
      }
      for (const ready of batch) {
        if (ready.mark === null || this.#state === 'halted') continue;
        this.#hooks.persisted(ready, ready.mark);
      }
    }
  }

  /**
   * What waits, up to a size beyond which the batch would hold up the event loop and its own
   * acknowledgement, or to the next snapshot, which begins a batch of its own.
   */
  #takeBatch(): Ready[] {
    let bytes = 0;
    const end = this.#queue.findIndex((ready, at) => {
      if (at > 0 && (ready.snapshot !== null || bytes >= BATCH_BYTES)) return true;
      for (const entry of ready.entries) bytes += entry.json.length;
      return false;
    });
    return this.#queue.splice(0, end < 0 ? this.#queue.length : end);
  }
}

interface Merged {
  readonly snapshot: SnapshotMeta | null;
  readonly state: HardState | null;
  readonly entries: readonly Entry[];
}

/** One durable unit out of several Readys; only the first may hold a snapshot. */
function merge(batch: readonly Ready[]): Merged {
  const [only] = batch;
  if (batch.length === 1 && only !== undefined) return only;
  let state: HardState | null = null;
  const entries: Entry[] = [];
  for (const ready of batch) {
    state = ready.state ?? state;
    for (const entry of ready.entries) {
      // A later Ready may replace the end of an earlier one (§5.3): it never need be written.
      while ((entries.at(-1)?.index ?? 0) >= entry.index) entries.pop();
      entries.push(entry);
    }
  }
  return { snapshot: only?.snapshot ?? null, state, entries };
}
