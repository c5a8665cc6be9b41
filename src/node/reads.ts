import type { LogIndex } from '../raft/entry.ts';
import { ApiError } from '../wire/errors.ts';
import type { Clock } from './clock.ts';

interface WaitingRead {
  readonly deadline: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface ReadsOptions {
  readonly clock: Clock;
  /** Asks the core; its answer comes to `answered`. */
  readonly ask: (context: number) => void;
  readonly appliedIndex: () => LogIndex;
  readonly hasLeader: () => boolean;
  /** Contexts count from here; no earlier life of this node may have used them. */
  readonly firstContext: number;
  /** An attempt that is not answered by then is made anew, ms. */
  readonly attemptMs: number;
}

/**
 * LINEARIZABLE READS, the node's half (thesis §6.4): every read that waits shares one question to
 * the core; reads that arrive while it is under way share the next. An answer says up to which index
 * this node must have applied. Each attempt has a number of its own, so that a late answer to an
 * earlier attempt answers nobody: it may be older than the reads that wait now.
 */
export class Reads {
  readonly #options: ReadsOptions;
  #gathering: WaitingRead[] = [];
  #asked: { context: number; at: number; reads: WaitingRead[] } | null = null;
  /** Reads that know their index and wait for it to be applied, lowest first. */
  #applying: { index: LogIndex; reads: WaitingRead[] }[] = [];
  #context: number;

  constructor(options: ReadsOptions) {
    this.#options = options;
    this.#context = options.firstContext;
  }

  get count(): number {
    const applying = this.#applying.reduce((sum, group) => sum + group.reads.length, 0);
    return this.#gathering.length + (this.#asked?.reads.length ?? 0) + applying;
  }

  /** Resolves when the applied state is at least as new as all that was acknowledged before. */
  barrier(deadline: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#gathering.push({ deadline, resolve, reject });
      this.#next();
    });
  }

  /** The core's answer; null when leadership could not be confirmed. */
  answered(context: number, index: LogIndex | null): void {
    if (this.#asked?.context !== context) return;
    const { reads } = this.#asked;
    this.#asked = null;
    if (index === null) {
      // Asked again at the next tick, not at once: there may be no leader for a while.
      this.#gathering = [...reads, ...this.#gathering];
      return;
    }
    this.#applying.push({ index, reads });
    this.advanced();
    this.#next();
  }

  /** The applied index moved. */
  advanced(): void {
    const applied = this.#options.appliedIndex();
    if (!this.#applying.some((group) => group.index <= applied)) return;
    const ready = this.#applying.filter((group) => group.index <= applied);
    this.#applying = this.#applying.filter((group) => group.index > applied);
    for (const group of ready) for (const read of group.reads) read.resolve();
  }

  /** Time passed: ends what has waited too long, asks anew what was not answered. */
  tick(): void {
    const now = this.#options.clock.now();
    if (this.#asked !== null && now - this.#asked.at >= this.#options.attemptMs) {
      this.#gathering = [...this.#asked.reads, ...this.#gathering];
      this.#asked = null;
    }
    if (this.count > 0) this.#expire(now);
    this.#next();
  }

  abandon(error: unknown): void {
    const groups = [this.#gathering, this.#asked?.reads ?? []];
    for (const group of this.#applying) groups.push(group.reads);
    this.#gathering = [];
    this.#asked = null;
    this.#applying = [];
    for (const reads of groups) for (const read of reads) read.reject(error);
  }

  #next(): void {
    if (this.#asked !== null || this.#gathering.length === 0) return;
    if (!this.#options.hasLeader()) return;
    this.#context += 1;
    const context = this.#context;
    this.#asked = { context, at: this.#options.clock.now(), reads: this.#gathering };
    this.#gathering = [];
    this.#options.ask(context);
  }

  #expire(now: number): void {
    const alive = (read: WaitingRead): boolean => {
      if (read.deadline > now) return true;
      read.reject(this.#timeout());
      return false;
    };
    this.#gathering = this.#gathering.filter(alive);
    if (this.#asked !== null) this.#asked.reads = this.#asked.reads.filter(alive);
    for (const group of this.#applying) group.reads = group.reads.filter(alive);
    this.#applying = this.#applying.filter((group) => group.reads.length > 0);
  }

  #timeout(): ApiError {
    return this.#options.hasLeader()
      ? new ApiError('read-timeout', 'No quorum confirmed the leader in time; try again.')
      : new ApiError(
          'no-leader',
          'No leader is known: a majority of the members is not reachable.',
        );
  }
}
