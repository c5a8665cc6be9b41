/**
 * EXACTLY ONCE
 *
 * A request that has a name is carried out once; sent again, it gets its first answer (thesis
 * §6.3). What is remembered is part of the replicated state, so it survives changes of leader,
 * restarts and snapshots, and it is bounded:
 *
 * - of a client that counts (`<client>.<n>`), the newest 1,000 requests. A number at or below one
 *   that was forgotten is refused as expired, whether it was ever seen or not. A client that was
 *   idle for more than ten minutes is forgotten altogether;
 * - any other name for ten minutes, 100,000 of them;
 * - all of that together within a budget of bytes, for answers may hold pairs.
 *
 * When there is no room, a new request is refused before it has any effect, and that is no sign of
 * life of its client: else clients that keep asking would keep each other out for ever.
 *
 * Nodes that forward requests (request-id.ts) are clients that count, with bounds of their own:
 * they are never refused, but of the answers to one of them only the newest are remembered that fit
 * in a budget. What is sent again so late that it was forgotten is refused as expired, and its
 * outcome said to be unknown. So nothing that users have remembered stops writes through followers.
 *
 * Time is the newest time of any command; it never goes back, and nothing else counts as time here.
 */

import { assert, must } from '../lib/assert.ts';
import type { AppliedResult, RefusedResult } from './command.ts';
import { type Hash64, Hasher, HashSum } from './hash.ts';
import {
  type Client,
  costOfClient,
  costOfRequest,
  hashOfClient,
  hashOfRequest,
  type Remembered,
} from './remembered.ts';
import {
  clientOfSlot,
  isNodeClient,
  isOpaqueSlot,
  numberOfSlot,
  parseRequestId,
  type RequestId,
  slotsOfClient,
} from './request-id.ts';
import { SortedMap } from './sorted-map.ts';

/** The bounds. They decide results, so every node of a cluster must have the same. */
export interface SessionLimits {
  /** Requests remembered of each client that counts. */
  readonly window: number;
  readonly clients: number;
  readonly opaqueRequests: number;
  /** An estimate of the memory of all that is no node's; the last answer let in may exceed it. */
  readonly bytes: number;
  /** The same of the requests of one client that is a node; the last answer may exceed it. */
  readonly nodeBytes: number;
  /** How long, in ms, an opaque request and an idle client are remembered. */
  readonly keepMs: number;
}

export const SESSION_LIMITS: SessionLimits = {
  window: 1000,
  clients: 100_000,
  opaqueRequests: 100_000,
  bytes: 512 * 2 ** 20,
  nodeBytes: 2 ** 20,
  keepMs: 10 * 60 * 1000,
};

/** Everything that is remembered, as of one moment. */
export interface SessionState {
  readonly clock: number;
  readonly clients: SortedMap<string, Client>;
  readonly requests: SortedMap<string, Remembered>;
}

/** Why a named request is not carried out. */
export type Refusal = Exclude<RefusedResult['type'], 'invalid-command'>;

/** What is forgotten when its time is over. */
interface Deadline {
  readonly since: number;
  /** The slot of an opaque request, or the name of a client. */
  readonly owner: string;
}

export class Sessions {
  readonly #limits: SessionLimits;
  readonly #requests = new SortedMap<string, Remembered>();
  readonly #clients = new SortedMap<string, Client>();
  /** Ordered by time. Invariant: one for each opaque request and each client. */
  readonly #deadlines = new SortedMap<string, Deadline>();
  /** Always the sum over `#requests` and `#clients`. */
  readonly #sum = new HashSum();
  #opaqueRequests = 0;
  #userClients = 0;
  /** Of all clients and requests that are no node's. */
  #bytes = 0;
  /** Of the requests of each client that is a node and has any. */
  readonly #nodeBytes = new Map<string, number>();
  /** The newest time seen, ms. */
  #clock: number;

  private constructor(clock: number, limits: SessionLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Nothing remembered yet at a time in ms. */
  static at(clock: number, limits: SessionLimits = SESSION_LIMITS): Sessions {
    return new Sessions(clock, limits);
  }

  client(name: string): Client | undefined {
    return this.#clients.get(name);
  }

  /** Adds a client of a snapshot as it is; it must be new. */
  loadClient(client: Client): void {
    this.#addClient(client);
  }

  /** Adds a request of a snapshot as it is; it must be new, and its client, if any, be there. */
  loadRequest(request: Remembered): void {
    this.#addRequest(request);
  }

  /** Takes note of a command's time and forgets what is over by then. */
  advance(at: number): void {
    if (at <= this.#clock) return;
    this.#clock = Math.floor(at);
    let deadline = this.#deadlines.firstFrom('');
    while (deadline !== undefined && this.#clock - deadline.since > this.#limits.keepMs) {
      this.#forget(deadline.owner);
      deadline = this.#deadlines.firstFrom('');
    }
  }

  /**
   * Carries a named request out unless it was already: then, the first answer again. Nothing
   * happens when it is refused.
   */
  once(id: string, digest: string, carryOut: () => AppliedResult): AppliedResult | Refusal {
    const request = parseRequestId(id);
    const client = request.type === 'counted' ? this.#clients.get(request.client) : undefined;
    const answer = this.#answer(request, client, digest);
    if (answer !== null) {
      // A client that gets an answer is not idle.
      const isAnswered = answer !== 'too-many-requests';
      if (client !== undefined && isAnswered) this.#replaceClient(client, client.floor);
      return answer;
    }
    const result = carryOut();
    this.#addRequest({ slot: request.slot, digest, at: this.#clock, result });
    if (request.type === 'counted') this.#trim(request.client, client);
    return result;
  }

  /** What `once` would answer without carrying the request out; null when it would. */
  recall(id: string, digest: string): AppliedResult | Refusal | null {
    const request = parseRequestId(id);
    const client = request.type === 'counted' ? this.#clients.get(request.client) : undefined;
    return this.#answer(request, client, digest);
  }

  /** What the request of this name gave when it was carried out; null when that is unknown. */
  answerTo(id: string): AppliedResult | null {
    return this.#requests.get(parseRequestId(id).slot)?.result ?? null;
  }

  /** The newest time of any command, ms; 0 before the first. */
  get clock(): number {
    return this.#clock;
  }

  /** Of everything remembered and the clock. O(1): it is kept up to date. */
  hash(): Hash64 {
    return new Hasher().number(this.#clock).hash(this.#sum.value()).finish();
  }

  /** All of it as it is now, for as long as the copy lives. Free. */
  state(): SessionState {
    return {
      clock: this.#clock,
      clients: this.#clients.clone(),
      requests: this.#requests.clone(),
    };
  }

  /** The answer to a request that is not to be carried out; null for one that is. */
  #answer(
    request: RequestId,
    client: Client | undefined,
    digest: string,
  ): AppliedResult | Refusal | null {
    const known = this.#requests.get(request.slot);
    if (known !== undefined) return known.digest === digest ? known.result : 'request-mismatch';
    if (request.type === 'counted' && client !== undefined && request.number <= client.floor) {
      return 'request-expired';
    }
    return this.#hasRoom(request, client) ? null : 'too-many-requests';
  }

  #hasRoom(request: RequestId, client: Client | undefined): boolean {
    if (request.type === 'counted' && isNodeClient(request.client)) return true;
    if (this.#bytes >= this.#limits.bytes) return false;
    if (request.type === 'opaque') return this.#opaqueRequests < this.#limits.opaqueRequests;
    return client !== undefined || this.#userClients < this.#limits.clients;
  }

  /** Notes that a client was active and keeps only its newest requests. */
  #trim(name: string, client: Client | undefined): void {
    const [start, end] = slotsOfClient(name);
    let floor = client?.floor ?? -1;
    while (this.#isFull(name, this.#requests.count(start, end))) {
      const oldest = must(this.#requests.firstFrom(start), `a request of ${name}`);
      const number = numberOfSlot(oldest.slot);
      assert(number > floor, () => `${name} remembers ${number} but forgot ${floor}`);
      this.#removeRequest(oldest);
      floor = number;
    }
    if (client === undefined) this.#addClient({ name, lastAt: this.#clock, floor });
    else this.#replaceClient(client, floor);
  }

  /** Whether a client has more requests than may be remembered of it; the newest always may. */
  #isFull(name: string, requests: number): boolean {
    const { window, nodeBytes } = this.#limits;
    return requests > window || (requests > 1 && (this.#nodeBytes.get(name) ?? 0) > nodeBytes);
  }

  #forget(owner: string): void {
    if (isOpaqueSlot(owner)) {
      this.#removeRequest(must(this.#requests.get(owner), `request ${owner}`));
      return;
    }
    const [start, end] = slotsOfClient(owner);
    const requests = this.#requests.range(start, end, Number.POSITIVE_INFINITY);
    for (const request of requests) this.#removeRequest(request);
    this.#removeClient(must(this.#clients.get(owner), `client ${owner}`));
  }

  #addRequest(request: Remembered): void {
    this.#requests.set(request.slot, request);
    this.#sum.add(hashOfRequest(request));
    this.#count(request, costOfRequest(request));
    if (!isOpaqueSlot(request.slot)) return;
    this.#opaqueRequests += 1;
    this.#addDeadline({ since: request.at, owner: request.slot });
  }

  #removeRequest(request: Remembered): void {
    this.#requests.delete(request.slot);
    this.#sum.remove(hashOfRequest(request));
    this.#count(request, -costOfRequest(request));
    if (!isOpaqueSlot(request.slot)) return;
    this.#opaqueRequests -= 1;
    this.#deadlines.delete(deadlineKey({ since: request.at, owner: request.slot }));
  }

  #count({ slot }: Remembered, bytes: number): void {
    const client = isOpaqueSlot(slot) ? '' : clientOfSlot(slot);
    if (!isNodeClient(client)) {
      this.#bytes += bytes;
      return;
    }
    const total = (this.#nodeBytes.get(client) ?? 0) + bytes;
    if (total > 0) this.#nodeBytes.set(client, total);
    else this.#nodeBytes.delete(client);
  }

  #addClient(client: Client): void {
    this.#clients.set(client.name, client);
    this.#sum.add(hashOfClient(client));
    this.#addDeadline({ since: client.lastAt, owner: client.name });
    if (isNodeClient(client.name)) return;
    this.#userClients += 1;
    this.#bytes += costOfClient(client);
  }

  #removeClient(client: Client): void {
    this.#clients.delete(client.name);
    this.#sum.remove(hashOfClient(client));
    this.#deadlines.delete(deadlineKey({ since: client.lastAt, owner: client.name }));
    if (isNodeClient(client.name)) return;
    this.#userClients -= 1;
    this.#bytes -= costOfClient(client);
  }

  /** Makes now the time of a client's newest request. */
  #replaceClient(client: Client, floor: number): void {
    if (client.lastAt !== this.#clock) {
      this.#removeClient(client);
      this.#addClient({ ...client, lastAt: this.#clock, floor });
    } else if (client.floor !== floor) {
      const replaced = { ...client, floor };
      this.#clients.set(client.name, replaced);
      this.#sum.remove(hashOfClient(client));
      this.#sum.add(hashOfClient(replaced));
    }
  }

  #addDeadline(deadline: Deadline): void {
    this.#deadlines.set(deadlineKey(deadline), deadline);
  }
}

/** Orders deadlines by time; the owner tells those of one moment apart. */
function deadlineKey(deadline: Deadline): string {
  return `${String(deadline.since).padStart(16, '0')} ${deadline.owner}`;
}
