import type { LogIndex } from '../../raft/entry.ts';
import { ApiError } from '../../wire/errors.ts';
import { clientGone } from '../../wire/usual-errors.ts';
import type { RequestContext } from '../api.ts';
import type { Clock } from '../clock.ts';

interface WaitingRead {
  readonly context: Pick<RequestContext, 'deadline' | 'signal'>;
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
  /** How many may wait. */
  readonly max: number;
}

/** Whether clients are still there is looked at this often, ms. */
const SWEEP_MS = 100;
const RETRY_AFTER_SECONDS = 1;

/**
 * LINEARIZABLE READS, the node's half (thesis §6.4): every read that waits shares one question to
 * the core; reads that arrive while it is under way share the next. An answer says up to which
 * index this node must have applied. Each attempt has a number of its own, so that a late answer to
 * an earlier attempt answers nobody: it may be older than the reads that wait now.
 */
export class Reads {
  readonly #options: ReadsOptions;
  #gathering: WaitingRead[] = [];
  #asked: { context: number; at: number; reads: WaitingRead[] } | null = null;
  /** Reads that know their index and wait for it to be applied, in the order of their answers. */
  #applying: { index: LogIndex; reads: WaitingRead[] }[] = [];
  #context: number;
  #count = 0;
  #sweepAt = Number.POSITIVE_INFINITY;
  #abandoned: { readonly error: ApiError } | null = null;

  constructor(options: ReadsOptions) {
    this.#options = options;
    this.#context = options.firstContext;
  }

  get count(): number {
    return this.#count;
  }

  /** Whether one more may wait. */
  get hasRoom(): boolean {
    return this.#count < this.#options.max;
  }

  /** Resolves when the applied state is at least as new as all that was acknowledged before. */
  barrier(context: Pick<RequestContext, 'deadline' | 'signal'>): Promise<void> {
    const { max, clock } = this.#options;
    return new Promise((resolve, reject) => {
      if (this.#abandoned !== null) return reject(this.#abandoned.error);
      if (this.#count >= max) return reject(tooMany(max));
      this.#count += 1;
      this.#sweepAt = Math.min(this.#sweepAt, context.deadline, clock.now() + SWEEP_MS);
      this.#gathering.push({ context, resolve, reject });
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
    for (const { reads } of ready) {
      this.#count -= reads.length;
      for (const read of reads) read.resolve();
    }
  }

  /** Time passed: ends what has waited too long, asks anew what was not answered. */
  tick(): void {
    const now = this.#options.clock.now();
    if (this.#asked !== null && now - this.#asked.at >= this.#options.attemptMs) {
      this.#gathering = [...this.#asked.reads, ...this.#gathering];
      this.#asked = null;
    }
    if (now >= this.#sweepAt) this.#sweep(now);
    this.#next();
  }

  /** The node stops: nothing waits any more, now or later. */
  abandon(error: ApiError): void {
    this.#abandoned ??= { error };
    const groups = [this.#gathering, this.#asked?.reads ?? []];
    for (const group of this.#applying) groups.push(group.reads);
    this.#gathering = [];
    this.#asked = null;
    this.#applying = [];
    this.#count = 0;
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

  /** Ends the reads whose time is over, and drops those whose clients have gone. */
  #sweep(now: number): void {
    let sweepAt = now + SWEEP_MS;
    const isWanted = (read: WaitingRead): boolean => {
      const { deadline, signal } = read.context;
      const isGone = deadline > now && signal?.aborted === true;
      sweepAt = Math.min(sweepAt, deadline > now ? deadline : sweepAt);
      if (deadline > now && !isGone) return true;
      this.#count -= 1;
      read.reject(isGone ? clientGone() : this.#timeout());
      return false;
    };
    this.#gathering = this.#gathering.filter(isWanted);
    if (this.#asked !== null) this.#asked.reads = this.#asked.reads.filter(isWanted);
    for (const group of this.#applying) group.reads = group.reads.filter(isWanted);
    this.#applying = this.#applying.filter((group) => group.reads.length > 0);
    this.#sweepAt = this.#count === 0 ? Number.POSITIVE_INFINITY : sweepAt;
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

function tooMany(limit: number): ApiError {
  return new ApiError('too-many-requests', 'Too many reads wait for the leader to be confirmed.', {
    limit,
    limitName: 'pending-reads',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}
