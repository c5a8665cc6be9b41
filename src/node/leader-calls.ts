import type { MemberId } from '../lib/ids.ts';
import {
  type ForwardAnswer,
  type ForwardRequest,
  type Transport,
  TransportError,
} from '../transport/transport.ts';
import { ApiError, type ErrorCode, ERRORS } from '../wire/errors.ts';
import type { RequestContext } from './api.ts';
import type { Clock } from './clock.ts';

/** What only a leader can do, by name, with arguments and results that survive JSON. */
export type LeaderOperation = (
  body: unknown,
  requestId: string | null,
  deadline: number,
) => Promise<unknown>;

export interface LeaderCallsOptions {
  readonly self: MemberId;
  readonly clock: Clock;
  readonly leader: () => MemberId | null;
  readonly transport: () => Transport;
  readonly operations: ReadonlyMap<string, LeaderOperation>;
  /** Names this life of this node: forwarded requests are remembered under it. */
  readonly lifeName: string;
  /** How long to wait for a leader before saying that there is none, ms. */
  readonly leaderWaitMs: number;
}

/** Forwarded requests are numbered in this many series, as only the newest of each are remembered. */
const SERIES = 64;
/** Kept back from the deadline for the way of the answer, ms. */
const ANSWER_MARGIN_MS = 20;
const RETRY_AFTER_MS = 10;

/** Failures that say "ask the present leader", after which the request certainly had no effect. */
const RETRIED: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['no-leader', 'leader-changed']);

/**
 * CALLS TO THE LEADER: here if this node leads, else forwarded. A forwarded request has an id that
 * the replicated state remembers, so it may be sent again, to another leader too, after a failure
 * that leaves its outcome open.
 */
export class LeaderCalls {
  readonly #options: LeaderCallsOptions;
  #count = 0;

  constructor(options: LeaderCallsOptions) {
    this.#options = options;
  }

  /** @throws ApiError */
  async call(operation: string, body: unknown, context: RequestContext): Promise<unknown> {
    const { clock, self } = this.#options;
    const deadline = context.deadline - ANSWER_MARGIN_MS;
    let requestId = context.requestId;
    let mayHaveHappened = false;
    for (;;) {
      const leader = await this.#findLeader(deadline, mayHaveHappened);
      if (leader !== self) requestId ??= this.#nextId();
      const outcome = await this.#attempt(leader, operation, body, requestId, deadline);
      if (outcome.type === 'done') return outcome.result;
      if (outcome.type === 'failed') throw mayHaveHappened ? unknown(outcome.error) : outcome.error;
      mayHaveHappened ||= outcome.sent;
      if (clock.now() >= deadline) throw timeout(mayHaveHappened);
      await this.#pause();
    }
  }

  /** The receiving half: carries out a forwarded request if this node leads. */
  async serve(request: ForwardRequest, timeoutMs: number): Promise<ForwardAnswer> {
    const { clock, operations, self, leader } = this.#options;
    try {
      const operation = operations.get(request.operation);
      if (operation === undefined) throw new ApiError('bad-request', 'no such operation');
      if (leader() !== self) throw new ApiError('no-leader', 'this node does not lead');
      const deadline = clock.now() + timeoutMs;
      return { ok: true, body: await operation(request.body, request.requestId, deadline) };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { code, message: detail, fields } = error;
      return { ok: false, body: { code, detail, fields } };
    }
  }

  async #attempt(
    leader: MemberId,
    operation: string,
    body: unknown,
    requestId: string | null,
    deadline: number,
  ): Promise<Outcome> {
    try {
      const result =
        leader === this.#options.self
          ? await this.#local(operation, body, requestId, deadline)
          : await this.#forward(leader, operation, body, requestId ?? '', deadline);
      return { type: 'done', result };
    } catch (error) {
      if (error instanceof TransportError) return { type: 'again', sent: error.sent };
      if (!(error instanceof ApiError)) throw error;
      return RETRIED.has(error.code) ? { type: 'again', sent: false } : { type: 'failed', error };
    }
  }

  #local(operation: string, body: unknown, requestId: string | null, deadline: number) {
    const run = this.#options.operations.get(operation);
    if (run === undefined) throw new Error(`no such operation: ${operation}`);
    return run(body, requestId, deadline);
  }

  async #forward(
    to: MemberId,
    operation: string,
    body: unknown,
    requestId: string,
    deadline: number,
  ): Promise<unknown> {
    const { self, clock, transport } = this.#options;
    const timeoutMs = Math.max(1, deadline - clock.now());
    const request = { from: self, to, operation, requestId, body };
    const answer = await transport().forward(to, request, timeoutMs);
    if (answer.ok) return answer.body;
    throw errorOfAnswer(answer.body);
  }

  async #findLeader(deadline: number, mayHaveHappened: boolean): Promise<MemberId> {
    const { clock, leader, leaderWaitMs } = this.#options;
    const giveUp = Math.min(deadline, clock.now() + leaderWaitMs);
    for (;;) {
      const known = leader();
      if (known !== null) return known;
      if (clock.now() >= giveUp) {
        if (mayHaveHappened) throw timeout(true);
        const detail = 'No leader is known: a majority of the members is not reachable.';
        throw new ApiError('no-leader', detail);
      }
      await this.#pause();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.setTimer(RETRY_AFTER_MS, resolve);
    });
  }

  #nextId(): string {
    this.#count += 1;
    const series = this.#count % SERIES;
    return `${this.#options.lifeName}-${series}.${Math.floor(this.#count / SERIES) + 1}`;
  }
}

type Outcome =
  | { readonly type: 'done'; readonly result: unknown }
  | { readonly type: 'failed'; readonly error: ApiError }
  /** Not done, as far as is known; `sent` when it may yet be, or have been. */
  | { readonly type: 'again'; readonly sent: boolean };

function timeout(mayHaveHappened: boolean): ApiError {
  return mayHaveHappened
    ? new ApiError('timeout', 'The request may or may not have had its effect.')
    : new ApiError('no-leader', 'The leader could not be reached in time.');
}

/** A refusal speaks for the last attempt alone: an earlier one may have had its effect. */
function unknown(error: ApiError): ApiError {
  return error.applied === 'no' ? timeout(true) : error;
}

function errorOfAnswer(body: unknown): ApiError {
  const answer = (body ?? {}) as { code?: unknown; detail?: unknown; fields?: unknown };
  const known = typeof answer.code === 'string' && Object.hasOwn(ERRORS, answer.code);
  if (!known) return new ApiError('internal', 'the leader gave an answer that is not understood');
  const detail = typeof answer.detail === 'string' ? answer.detail : '';
  const fields = (answer.fields ?? {}) as Readonly<Record<string, unknown>>;
  return new ApiError(answer.code as ErrorCode, detail, fields);
}
