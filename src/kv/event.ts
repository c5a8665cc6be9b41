import type { KeyValue } from './command.ts';

/** One change of one key. It created the key when `kv.version` is 1. */
export interface KvEvent {
  readonly type: 'put' | 'delete';
  /** The pair as it is now; of a delete, only key and modRevision mean anything. */
  readonly kv: KeyValue;
  /** The pair before; null when there was none, or when it is forgotten. */
  readonly prev: KeyValue | null;
}

/** All that one command changed, in the order it did: one revision, never split. */
export interface KvChange {
  readonly revision: number;
  /** At least one, and no key twice. */
  readonly events: readonly KvEvent[];
}

/** Hears of every change right after it was made. It must not throw and must not write. */
export type KvListener = (change: KvChange) => void;
