import { Hasher, hexOfHash } from './hash.ts';
import type { Leases } from './leases.ts';
import type { Sessions } from './session.ts';
import type { Store } from './store.ts';

/** All that commands change and results depend on; every node has the same at the same index. */
export interface ReplicatedState {
  readonly store: Store;
  readonly leases: Leases;
  readonly sessions: Sessions;
  /** The newest term of any entry: entries that an older leader stamped are void. */
  readonly term: number;
}

/**
 * The form of the hash. To be raised whenever equal states of two versions of this program would
 * hash differently: nodes compare hashes of one form only.
 */
export const STATE_HASH_FORM = 1;

/**
 * The hash of the whole replicated state, in sixteen hexadecimal digits: pairs, history, revisions,
 * leases, remembered requests, clock, term. Equal for equal states, whatever the way that led
 * there. O(1).
 */
export function hashOfState({ store, leases, sessions, term }: ReplicatedState): string {
  const hasher = new Hasher().hash(store.hash()).hash(leases.hash()).hash(sessions.hash());
  return hexOfHash(hasher.number(term).finish());
}

/** Bytes of memory of what users put there, roughly: what a quota is about. */
export function sizeOfState({ store, leases }: ReplicatedState): number {
  return store.presentBytes + store.historyBytes + leases.bytes;
}
