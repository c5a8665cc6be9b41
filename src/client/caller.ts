/**
 * REQUESTS THAT SUCCEED IF THEY CAN
 *
 * A request goes to one node after another until one has answered it or its time is over. It may
 * be sent more than once: a read has no effect, and a write carries a name (request-ids.ts) under
 * which the cluster carries it out once and repeats its first answer. So an answer that was lost
 * costs time and nothing else.
 *
 * When the time is over and an attempt was made whose outcome nobody knows, the error says
 * `applied: 'unknown'`, whatever the last node said of its own part.
 */

import { link } from './abort.ts';
import { pause } from './clock.ts';
import { Endpoints } from './endpoints.ts';
import { type Applied, AbcdError, abortedError } from './errors.ts';
import {
  type ClientRequest,
  exchange,
  type Outcome,
  type Reader,
  type Refused,
} from './exchange.ts';
import { chance, type CallOptions, type Settings } from './options.ts';
import { RequestIds } from './request-ids.ts';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;

/** A request that is not repeated after so long: the cluster forgets idle clients after 10 min. */
const LONGEST_REPETITION_MS = 9 * 60_000;

export class Caller {
  readonly settings: Settings;
  readonly endpoints: Endpoints;
  readonly #ids: RequestIds;
  readonly #closing = new AbortController();

  constructor(settings: Settings) {
    this.settings = settings;
    this.endpoints = new Endpoints(settings.endpoints, settings.clock);
    this.#ids = new RequestIds(settings.clientId);
  }

  /** Fires when the client is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Ends everything that is under way. */
  close(): void {
    if (this.closing.aborted) return;
    this.#closing.abort(new AbcdError('aborted', 'The client was closed', { applied: 'unknown' }));
  }

  /** Carries a request out, at any node. @throws AbcdError */
  async call<T>(request: ClientRequest, options: CallOptions, read: Reader<T>): Promise<T> {
    const linked = link([this.closing, options.signal]);
    const isRepeatable = request.method === 'GET' || request.repeatable === true;
    const name = isRepeatable ? null : this.#ids.take();
    try {
      const run = new Run(this, request, options, linked.signal, name?.id ?? null);
      return await run.toTheEnd(read);
    } finally {
      name?.done();
      linked.unlink();
    }
  }

  /** Asks one node, once. @throws AbcdError */
  async callOne<T>(
    url: string,
    request: ClientRequest,
    options: CallOptions,
    read: Reader<T>,
  ): Promise<T> {
    const linked = link([this.closing, options.signal]);
    try {
      const run = new Run(this, request, options, linked.signal, null);
      return await run.once(url, read);
    } finally {
      linked.unlink();
    }
  }
}

/** One request on its way through the nodes. */
class Run {
  readonly #caller: Caller;
  readonly #request: ClientRequest;
  readonly #signal: AbortSignal;
  readonly #name: string | null;
  readonly #deadline: number;
  #attemptMs: number;
  /** An attempt was made that may have, or may still get, its effect. */
  #uncertain = false;
  #lastRefusal: Refused | null = null;
  readonly #failures = new Map<string, string>();

  constructor(
    caller: Caller,
    request: ClientRequest,
    options: CallOptions,
    signal: AbortSignal,
    name: string | null,
  ) {
    const { settings } = caller;
    const totalMs = options.timeoutMs ?? settings.timeoutMs;
    this.#caller = caller;
    this.#request = request;
    this.#signal = signal;
    this.#name = name;
    this.#attemptMs = settings.attemptTimeoutMs;
    const mostMs = name === null ? Number.POSITIVE_INFINITY : LONGEST_REPETITION_MS;
    this.#deadline = settings.clock.now() + Math.min(totalMs, mostMs) + (request.waitMs ?? 0);
  }

  async toTheEnd<T>(read: Reader<T>): Promise<T> {
    const { endpoints } = this.#caller;
    for (let tried = 1, pauseMs = FIRST_PAUSE_MS; ; tried += 1) {
      const url = endpoints.current;
      const outcome = await this.#attempt(url, read);
      if (outcome.type === 'done') return outcome.value;
      this.#failures.set(url, outcome.type === 'broken' ? outcome.why : outcome.error.message);
      const roundIsOver = tried % endpoints.size === 0;
      const later = outcome.type === 'refused' && outcome.again === 'later';
      if (!roundIsOver && !later && endpoints.restMs(endpoints.current) === 0) continue;
      const restMs = later ? outcome.restMs : endpoints.restMs(endpoints.current);
      await this.#pause(Math.max(restMs, pauseMs * (0.5 + chance())));
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
  }

  async once<T>(url: string, read: Reader<T>): Promise<T> {
    this.#attemptMs = Number.POSITIVE_INFINITY;
    const outcome = await this.#attempt(url, read);
    if (outcome.type === 'done') return outcome.value;
    if (outcome.type === 'refused') throw outcome.error;
    this.#failures.set(url, outcome.why);
    throw this.#error();
  }

  async #attempt<T>(url: string, read: Reader<T>): Promise<Outcome<T>> {
    const { settings, endpoints } = this.#caller;
    const { waitMs = 0 } = this.#request;
    if (this.#signal.aborted) throw abortedError(this.#signal.reason, this.#applied());
    const leftMs = this.#deadline - settings.clock.now();
    if (leftMs <= 0) throw this.#error();
    const budgetMs = Math.min(leftMs, this.#attemptMs + waitMs);
    let unsubscribe: () => void = () => undefined;
    const onStart = (giveUp: () => void) => {
      if (waitMs > 0) unsubscribe = endpoints.whenBroken(url, giveUp);
    };
    const headers = this.#headers(Math.max(1, budgetMs - waitMs));
    const options = { headers, budgetMs, signal: this.#signal, onStart };
    const outcome = await exchange(settings, url, this.#request, options, read);
    unsubscribe();
    this.#note(url, outcome);
    return outcome;
  }

  /** @throws AbcdError when there is no use in going on */
  #note(url: string, outcome: Outcome<unknown>): void {
    this.#learn(url, outcome);
    if (this.#uncertain && this.#request.atMostOnce === true && outcome.type !== 'done') {
      throw this.#error();
    }
  }

  #learn(url: string, outcome: Outcome<unknown>): void {
    const { endpoints } = this.#caller;
    if (outcome.type === 'done') return endpoints.worked(url);
    if (outcome.type === 'refused' && outcome.again === 'never') {
      endpoints.worked(url);
      throw this.#isDefinite(outcome) ? outcome.error : this.#unknown(outcome.error);
    }
    if (outcome.type === 'broken') {
      this.#uncertain ||= outcome.sent;
      if (this.#signal.aborted) throw abortedError(this.#signal.reason, this.#applied());
      // It may be the cluster that is slow, and not this node: the next one gets more time.
      if (outcome.late) this.#attemptMs *= 2;
      endpoints.broke(url);
      return;
    }
    this.#lastRefusal = outcome;
    this.#uncertain ||= outcome.error.applied === 'unknown';
    if (outcome.again === 'elsewhere') endpoints.refused(url, outcome.restMs);
  }

  async #pause(ms: number): Promise<void> {
    const { clock } = this.#caller.settings;
    if (clock.now() + ms >= this.#deadline) throw this.#error();
    try {
      await pause(clock, ms, this.#signal);
    } catch {
      throw abortedError(this.#signal.reason, this.#applied());
    }
  }

  /** What is known of an error that a node gave for good. */
  #isDefinite({ error }: Refused): boolean {
    return !this.#uncertain || this.#name === null || REMEMBERED.has(error.code);
  }

  #unknown(error: AbcdError): AbcdError {
    const { code, detail, status, fields } = error;
    return new AbcdError(code, detail, { status, fields, applied: 'unknown' });
  }

  #applied(): Applied {
    return this.#uncertain && this.#request.method !== 'GET' ? 'unknown' : 'no';
  }

  /** The error of a request whose time is over. */
  #error(): AbcdError {
    const applied = this.#applied();
    if (this.#lastRefusal !== null) {
      const { code, detail, status, fields } = this.#lastRefusal.error;
      return new AbcdError(code, detail, { status, fields, applied });
    }
    const why = [...this.#failures].map(([url, failure]) => `${url}: ${failure}`).join('; ');
    return new AbcdError('unreachable', why === '' ? 'no time was left' : why, { applied });
  }

  #headers(budgetMs: number): Record<string, string> {
    // The node should give up a little earlier, so that it can still be heard saying why.
    const nodeMs = Math.max(1, Math.floor(budgetMs - Math.min(250, budgetMs / 5)));
    return {
      ...this.#caller.settings.headers,
      ...this.#request.headers,
      'abcd-timeout': `${Math.min(nodeMs, 60_000)}ms`,
      ...(this.#name === null ? {} : { 'idempotency-key': this.#name }),
    };
  }
}

/**
 * Answers that the replicated state gives, and gives again to the same name: so they hold of
 * earlier attempts too. Any other refusal, such as a full disk, speaks of its own attempt only.
 */
const REMEMBERED: ReadonlySet<string> = new Set([
  'precondition-failed',
  'key-not-found',
  'lease-not-found',
  'lease-exists',
  'too-many-leases',
  'compacted',
  'future-revision',
  'member-not-found',
  'locked',
  'lock-not-held',
  'not-leading',
  'lease-lost',
]);
