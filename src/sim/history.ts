/** THE HISTORY: every call of every client, when it was made, when it ended, and with what. */
import type { FailedResult, KeyRange, KeyValue, KvResult } from '../kv/command.ts';
import type { ByteString } from '../lib/bytes.ts';
import type { LogIndex } from '../raft/entry.ts';
import type { KvProposal } from '../node/api.ts';

/** What a client asks for. */
export type Request =
  | {
      readonly type: 'write';
      readonly proposal: KvProposal;
      /** Names the write; null for one that only its value tells from others. */
      readonly requestId: string | null;
      /** The value that no other write has; null for what is no put. */
      readonly value: ByteString | null;
    }
  | {
      readonly type: 'read';
      readonly range: KeyRange;
      /** As of a revision; 0 for the newest. */
      readonly revision: number;
      readonly serializable: boolean;
    };

/** What a read saw, and after which entry the node stood that answered it. */
export interface Seen {
  readonly pairs: readonly KeyValue[];
  /** Why there was nothing to see at the revision; null when there was. */
  readonly fault: FailedResult | null;
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
