import type { ByteString } from '../lib/bytes.ts';

/** One change of one key. A command that changes many keys gives one for each, in key order. */
export interface KvEvent {
  readonly type: 'put' | 'delete';
  readonly key: ByteString;
  /** The revision that made the change; the same for all changes of one command. */
  readonly revision: number;
}

/** Hears of every change right after it was made. It must not throw and must not write. */
export type KvListener = (event: KvEvent) => void;
