/**
 * LEASES THAT ARE KEPT
 *
 * A lease that is held renews itself three times in its time to live. Its holder may believe in it
 * for its time to live, counted on the local clock from the moment when the last renewal that
 * succeeded was *sent*: the node counts from when it got it, which is later, so the holder's belief
 * always ends first. When it ends, `signal` fires.
 */

import type {
  LeaseAnswer,
  LeaseDetailsAnswer,
  LeasesAnswer,
  RevokeAnswer,
} from '../wire/leases.ts';
import { onAbort } from './abort.ts';
import { json } from './answer.ts';
import type { Caller } from './caller.ts';
import { pause } from './clock.ts';
import { AbcdError, isAbcdError } from './errors.ts';
import { type LeaseReference, leaseIdOf } from './lease-reference.ts';
import type { CallOptions } from './options.ts';
import { postJson } from './post-json.ts';
import { query } from './range.ts';

export interface GrantOptions extends CallOptions {
  /** The id it is to have; drawn by the node when not given. */
  readonly id?: string;
}

export class Lease implements AsyncDisposable {
  readonly id: string;
  /** Seconds. */
  readonly ttl: number;
  readonly #caller: Caller;
  readonly #ending = new AbortController();
  /** The local time until when it is certainly there. */
  #validUntil: number;
  #sentAt: number;
  #cancelExpiry: () => void = () => undefined;
  readonly #stopListening: () => void;

  constructor(caller: Caller, { id, ttl }: LeaseAnswer, sentAt: number) {
    this.#caller = caller;
    this.id = id;
    this.ttl = ttl;
    this.#sentAt = sentAt;
    this.#validUntil = sentAt + 1000 * ttl;
    this.#stopListening = onAbort(caller.closing, () => this.letGo());
    if (caller.closing.aborted) this.letGo();
    this.#armExpiry();
    void this.#keep();
  }

  /**
   * Fires when the lease can no longer be relied on: it ended, was revoked, or could not be renewed
   * in time. The reason is an AbcdError.
   */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** For how long it is certainly there, ms; 0 when it may be gone. */
  get remainingMs(): number {
    if (this.signal.aborted) return 0;
    return Math.max(0, this.#validUntil - this.#now());
  }

  /** Renews it now. @throws AbcdError `lease-not-found` when it has ended */
  async keepAlive(options: CallOptions = {}): Promise<void> {
    const sentAt = this.#now();
    const { ttl } = await keepAliveOnce(this.#caller, this.id, options);
    if (this.signal.aborted) return;
    this.#sentAt = Math.max(this.#sentAt, sentAt);
    this.#validUntil = Math.max(this.#validUntil, sentAt + 1000 * ttl);
    this.#armExpiry();
  }

  /** Stops renewing it, and leaves it to end by itself. */
  letGo(): void {
    this.#end(new AbcdError('lease-ended', 'The lease was let go', { applied: 'no' }));
  }

  /** Ends it, and in the same revision deletes its keys. It is no error if it has ended already. */
  async revoke(options: CallOptions = {}): Promise<void> {
    this.#end(new AbcdError('lease-ended', 'The lease was revoked', { applied: 'no' }));
    try {
      await revokeLease(this.#caller, this.id, options);
    } catch (error) {
      if (!isAbcdError(error, 'lease-not-found')) throw error;
    }
  }

  /** Revokes it; if no node can be reached, it ends by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.revoke().catch(() => undefined);
  }

  async #keep(): Promise<void> {
    const { clock } = this.#caller.settings;
    const intervalMs = (1000 * this.ttl) / 3;
    let waitMs = this.#sentAt + intervalMs - this.#now();
    while (!this.signal.aborted) {
      try {
        await pause(clock, Math.max(0, waitMs), this.signal);
        await this.keepAlive({ timeoutMs: Math.max(1, this.remainingMs), signal: this.signal });
        waitMs = this.#sentAt + intervalMs - this.#now();
      } catch (error) {
        if (isAbcdError(error, 'lease-not-found')) this.#end(endedError('has ended', error));
        // It may be believed in until its time is over, so that is how long it is tried.
        waitMs = intervalMs / 8;
      }
    }
  }

  #armExpiry(): void {
    this.#cancelExpiry();
    if (this.signal.aborted) return;
    const leftMs = this.#validUntil - this.#now();
    this.#cancelExpiry = this.#caller.settings.clock.setTimer(Math.max(0, leftMs), () => {
      this.#end(endedError('could not be renewed in time'));
    });
  }

  #end(reason: AbcdError): void {
    this.#cancelExpiry();
    this.#stopListening();
    this.#ending.abort(reason);
  }

  #now(): number {
    return this.#caller.settings.clock.now();
  }
}

/** The leases of a cluster. */
export class Leases {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** A new lease of so many seconds, which keeps itself alive until it is revoked or let go. */
  async grant(ttl: number, options: GrantOptions = {}): Promise<Lease> {
    const { id } = options;
    const sentAt = this.#caller.settings.clock.now();
    const body = id === undefined ? { ttl } : { ttl, id };
    const answer = await postJson<LeaseAnswer>(this.#caller, '/leases', body, options);
    return new Lease(this.#caller, answer, sentAt);
  }

  /** A new lease that nobody renews. */
  grantOnly(ttl: number, options: GrantOptions = {}): Promise<LeaseAnswer> {
    const { id } = options;
    const body = id === undefined ? { ttl } : { ttl, id };
    return postJson(this.#caller, '/leases', body, options);
  }

  /** Keeps a lease alive that somebody granted. @throws AbcdError `lease-not-found` */
  async hold(lease: LeaseReference, options: CallOptions = {}): Promise<Lease> {
    const sentAt = this.#caller.settings.clock.now();
    return new Lease(this.#caller, await this.keepAlive(lease, options), sentAt);
  }

  /** Renews a lease once. @throws AbcdError `lease-not-found` */
  keepAlive(lease: LeaseReference, options: CallOptions = {}): Promise<LeaseAnswer> {
    return keepAliveOnce(this.#caller, leaseIdOf(lease), options);
  }

  /** What is left of a lease, and its keys. @throws AbcdError `lease-not-found` */
  get(
    lease: LeaseReference,
    options: CallOptions & { readonly limit?: number; readonly cursor?: string } = {},
  ): Promise<LeaseDetailsAnswer> {
    const { limit, cursor } = options;
    const path = query(leasePath(leaseIdOf(lease)), { limit, cursor });
    return this.#caller.call({ method: 'GET', path }, options, json<LeaseDetailsAnswer>);
  }

  /** Every lease there is, page by page as they are asked for. */
  async *all(options: CallOptions = {}): AsyncGenerator<LeaseAnswer, void, undefined> {
    for (let cursor: string | null = ''; cursor !== null; ) {
      const path = query('/leases', { cursor: cursor === '' ? undefined : cursor });
      const request = { method: 'GET', path } as const;
      const page: LeasesAnswer = await this.#caller.call(request, options, json<LeasesAnswer>);
      yield* page.leases;
      cursor = page.next;
    }
  }

  /** Ends a lease and deletes its keys. @throws AbcdError `lease-not-found` */
  revoke(lease: LeaseReference, options: CallOptions = {}): Promise<RevokeAnswer> {
    return revokeLease(this.#caller, leaseIdOf(lease), options);
  }
}

function leasePath(id: string): string {
  return `/leases/${encodeURIComponent(id)}`;
}

/** It has no name: to renew twice is to renew. */
function keepAliveOnce(caller: Caller, id: string, options: CallOptions): Promise<LeaseAnswer> {
  const path = `${leasePath(id)}/keepalive`;
  return caller.call({ method: 'POST', path, repeatable: true }, options, json<LeaseAnswer>);
}

function revokeLease(caller: Caller, id: string, options: CallOptions): Promise<RevokeAnswer> {
  return caller.call({ method: 'DELETE', path: leasePath(id) }, options, json<RevokeAnswer>);
}

function endedError(what: string, cause?: unknown): AbcdError {
  return new AbcdError('lease-ended', `The lease ${what}`, { applied: 'no', cause });
}
