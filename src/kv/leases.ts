/**
 * LEASES, as they are replicated
 *
 * A lease has a time to live and the part of it that was left when the log last heard of it. Time
 * itself is no part of this: the leader watches it (lease-timers.ts) and puts what follows from it
 * into the log. Which keys a lease has is said by the pairs in the store.
 *
 * Each time a lease is granted or renewed through the log it gets a new `epoch`, the index of that
 * entry. An expiry or a checkpoint names the epoch it is about: a later renewal, or another lease
 * under the same id, makes it void. It also names its leader's term: a newer leader has given all
 * leases their remaining time anew, so what an older one saw is void too.
 */

import type { LeaseId } from './command.ts';
import { type Hash64, Hasher, HashSum } from './hash.ts';
import { SortedMap } from './sorted-map.ts';

/** How many leases there may be. It decides results, so every node must have the same. */
export const MAX_LEASES = 2_000_000;

/** The longest time to live, in seconds (etcd's). */
export const MAX_LEASE_TTL = 9_000_000_000;

/** An estimate of the memory of one lease, in bytes. */
export const COST_OF_LEASE = 300;

/** Immutable. */
export interface Lease {
  readonly id: LeaseId;
  /** Seconds. */
  readonly ttl: number;
  /** Ms that were left when it was last granted, renewed or checkpointed. */
  readonly remaining: number;
  /** The index of the entry that granted it or renewed it last. */
  readonly epoch: number;
}

export class Leases {
  readonly #leases = new SortedMap<LeaseId, Lease>();
  readonly #sum = new HashSum();

  get size(): number {
    return this.#leases.size;
  }

  /** Bytes of memory, roughly. */
  get bytes(): number {
    return COST_OF_LEASE * this.size;
  }

  get(id: LeaseId): Lease | undefined {
    return this.#leases.get(id);
  }

  /** At most `limit` leases after an id, in the order of their ids as texts. */
  list(after: LeaseId | '', limit: number): Lease[] {
    return this.#leases.range(`${after}\0` as LeaseId, null, limit);
  }

  /** Adds a lease, or replaces the one of its id. */
  set(lease: Lease): void {
    this.delete(lease.id);
    this.#leases.set(lease.id, lease);
    this.#sum.add(hashOfLease(lease));
  }

  delete(id: LeaseId): void {
    const lease = this.#leases.get(id);
    if (lease === undefined) return;
    this.#leases.delete(id);
    this.#sum.remove(hashOfLease(lease));
  }

  /** O(1). */
  hash(): Hash64 {
    return this.#sum.value();
  }

  /** All of them as they are now, for as long as the copy lives. Free. */
  all(): SortedMap<LeaseId, Lease> {
    return this.#leases.clone();
  }
}

function hashOfLease({ id, ttl, remaining, epoch }: Lease): Hash64 {
  return new Hasher().text(id).number(ttl).number(remaining).number(epoch).finish();
}
