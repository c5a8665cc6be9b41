import type { KvResult } from '../../kv/command.ts';
import type { StateMachine } from '../../kv/state-machine.ts';
import { isConfigurationCommand } from '../../raft/configuration.ts';
import type { Entry, LogIndex } from '../../raft/entry.ts';
import type { SnapshotMeta } from '../../raft/ready.ts';
import type { Clock } from '../clock.ts';

/** Applying holds the event loop no longer than this at a stretch. */
const SLICE_MS = 5;
/**
 * What may be applied between two looks at the clock: in bytes of JSON, an entry as one KiB more.
 */
const COST_PER_LOOK = 64 * 1024;
const COST_OF_ENTRY = 1024;

export interface ApplierHooks {
  /** An entry has been applied; null for one that is not the state machine's. */
  readonly applied: (entry: Entry, result: KvResult | null) => void;
  /** The applied index moved, by entries or by a snapshot. */
  readonly advanced: (index: LogIndex) => void;
  /** Fills the state machine from an installed snapshot. */
  readonly restore: (snapshot: SnapshotMeta) => Promise<void>;
  readonly failed: (error: unknown) => void;
}

type Task =
  | { readonly type: 'entries'; readonly entries: readonly Entry[]; next: number }
  | { readonly type: 'restore'; readonly snapshot: SnapshotMeta; installed: boolean };

/**
 * APPLIER: feeds committed entries to the state machine, in order, each once, in slices; and a
 * received snapshot in its place among them, once it is this node's own on disk.
 */
export class Applier {
  readonly #machine: StateMachine;
  readonly #clock: Clock;
  readonly #hooks: ApplierHooks;
  readonly #tasks: Task[] = [];
  #busy = false;
  #stopped = false;

  constructor(machine: StateMachine, clock: Clock, hooks: ApplierHooks) {
    this.#machine = machine;
    this.#clock = clock;
    this.#hooks = hooks;
  }

  get appliedIndex(): LogIndex {
    return this.#machine.appliedIndex;
  }

  /** Nothing waits to be applied. */
  get isIdle(): boolean {
    return this.#tasks.length === 0;
  }

  pushEntries(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    this.#tasks.push({ type: 'entries', entries, next: 0 });
    this.#work();
  }

  pushSnapshot(snapshot: SnapshotMeta): void {
    this.#tasks.push({ type: 'restore', snapshot, installed: false });
  }

  /** The snapshot is on disk as this node's own. */
  snapshotInstalled(snapshot: SnapshotMeta): void {
    for (const task of this.#tasks) {
      if (task.type === 'restore' && task.snapshot.index === snapshot.index) task.installed = true;
    }
    this.#work();
  }

  stop(): void {
    this.#stopped = true;
  }

  #work(): void {
    if (this.#busy || this.#stopped || this.isIdle) return;
    this.#busy = true;
    try {
      const before = this.appliedIndex;
      const more = this.#slice();
      if (this.appliedIndex !== before) this.#hooks.advanced(this.appliedIndex);
      if (more !== null) {
        more
          .then(() => this.#resume())
          .catch((error: unknown) => {
            if (!this.#stopped) this.#hooks.failed(error);
          });
        return;
      }
    } catch (error) {
      this.#stopped = true;
      this.#hooks.failed(error);
    }
    this.#busy = false;
  }

  #resume(): void {
    if (this.#stopped) return;
    this.#busy = false;
    this.#hooks.advanced(this.appliedIndex);
    this.#work();
  }

  /** Applies until the slice is over; answers what to wait for, or null when nothing is left. */
  #slice(): Promise<void> | null {
    const end = this.#clock.now() + SLICE_MS;
    let cost = 0;
    for (let task = this.#tasks[0]; task !== undefined; task = this.#tasks[0]) {
      if (task.type === 'restore') {
        if (!task.installed) return null;
        this.#tasks.shift();
        return this.#hooks.restore(task.snapshot);
      }
      while (task.next < task.entries.length) {
        const entry = task.entries[task.next];
        task.next += 1;
        if (entry === undefined) continue;
        this.#apply(entry);
        cost += COST_OF_ENTRY + entry.json.length;
        if (cost < COST_PER_LOOK) continue;
        if (this.#clock.now() >= end) return this.#clock.yield();
        cost = 0;
      }
      this.#tasks.shift();
    }
    return null;
  }

  #apply(entry: Entry): void {
    // An entry that an installed snapshot already covers has been applied with it.
    if (entry.index <= this.appliedIndex) return;
    const { command, index, term } = entry;
    if (command.kind === 'noop' || isConfigurationCommand(command)) {
      this.#machine.skip(index, term);
      this.#hooks.applied(entry, null);
    } else {
      this.#hooks.applied(entry, this.#machine.apply(command, index, term));
    }
  }
}
