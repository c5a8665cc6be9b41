import { unreachable } from '../../lib/assert.ts';
import type { Correlation } from '../../wire/correlation.ts';
import { ApiError } from '../../wire/errors.ts';
import { clientGone, shuttingDown } from '../../wire/usual-errors.ts';
import type { NodeApi, RequestContext } from '../api.ts';
import type { Clock } from '../clock.ts';
import type { Contender } from './contender.ts';
import { Latch } from './latch.ts';
import { persist, setTimer } from './persistence.ts';
import { type Entrant, leavePlace, type Place, takePlace } from './place.ts';
import type { QueueView } from './queue-view.ts';
import { Renewal } from './renewal.ts';

/** What the queues of locks need of a node. */
export type LockNode = Pick<
  NodeApi,
  'propose' | 'store' | 'onChange' | 'readBarrier' | 'keepAlive' | 'drawLeaseId' | 'now'
>;

/** How long somebody waits, and what ends it before. */
export interface WaitContext {
  /** Ms to be first; with 0 it is tried once. */
  readonly waitMs: number;
  /** Ms for what takes a majority of the members, before the wait and after it. */
  readonly timeoutMs: number;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal | null;
  /** Fires when the node begins to stop; what is to be proposed still must be proposed at once. */
  readonly shutdown: AbortSignal;
  readonly correlation?: Correlation | undefined;
}

/** The end of a wait. */
export type Acquired =
  | { readonly type: 'held'; readonly place: Place }
  /** The wait is over, and the place was given up. `holder`: whoever is first, as far as known. */
  | { readonly type: 'locked'; readonly holder: Contender | null };

/** Left at least, after the wait, to give a place up, ms. */
const LEAVE_MS = 1000;

type Interruption = 'gone' | 'stopping';

/**
 * ONE REQUEST THAT WAITS TO BE FIRST. It takes a place, is woken when the place has become the
 * first or was lost, makes sure of it with a majority of the members, and gives it up however else
 * it ends. What it cannot give up goes when its lease ends: from then on nobody renews that.
 */
export class Waiter {
  readonly #node: LockNode;
  readonly #timers: Pick<Clock, 'setTimer'>;
  readonly #view: QueueView;
  readonly #entrant: Entrant;
  readonly #context: WaitContext;
  readonly #latch = new Latch();
  /** By `now()`: when all must have ended. */
  readonly #endAt: number;
  #interruption: Interruption | null = null;
  #isWaitOver = false;
  #place: Place | null = null;
  /** Whether it holds; nothing is given up any more. */
  #holds = false;
  /** Giving the place up because the node stops: begun while it still can be. */
  #leaving: Promise<unknown> | null = null;

  /** `view` must stay open until `done` has been called. */
  constructor(
    node: LockNode,
    timers: Pick<Clock, 'setTimer'>,
    view: QueueView,
    entrant: Entrant,
    context: WaitContext,
  ) {
    this.#node = node;
    this.#timers = timers;
    this.#view = view;
    this.#entrant = entrant;
    this.#context = context;
    this.#endAt = node.now() + context.waitMs + context.timeoutMs;
  }

  /**
   * @param done called when nothing of this is left to do, which may be later than the end
   * @throws ApiError `lease-not-found`, `lease-lost`, `request-timeout` when the client has gone,
   *   `shutting-down`; `timeout` when the place may not have been given up; and whatever taking it
   *   may throw
   */
  async acquire(done: () => void): Promise<Acquired> {
    const stopListening = this.#listen();
    try {
      this.#throwIfInterrupted();
      const place = await this.#enter();
      this.#place = place;
      return await this.#stand(place, done);
    } catch (error) {
      if (this.#place === null) done();
      throw error;
    } finally {
      stopListening();
    }
  }

  #listen(): () => void {
    const { signal, shutdown, waitMs } = this.#context;
    const gone = (): void => this.#interrupt('gone');
    const stopping = (): void => this.#interrupt('stopping');
    signal?.addEventListener('abort', gone);
    shutdown.addEventListener('abort', stopping);
    if (signal?.aborted === true) gone();
    if (shutdown.aborted) stopping();
    const cancel = setTimer(this.#timers, waitMs, () => {
      this.#isWaitOver = true;
      this.#latch.wake();
    });
    this.#isWaitOver = waitMs === 0;
    return () => {
      cancel();
      signal?.removeEventListener('abort', gone);
      shutdown.removeEventListener('abort', stopping);
    };
  }

  #interrupt(interruption: Interruption): void {
    this.#interruption ??= interruption;
    if (interruption === 'stopping' && this.#place !== null && !this.#holds) {
      this.#leaving ??= this.#leave(this.#place);
      // It is looked at where the wait ends.
      this.#leaving.catch(() => undefined);
    }
    this.#latch.wake();
  }

  /** When it is not known whether the place was taken it is taken again, until that is known. */
  async #enter(): Promise<Place> {
    const until = this.#node.now() + this.#context.timeoutMs;
    let isOpen = false;
    const take = async (): Promise<Place> => {
      try {
        return await takePlace(this.#node, this.#entrant, this.#contextUntil(until));
      } catch (error) {
        isOpen ||= error instanceof ApiError && error.applied === 'unknown';
        throw error;
      }
    };
    try {
      // What certainly had no effect is told at once, as of every other write.
      return await this.#persist(until, take, () => !isOpen || this.#interruption !== null);
    } catch (error) {
      if (!isOpen) throw error;
      if (this.#entrant.isAlone) this.#revokeSomeTime();
      throw unknown('The request may or may not have joined the queue');
    }
  }

  /** In its place from here on, until it holds or has left. */
  async #stand(place: Place, done: () => void): Promise<Acquired> {
    const leaveView = this.#view.wait(place.key, () => this.#latch.wake());
    const renewal = this.#renewal(place);
    try {
      this.#throwIfInterrupted();
      await this.#barrier();
      const acquired = await this.#outcome(place);
      done();
      return acquired;
    } catch (error) {
      throw await this.#abandon(place, error, done);
    } finally {
      renewal?.stop();
      leaveView();
    }
  }

  async #outcome(place: Place): Promise<Acquired> {
    let isCertain = place.isFresh;
    for (;;) {
      this.#throwIfInterrupted();
      this.#requirePlace(place);
      const { first } = this.#view;
      const isFirst = first?.pair.key === place.key;
      if (isFirst && isCertain) {
        this.#holds = true;
        return { type: 'held', place };
      }
      // After a wait the lease is old, and so may be what this node knows.
      isCertain = isFirst;
      if (isFirst) {
        await this.#confirm();
      } else if (this.#isWaitOver) {
        if ((await this.#leaveInTime(place)) === 'left') return { type: 'locked', holder: first };
      } else {
        await this.#latch.wait();
      }
    }
  }

  /** That the place is first is certain; whether it is still there, and for how long, is asked. */
  async #confirm(): Promise<void> {
    const { lease, ttl } = this.#entrant;
    const renew = (): Promise<number | null> =>
      this.#node.keepAlive(lease, this.#contextUntil(this.#endAt));
    const renewed = ttl === null ? ttl : this.#persist(this.#endAt, renew);
    const [left] = await Promise.all([renewed, this.#barrier()]);
    if (ttl !== null && left === null) throw lost();
  }

  /** Ends what has failed; the error that says so. */
  async #abandon(place: Place, error: unknown, done: () => void): Promise<unknown> {
    if (this.#interruption === 'stopping') {
      const left = await (this.#leaving ?? this.#leave(place)).then(
        () => true,
        () => false,
      );
      done();
      if (left) return shuttingDown();
      return unknown('The node is shutting down, and its waiter may still be in the queue');
    }
    void this.#leaveSomeTime(place, done);
    if (this.#interruption === 'gone') return clientGone();
    const isKnown = !(error instanceof ApiError) || error.code === 'lease-lost';
    return isKnown ? error : unknown('The request may still be in the queue, until its lease ends');
  }

  async #leave(place: Place): Promise<'left' | 'holds'> {
    const until = Math.max(this.#endAt, this.#node.now() + LEAVE_MS);
    return await leavePlace(this.#node, place, this.#view, this.#contextUntil(until));
  }

  async #leaveInTime(place: Place): Promise<'left' | 'holds'> {
    const until = Math.max(this.#endAt, this.#node.now() + LEAVE_MS);
    return await this.#persist(until, () => this.#leave(place));
  }

  /** Tries for as long as it takes: when the lease has ended there is nothing left to give up. */
  async #leaveSomeTime(place: Place, done: () => void): Promise<void> {
    const { timeoutMs } = this.#context;
    const leave = (): Promise<unknown> => {
      const context = this.#contextUntil(this.#node.now() + timeoutMs);
      return leavePlace(this.#node, place, this.#view, context);
    };
    await this.#persist(Number.POSITIVE_INFINITY, leave, () => false).catch(() => undefined);
    done();
  }

  /** A lease that was perhaps granted: it would end by itself, but its place is in others' way. */
  #revokeSomeTime(): void {
    const { lease: id } = this.#entrant;
    const context = this.#contextUntil(this.#node.now() + this.#context.timeoutMs);
    this.#node.propose({ kind: 'lease-revoke', id }, context).catch(() => undefined);
  }

  async #barrier(): Promise<void> {
    const { signal } = this.#context;
    const ask = (): Promise<void> =>
      this.#node.readBarrier({ ...this.#contextUntil(this.#endAt), signal });
    await this.#persist(this.#endAt, ask);
  }

  #persist<T>(
    until: number,
    attempt: () => Promise<T>,
    isOver = () => this.#interruption !== null,
  ): Promise<T> {
    const now = (): number => this.#node.now();
    return persist({ now, timers: this.#timers, until, isOver }, attempt);
  }

  /** One attempt has the usual time, so that a leader that has gone is not waited for. */
  #contextUntil(until: number): RequestContext {
    const { timeoutMs, correlation } = this.#context;
    const deadline = Math.min(until, this.#node.now() + timeoutMs);
    return { deadline, requestId: null, signal: null, correlation };
  }

  #renewal({ entrant: { lease, ttl } }: Place): Renewal | null {
    if (ttl === null) return null;
    const context = (): RequestContext => this.#contextUntil(Number.POSITIVE_INFINITY);
    return new Renewal({ node: this.#node, timers: this.#timers, lease, ttl, context });
  }

  #throwIfInterrupted(): void {
    switch (this.#interruption) {
      case null:
        return;
      case 'gone':
        throw clientGone();
      case 'stopping':
        throw shuttingDown();
      default:
        unreachable(this.#interruption);
    }
  }

  #requirePlace({ key, createRevision }: Place): void {
    if (this.#view.get(key)?.pair.createRevision !== createRevision) throw lost();
  }
}

function lost(): ApiError {
  return new ApiError('lease-lost', 'The place in the queue is gone: its lease ended, or its key');
}

function unknown(detail: string): ApiError {
  return new ApiError('timeout', `${detail}.`);
}
