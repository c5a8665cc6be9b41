import type { MemberId } from '../../lib/ids.ts';
import {
  type ForwardAnswer,
  type ForwardRequest,
  type Transport,
  TransportError,
} from '../../transport/transport.ts';
import { ApiError, type ErrorCode, ERRORS } from '../../wire/errors.ts';
import { clientGone } from '../../wire/usual-errors.ts';
import type { RequestContext } from '../api.ts';
import type { Clock } from '../clock.ts';
import type { Delays } from '../delays.ts';
import type { ArgumentFault } from './forwarded.ts';
import { LeaderWait } from './leader-wait.ts';

/** What only a leader can do, by name, with arguments and results that survive JSON. */
export interface LeaderOperation {
  /** Asked where the arguments come from another node. */
  readonly faultOf: ArgumentFault;
  run(body: unknown, requestId: string | null, deadline: number): Promise<unknown>;
  /** Whether doing this twice, under one id, has the effect of doing it once. */
  mayRepeat(body: unknown): boolean;
  /** Whether a result only says that this attempt was refused, and nothing of one before. */
  readonly refuses?: (result: unknown) => boolean;
}

export interface LeaderCallsOptions {
  readonly self: MemberId;
  readonly clock: Clock;
  readonly delays: Delays;
  readonly leader: () => MemberId | null;
  readonly transport: () => Transport;
  readonly operations: ReadonlyMap<string, LeaderOperation>;
  /** Names this life of this node, as no user can: forwarded requests are remembered under it. */
  readonly lifeName: string;
  /** How long to wait for a leader before saying that there is none, ms. */
  readonly leaderWaitMs: number;
  /** How many calls may be under way, and how many bytes they may hold. */
  readonly limits: { readonly calls: number; readonly bytes: number };
}

/**
 * Forwarded requests are numbered in this many series, as only the newest of each are remembered.
 */
const SERIES = 64;
/**
 * Kept back from the deadline for the way of the answer, ms: at most a quarter of what there is.
 */
const ANSWER_MARGIN_MS = 20;
const RETRY_AFTER_MS = 10;
const RETRY_AFTER_MAX_MS = 160;
/** Less is nothing: clocks are rounded, and a call must not be tried again and again in no time. */
const PAUSE_MIN_MS = 1;
const RETRY_AFTER_SECONDS = 1;

/** Failures that say "ask the present leader", after which the request certainly had no effect. */
const REFUSED: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['no-leader', 'leader-changed']);
/** Failures after which another leader may know more. */
const LEFT_OPEN: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['timeout', 'node-stopped']);

/** Requests that others were sent are looked at once in so many ticks. */
const LOOK_TICKS = 10;

/** A request that another node was sent, and that is not answered. */
interface Forward {
  readonly to: MemberId;
  readonly mayRepeat: boolean;
  readonly giveUp: (why: string) => void;
  /** At the last look it was not the leader who had been asked. */
  isStale: boolean;
}

/** One call on its way to a result. */
interface Call {
  readonly operation: LeaderOperation;
  readonly name: string;
  readonly body: unknown;
  readonly deadline: number;
  readonly context: RequestContext;
  requestId: string | null;
}

/**
 * CALLS TO THE LEADER: here if this node leads, else forwarded. A forwarded request has an id that
 * the replicated state remembers, so it may be sent again, to another leader too, after a failure
 * that leaves its outcome open. Once one attempt's outcome is open, a later refusal proves nothing
 * of it, and the caller hears that the outcome is unknown.
 */
export class LeaderCalls {
  readonly #options: LeaderCallsOptions;
  readonly #wait: LeaderWait;
  readonly #forwards = new Set<Forward>();
  #count = 0;
  #bytes = 0;
  #numbered = 0;
  #ticks = 0;
  #closed: ApiError | null = null;

  constructor(options: LeaderCallsOptions) {
    this.#options = options;
    this.#wait = new LeaderWait(options.clock, options.leader);
  }

  /** Calls that are under way. */
  get count(): number {
    return this.#count;
  }

  /**
   * `bytes` is what the body holds, about.
   *
   * @throws ApiError
   */
  async call(name: string, body: unknown, context: RequestContext, bytes = 0): Promise<unknown> {
    if (this.#closed !== null) throw this.#closed;
    this.#checkRoom();
    const { operations, clock } = this.#options;
    const operation = operations.get(name);
    if (operation === undefined) throw new Error(`no such operation: ${name}`);
    const margin = Math.min(ANSWER_MARGIN_MS, Math.max(0, context.deadline - clock.now()) / 4);
    const deadline = context.deadline - margin;
    const { requestId } = context;
    this.#count += 1;
    this.#bytes += bytes;
    try {
      return await this.#persevere({ operation, name, body, deadline, context, requestId });
    } finally {
      this.#count -= 1;
      this.#bytes -= bytes;
    }
  }

  /** The receiving half: carries out a forwarded request if this node leads. */
  async serve(request: ForwardRequest, timeoutMs: number): Promise<ForwardAnswer> {
    const { clock, operations, self, leader } = this.#options;
    try {
      const operation = operations.get(request.operation);
      if (operation === undefined) throw new ApiError('bad-request', 'no such operation');
      if (leader() !== self || this.#closed !== null) {
        throw new ApiError('no-leader', 'this node does not lead');
      }
      const fault = operation.faultOf(request.body, request.requestId);
      if (fault !== null) throw new ApiError('bad-request', `${request.operation}: ${fault}`);
      const deadline = clock.now() + timeoutMs;
      return { ok: true, body: await operation.run(request.body, request.requestId, deadline) };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { code, message: detail, fields } = error;
      return { ok: false, body: { code, detail, fields } };
    }
  }

  tick(): void {
    this.#wait.tick();
    this.#ticks += 1;
    if (this.#ticks % LOOK_TICKS === 0) this.#lookAtForwards();
  }

  /** The node stops: every call ends, those under way with what is known of them. */
  close(error: ApiError): void {
    this.#closed ??= error;
    this.#wait.close();
    for (const forward of this.#forwards) forward.giveUp('this node stops');
  }

  async #persevere(call: Call): Promise<unknown> {
    const { context } = call;
    const { clock, self, leaderWaitMs, delays } = this.#options;
    let isOpen = false;
    let retryAfterMs = RETRY_AFTER_MS;
    for (;;) {
      const giveUpAt = Math.min(call.deadline, clock.now() + leaderWaitMs);
      const leader = await this.#wait.wait(giveUpAt, context);
      if (leader === null || clock.now() >= call.deadline) throw this.#givenUp(isOpen, context);
      if (leader !== self) call.requestId ??= this.#nextId();
      const outcome = await this.#attempt(leader, call);
      if (outcome.type === 'done') {
        const isRefused = call.operation.refuses?.(outcome.result) === true;
        // A name of ours that is refused was remembered once; its client knows nothing of it.
        if (isRefused && (isOpen || context.requestId === null)) throw unknown();
        return outcome.result;
      }
      if (outcome.type === 'failed') throw isOpen ? unknown() : outcome.error;
      isOpen ||= outcome.isOpen;
      const pauseMs = Math.min(retryAfterMs, call.deadline - clock.now());
      const isHopeless = pauseMs < PAUSE_MIN_MS || context.signal?.aborted === true;
      if (isHopeless) throw this.#givenUp(isOpen, context);
      await delays.sleep(pauseMs);
      retryAfterMs = Math.min(2 * retryAfterMs, RETRY_AFTER_MAX_MS);
    }
  }

  async #attempt(leader: MemberId, call: Call): Promise<Outcome> {
    const { operation, body, requestId, deadline } = call;
    try {
      const result =
        leader === this.#options.self
          ? await operation.run(body, requestId, deadline)
          : await this.#forward(leader, call);
      return { type: 'done', result };
    } catch (error) {
      const failure = failureOf(error);
      if (failure.type === 'refused') return { type: 'again', isOpen: false };
      const mayRepeat = requestId !== null && operation.mayRepeat(body);
      if (failure.type === 'open' && mayRepeat) return { type: 'again', isOpen: true };
      return { type: 'failed', error: failure.error };
    }
  }

  async #forward(to: MemberId, call: Call): Promise<unknown> {
    const { operation, name, body, requestId, deadline } = call;
    const { self, clock, transport } = this.#options;
    const timeoutMs = Math.max(1, deadline - clock.now());
    const { correlation } = call.context;
    const names = { operation: name, requestId: requestId ?? '', correlation };
    const request = { from: self, to, ...names, body };
    const mayRepeat = operation.mayRepeat(body);
    const answer = await this.#answerOf(transport().forward(to, request, timeoutMs), to, mayRepeat);
    if (answer.ok) return answer.body;
    throw errorOfAnswer(answer.body);
  }

  /** The answer, if it comes while it is worth waiting for. */
  #answerOf(asked: Promise<ForwardAnswer>, to: MemberId, mayRepeat: boolean) {
    return new Promise<ForwardAnswer>((resolve, reject) => {
      const giveUp = (why: string): void => {
        this.#forwards.delete(forward);
        reject(new TransportError(why, true));
      };
      const forward: Forward = { to, mayRepeat, giveUp, isStale: false };
      this.#forwards.add(forward);
      asked.then(resolve, reject).finally(() => this.#forwards.delete(forward));
    });
  }

  /**
   * Who was asked and is not the leader any more may be gone for good. It has a moment to answer
   * still; then the one that leads is asked.
   */
  #lookAtForwards(): void {
    const leader = this.#options.leader();
    if (leader === null) return;
    for (const forward of this.#forwards) {
      if (forward.to === leader || !forward.mayRepeat) continue;
      if (forward.isStale) forward.giveUp('it does not lead any more');
      forward.isStale = true;
    }
  }

  #checkRoom(): void {
    const { calls, bytes } = this.#options.limits;
    if (this.#count < calls && this.#bytes < bytes) return;
    throw new ApiError('too-many-requests', 'Too many requests wait for the leader.', {
      limit: calls,
      limitName: 'pending-proposals',
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  }

  /** Why there is no result, as far as it is known. */
  #givenUp(isOpen: boolean, context: RequestContext): ApiError {
    if (isOpen) return unknown();
    if (this.#closed !== null) return this.#closed;
    if (context.signal?.aborted === true) return clientGone();
    const why = 'a majority of the members is not reachable, or an election is under way';
    return new ApiError('no-leader', `The leader could not be reached in time: ${why}.`);
  }

  #nextId(): string {
    this.#numbered += 1;
    const series = this.#numbered % SERIES;
    return `${this.#options.lifeName}-${series}.${Math.floor(this.#numbered / SERIES) + 1}`;
  }
}

type Outcome =
  | { readonly type: 'done'; readonly result: unknown }
  | { readonly type: 'failed'; readonly error: ApiError }
  /** Not done, as far as is known; `isOpen` when it may yet be, or have been. */
  | { readonly type: 'again'; readonly isOpen: boolean };

type Failure =
  | { readonly type: 'refused' }
  | { readonly type: 'open' | 'final'; readonly error: ApiError };

function failureOf(error: unknown): Failure {
  if (error instanceof TransportError) {
    return error.sent ? { type: 'open', error: unknown() } : { type: 'refused' };
  }
  if (!(error instanceof ApiError)) throw error;
  if (REFUSED.has(error.code)) return { type: 'refused' };
  return { type: LEFT_OPEN.has(error.code) ? 'open' : 'final', error };
}

function unknown(): ApiError {
  return new ApiError('timeout', 'The request may or may not have had its effect.');
}

function errorOfAnswer(body: unknown): ApiError {
  const answer = (body ?? {}) as { code?: unknown; detail?: unknown; fields?: unknown };
  const known = typeof answer.code === 'string' && Object.hasOwn(ERRORS, answer.code);
  if (!known) return new ApiError('internal', 'the leader gave an answer that is not understood');
  const detail = typeof answer.detail === 'string' ? answer.detail : '';
  const fields = (answer.fields ?? {}) as Readonly<Record<string, unknown>>;
  return new ApiError(answer.code as ErrorCode, detail, fields);
}
