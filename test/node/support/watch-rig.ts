import type { KvCommand } from '../../../src/kv/command.ts';
import type { KvChange } from '../../../src/kv/event.ts';
import { StateMachine } from '../../../src/kv/state-machine.ts';
import { bytesOfText, prefixEnd } from '../../../src/lib/bytes.ts';
import { silentLogger } from '../../../src/lib/logger.ts';
import type { WatchedRange } from '../../../src/node/api.ts';
import { Changes } from '../../../src/node/changes.ts';
import type {
  Watch,
  WatchChange,
  WatchEnd,
  WatchSink,
  WatchSpec,
} from '../../../src/node/watch/watch.ts';
import { Watches } from '../../../src/node/watch/watches.ts';
import { restore } from '../../kv/support/rig.ts';

/** All keys. */
export const EVERYTHING: WatchedRange = { start: bytesOfText(''), end: null };

export function keyRange(key: string): WatchedRange {
  return { start: bytesOfText(key), end: bytesOfText(`${key}\0`) };
}

export function prefixRange(prefix: string): WatchedRange {
  const start = bytesOfText(prefix);
  return { start, end: prefixEnd(start) };
}

export function specOf(range: WatchedRange, fields: Partial<WatchSpec> = {}): WatchSpec {
  return { range, from: null, only: null, prev: false, progressMs: null, ...fields };
}

/** A state machine and the watches on it; time passes when asked for, and a little at each look. */
export class WatchRig {
  readonly machine = new StateMachine();
  readonly changes = new Changes();
  readonly watches: Watches;
  /** All that this machine was told by commands. */
  readonly told: KvChange[] = [];
  hasLeader = true;
  now = 1000;
  /** What each look at the clock takes, ms: so slices end. */
  msPerLook = 0;
  readonly failures: unknown[] = [];
  #yielded: (() => void)[] = [];

  constructor() {
    this.machine.listen((change) => {
      this.told.push(change);
      this.changes.changed(change);
    });
    this.watches = new Watches({
      store: this.machine.view,
      changes: this.changes,
      clock: {
        now: () => {
          this.now += this.msPerLook;
          return this.now;
        },
        yield: () =>
          new Promise((resolve) => {
            this.#yielded.push(resolve);
          }),
      },
      logger: silentLogger,
      hasLeader: () => this.hasLeader,
      failed: (error) => this.failures.push(error),
    });
  }

  apply(...commands: readonly KvCommand[]): void {
    for (const command of commands) this.machine.apply(command, this.machine.appliedIndex + 1, 1);
  }

  /** Takes over the state of another machine, as a snapshot from a leader does. */
  jumpTo(other: StateMachine): void {
    restore(this.machine, other.snapshot());
    this.changes.jumped();
  }

  /** What gave way to others goes on, for one slice. */
  async turn(): Promise<void> {
    const yielded = this.#yielded;
    this.#yielded = [];
    for (const resume of yielded) resume();
    await Promise.resolve();
    await Promise.resolve();
  }

  /** Until nothing waits for its turn. */
  async settle(): Promise<void> {
    do await this.turn();
    while (this.#yielded.length > 0);
  }

  open(spec: WatchSpec): Recorder {
    const recorder = new Recorder(this.watches.open(spec), spec);
    recorder.watch.start(recorder);
    return recorder;
  }
}

/** Keeps what a watch tells. */
export class Recorder implements WatchSink {
  readonly watch: Watch;
  readonly spec: WatchSpec;
  readonly changes: WatchChange[] = [];
  readonly progresses: number[] = [];
  end: WatchEnd | null = null;
  isFull = false;
  takesProgress = true;
  /** Fills up with each change, so that the next one of the past must wait. */
  fillsUp = false;

  constructor(watch: Watch, spec: WatchSpec) {
    this.watch = watch;
    this.spec = spec;
  }

  get revisions(): number[] {
    return this.changes.map(({ revision }) => revision);
  }

  change(change: WatchChange): void {
    this.changes.push(change);
    if (this.fillsUp) this.isFull = true;
  }

  progress(revision: number): boolean {
    if (this.takesProgress) this.progresses.push(revision);
    return this.takesProgress;
  }

  canceled(end: WatchEnd): void {
    this.end = end;
  }

  /** Takes what was held back. */
  resume(): void {
    this.isFull = false;
    this.watch.resume();
  }
}
