/** THE ANSWERS, in one form for all systems. */

import type { ByteString } from '../../../src/lib/bytes.ts';

/** In the place of something that a system does not tell. */
export const UNTOLD = '(untold)';
export type Untold = typeof UNTOLD;

export interface Pair {
  readonly key: ByteString;
  readonly value: ByteString;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly lease: string | null;
}

/** Why an operation was refused; of the form alone, or by the state of the store. */
export type FormFault = 'invalid' | 'too-many-operations' | 'duplicate-key';
export type StateFault =
  | 'compacted'
  | 'future-revision'
  | 'key-not-found'
  | 'lease-not-found'
  | 'lease-exists';

export interface Failed {
  readonly type: 'failed';
  readonly kind: FormFault | StateFault;
}

export interface PutAnswer {
  readonly type: 'put';
  readonly revision: number;
  readonly created: boolean | Untold;
  readonly prev: Pair | null;
}

export interface GetAnswer {
  readonly type: 'get';
  /** The store's. */
  readonly revision: number | Untold;
  readonly count: number | Untold;
  readonly kvs: readonly Pair[];
  readonly more: boolean;
}

export interface DeleteAnswer {
  readonly type: 'delete';
  readonly revision: number;
  readonly deleted: number;
  readonly prev: readonly Pair[];
}

export interface TxnAnswer {
  readonly type: 'txn';
  readonly revision: number | Untold;
  readonly succeeded: boolean;
  readonly results: readonly DataAnswer[];
}

export type DataAnswer = PutAnswer | GetAnswer | DeleteAnswer | TxnAnswer;

export type Answer =
  | Failed
  | DataAnswer
  | { readonly type: 'compact' | 'watch' }
  /** A transaction is well formed; it was not carried out. */
  | { readonly type: 'valid' }
  | { readonly type: 'lease-grant' | 'lease-keepalive'; readonly id: string; readonly ttl: number }
  | { readonly type: 'lease-revoke'; readonly revision: number }
  | {
      readonly type: 'lease-get';
      readonly id: string;
      readonly ttl: number;
      /** Whether nearly all of the time is left; sequences take no longer than that. */
      readonly isFresh: boolean;
      readonly keys: readonly ByteString[];
    }
  | { readonly type: 'lease-list'; readonly ids: readonly string[] };

/** One change of one key, in a watch. Of a deletion the pair is key and revision only. */
export interface Event {
  readonly type: 'put' | 'delete';
  readonly pair: Pair;
  readonly prev: Pair | null;
}

export function failed(kind: Failed['kind']): Failed {
  return { type: 'failed', kind };
}

/** The seconds that a sequence may take, at most, on a slow machine. */
const SLACK = 300;

/** Whether nearly all of a lease's time is left. */
export function isFresh(remaining: number, ttl: number): boolean {
  return remaining <= ttl && remaining > ttl - SLACK;
}
