import type { ByteString } from '../lib/bytes.ts';

/**
 * The commands of the state machine, as they stand in the log. `kv` and `raft` do not know each
 * other; these fields repeat the ones every entry's command has.
 */
export interface CommandBase {
  readonly v: 1;
  /** Names the request for exactly-once; null when it has no name. */
  readonly requestId: string | null;
  /** The leader's wall clock at the proposal, ms; remembered requests expire by it. */
  readonly at: number;
  readonly by: string | null;
}

/** A command as the log hands it over: of a kind and version this node may not know. */
export interface LoggedCommand extends Omit<CommandBase, 'v'> {
  readonly v: number;
  readonly kind: string;
}

/** What must hold of the key for a write to happen; otherwise the write is a no-op that says so. */
export type Condition =
  | { readonly type: 'absent' }
  | { readonly type: 'mod-revision'; readonly revision: number };

export interface PutCommand extends CommandBase {
  readonly kind: 'put';
  readonly key: ByteString;
  readonly value: ByteString;
  readonly condition: Condition | null;
  /** Return the pair that was there before. */
  readonly prev: boolean;
}

export interface DeleteCommand extends CommandBase {
  readonly kind: 'delete';
  readonly key: ByteString;
  /** Deletes [key, end) when given; null end with `open` deletes everything from `key` on. */
  readonly end: ByteString | null;
  readonly open: boolean;
  /** Holds of `key` itself, of a range too. */
  readonly condition: Condition | null;
  readonly prev: boolean;
}

export type KvCommand = PutCommand | DeleteCommand;

/** A key with its value and history numbers, as in etcd's mvccpb.KeyValue. Immutable. */
export interface KeyValue {
  readonly key: ByteString;
  readonly value: ByteString;
  readonly createRevision: number;
  readonly modRevision: number;
  /** 1 for the write that created the key, one more for each later write. */
  readonly version: number;
}

/** What a command gave that was carried out: the answers that are remembered for its request. */
export type AppliedResult =
  | {
      readonly type: 'put';
      readonly revision: number;
      readonly created: boolean;
      readonly prev: KeyValue | null;
    }
  | {
      readonly type: 'delete';
      readonly revision: number;
      readonly deleted: number;
      readonly prev: readonly KeyValue[];
    }
  | {
      readonly type: 'condition-failed';
      readonly revision: number;
      /** The key's modRevision now; 0 when it is absent. */
      readonly modRevision: number;
    };

/** Why a command was not carried out. It had no effect. */
export type RefusedResult =
  /** The request's id was used for a command with other content. */
  | { readonly type: 'request-mismatch'; readonly revision: number }
  /** The request's number is older than everything remembered of its client. */
  | { readonly type: 'request-expired'; readonly revision: number }
  /** As many requests are remembered as may be; some will be forgotten with time. */
  | { readonly type: 'too-many-requests'; readonly revision: number }
  /** A known command whose fields are malformed: the boundary should have refused it. */
  | { readonly type: 'invalid-command'; readonly revision: number; readonly reason: string };

/** What applying a command gave, the same on every node. */
export type KvResult = AppliedResult | RefusedResult;
