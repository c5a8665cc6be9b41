/**
 * THE DISK OF A SIMULATED MACHINE: a MemoryDisk whose operations take time, and go wrong when the
 * world wants them to. It survives the processes that use it.
 */
import type { Prng } from '../lib/prng.ts';
import type { CrashChoices } from '../storage/crash-choices.ts';
import type { CrashMode } from '../storage/memory-file.ts';
import { type DiskFault, type DiskOperation, MemoryDisk } from '../storage/memory-disk.ts';
import type { Scheduler } from './scheduler.ts';

export interface DiskProfile {
  /** Mean time of a write to the page cache and of any other small operation, ms. */
  readonly smallMs: number;
  /** Mean time of a sync, ms. */
  readonly syncMs: number;
}

/** When a crash comes, seen from one operation: before its effect, before its answer, or after. */
export type CrashMoment = 'before' | 'during' | 'after';

/** An operation that is to go wrong. */
export interface PlannedFault {
  readonly fault: DiskFault;
  /** Which operations it may be. */
  readonly applies: (operation: DiskOperation) => boolean;
  /** It is the n-th of them. */
  countdown: number;
}

export interface SimDiskOptions {
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  readonly profile: DiskProfile;
  /** Hears of every operation before anything comes of it. */
  readonly onOperation: (operation: DiskOperation) => void;
  /** Faults beyond those that the world asks for. */
  readonly sabotage: (operation: DiskOperation) => DiskFault | null;
  /** Gives an answer of the disk to the process that runs at the moment. */
  readonly deliver: (answer: () => void) => void;
  /** A planned fault has come. */
  readonly failed: (operation: DiskOperation, fault: DiskFault) => void;
}

const UNLIMITED = Number.MAX_SAFE_INTEGER;

export class SimDisk {
  readonly #options: SimDiskOptions;
  #disk: MemoryDisk;
  #capacity = UNLIMITED;
  #crash: { readonly moment: CrashMoment; countdown: number; crash: () => void } | null = null;
  #planned: PlannedFault | null = null;
  /** Answers that take their time, each with what takes it back. */
  readonly #underWay = new Map<() => void, () => void>();
  /** Answers that a stuck disk owes; null when it is not stuck. */
  #owed: (() => void)[] | null = null;
  /** It was told to fail, or to fill up: a process that gives up because of it is right. */
  hasFailed = false;
  /** Everything takes this much longer. */
  slowness = 1;

  constructor(options: SimDiskOptions) {
    this.#options = options;
    this.#disk = new MemoryDisk(this.#hooks());
  }

  /** What the running process sees; another one after each crash. */
  get disk(): MemoryDisk {
    return this.#disk;
  }

  /** The process ends, and with it all that was under way. */
  crash(mode: CrashMode, choices: CrashChoices = this.#options.prng): void {
    this.#end();
    this.#disk = this.#disk.crash(choices, mode);
  }

  /** The machine gets an empty disk; no process runs. */
  wipe(): void {
    this.#end();
    this.#disk = new MemoryDisk(this.#hooks());
  }

  /** Ends the process around its n-th disk operation from now. */
  crashAt(countdown: number, moment: CrashMoment, crash: () => void): void {
    this.#crash = { moment, countdown, crash };
  }

  /** An operation of this process goes wrong, if it does so many. */
  failAt(planned: PlannedFault): void {
    this.#planned = planned;
  }

  get isStuck(): boolean {
    return this.#owed !== null;
  }

  /** Nothing completes any more, until `release`. What is returned ends this one, no later one. */
  stick(): () => void {
    const owed = this.#owed ?? [];
    this.#owed = owed;
    return () => {
      if (this.#owed === owed) this.release();
    };
  }

  release(): void {
    const owed = this.#owed ?? [];
    this.#owed = null;
    for (const answer of owed) this.#options.scheduler.after(0, answer);
  }

  /** Leaves room for so many more bytes, counted roughly. */
  fill(room: number): void {
    let used = 0;
    for (const path of this.#disk.paths()) used += this.#disk.contents(path).length;
    this.#capacity = used + room;
    this.hasFailed = true;
  }

  empty(): void {
    this.#capacity = UNLIMITED;
  }

  /** Nothing goes wrong from now on, and nothing is late. */
  calm(): void {
    this.empty();
    this.release();
    for (const [answer, cancel] of this.#underWay) {
      cancel();
      this.#options.scheduler.after(0, answer);
    }
    this.#crash = null;
    this.#planned = null;
    this.slowness = 1;
  }

  #end(): void {
    this.#crash = null;
    this.#planned = null;
    this.#owed = null;
    this.#underWay.clear();
    this.hasFailed = this.#capacity !== UNLIMITED;
  }

  #hooks(): ConstructorParameters<typeof MemoryDisk>[0] {
    const capacity = (): number => this.#capacity;
    return {
      get capacity() {
        return capacity();
      },
      schedule: (complete, operation) => this.#schedule(complete, operation),
      fault: (operation) => this.#fault(operation),
    };
  }

  #fault(operation: DiskOperation): DiskFault | null {
    this.#options.onOperation(operation);
    const crash = this.#crash;
    if (crash !== null) {
      crash.countdown -= 1;
      if (crash.countdown === 0 && crash.moment === 'before') {
        this.#crash = null;
        this.#options.scheduler.after(0, crash.crash);
        return { type: 'stuck' };
      }
    }
    return this.#options.sabotage(operation) ?? this.#plannedFault(operation);
  }

  #plannedFault(operation: DiskOperation): DiskFault | null {
    const planned = this.#planned;
    if (planned === null || !planned.applies(operation)) return null;
    planned.countdown -= 1;
    if (planned.countdown > 0) return null;
    this.#planned = null;
    this.hasFailed = true;
    this.#options.failed(operation, planned.fault);
    return planned.fault;
  }

  #schedule(complete: () => void, operation: DiskOperation): void {
    const { scheduler, deliver } = this.#options;
    const crash = this.#crash;
    if (crash?.countdown === 0) {
      this.#crash = null;
      if (crash.moment === 'after') deliver(complete);
      scheduler.after(0, crash.crash);
      return;
    }
    const answer = (): void => {
      this.#underWay.delete(answer);
      if (this.#owed === null) deliver(complete);
      else this.#owed.push(answer);
    };
    this.#underWay.set(answer, scheduler.after(this.#latency(operation), answer));
  }

  #latency({ kind }: DiskOperation): number {
    const { prng, profile } = this.#options;
    const isSync = kind === 'sync' || kind === 'sync-directory';
    const mean = isSync ? profile.syncMs : profile.smallMs;
    return prng.exponential(mean) * this.slowness;
  }
}
