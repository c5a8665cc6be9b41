/** THE HISTORY: every call of every client, when it was made, when it ended, and with what. */
import type { KeyValue, KvResult } from '../kv/command.ts';
import type { ByteString } from '../lib/bytes.ts';
import type { LogIndex } from '../raft/entry.ts';
import type { KvProposal } from '../node/api.ts';

/** A write of one key, or of a range of them. */
export type KeyProposal = Extract<KvProposal, { readonly kind: 'put' | 'delete' }>;

/** What a client asks for. */
export type Request =
  | {
      readonly type: 'write';
      readonly proposal: KeyProposal;
      /** Names the write; null for one that only its value tells from others. */
      readonly requestId: string | null;
      /** The value that no other write has; null for a delete. */
      readonly value: ByteString | null;
    }
  | { readonly type: 'get'; readonly key: ByteString; readonly serializable: boolean }
  | { readonly type: 'range'; readonly start: ByteString; readonly end: ByteString | null };

/** What a read saw, and after which entry the node stood that answered it. */
export interface Seen {
  readonly pairs: readonly KeyValue[];
  readonly appliedIndex: LogIndex;
}

export type Outcome =
  | { readonly type: 'written'; readonly result: KvResult }
  | { readonly type: 'read'; readonly seen: Seen }
  /** Certainly without effect. */
  | { readonly type: 'refused'; readonly code: string }
  /** With an effect, or without one. */
  | { readonly type: 'unknown'; readonly code: string };

export interface Operation {
  readonly client: number;
  readonly number: number;
  readonly request: Request;
  readonly invokedAt: number;
  /** Null while it runs. */
  endedAt: number | null;
  outcome: Outcome | null;
}
