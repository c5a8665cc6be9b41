import type { ByteString } from '../lib/bytes.ts';

declare const leaseId: unique symbol;

/** Names a lease: a 63-bit number in decimal, as in `lib/ids.ts`; never '0'. */
export type LeaseId = string & { readonly [leaseId]: true };

/**
 * The commands of the state machine, as they stand in the log. `kv` and `raft` do not know each
 * other; these fields repeat the ones every entry's command has.
 */
export interface CommandBase {
  readonly v: 1;
  /** Names the request for exactly-once; null when it has no name. */
  readonly requestId: string | null;
  /** The time of the cluster at the proposal, ms; remembered requests expire by it. */
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

/** What a put writes. Fields that may be absent are then off, or none. */
export interface PutFields {
  readonly key: ByteString;
  readonly value: ByteString;
  /** The lease the key is attached to from now on; without one it is attached to none. */
  readonly lease?: LeaseId | null;
  /** Keep the value the key has; `value` must be empty, and the key exist. */
  readonly ignoreValue?: boolean;
  /** Keep the lease the key has; `lease` must be absent, and the key exist. */
  readonly ignoreLease?: boolean;
  /** Return the pair that was there before. */
  readonly prev?: boolean;
}

/** One key; or [key, end) when there is an end; or everything from `key` on when `open`. */
export interface KeyRange {
  readonly key: ByteString;
  readonly end?: ByteString | null;
  readonly open?: boolean;
}

/** A lease that a command grants itself before it writes; nothing is granted when it does not. */
export interface LeaseGrant {
  readonly id: LeaseId;
  /** Seconds. */
  readonly ttl: number;
}

export interface PutCommand extends CommandBase, PutFields {
  readonly kind: 'put';
  /** A lease of the key's own, granted when the condition holds; `lease` must name it. */
  readonly grant?: LeaseGrant | null;
  readonly condition: Condition | null;
  readonly prev: boolean;
}

export interface DeleteCommand extends CommandBase, KeyRange {
  readonly kind: 'delete';
  /** Deletes [key, end) when given; null end with `open` deletes everything from `key` on. */
  readonly end: ByteString | null;
  readonly open: boolean;
  /** Holds of `key` itself, of a range too. */
  readonly condition: Condition | null;
  readonly prev: boolean;
}

/** What a compare asks: all keys of the range must satisfy it (etcd's Compare). */
export type Compare = KeyRange & { readonly op: CompareOp } & CompareOperand;

export type CompareOp = '=' | '!=' | '<' | '>';

export type CompareOperand =
  | { readonly target: 'value'; readonly value: ByteString }
  | { readonly target: 'version' | 'create' | 'mod'; readonly value: number }
  /** A lease's id, or '0' for none. */
  | { readonly target: 'lease'; readonly value: LeaseId | '0' };

export type SortTarget = 'key' | 'version' | 'create' | 'mod' | 'value';

/** How a range is read, as etcd's RangeRequest; what is absent, null, or 0 is off. */
export interface RangeOptions {
  /** The revision to read at; the newest when absent. */
  readonly revision?: number | null;
  /** At most so many pairs, of those that pass the filters, in the order asked for. */
  readonly limit?: number;
  readonly sort?: SortTarget;
  readonly order?: 'asc' | 'desc';
  readonly minModRevision?: number;
  readonly maxModRevision?: number;
  readonly minCreateRevision?: number;
  readonly maxCreateRevision?: number;
  /** Pairs come with empty values. */
  readonly keysOnly?: boolean;
  /** No pairs, only how many there are. */
  readonly countOnly?: boolean;
}

/** One operation of a transaction. */
export type TxnOp =
  | (PutFields & { readonly type: 'put' })
  | (KeyRange & RangeOptions & { readonly type: 'get' })
  | (KeyRange & { readonly type: 'delete'; readonly prev?: boolean })
  | (TxnFields & { readonly type: 'txn' });

/** If all compares hold, the one list of operations, else the other. */
export interface TxnFields {
  readonly compare: readonly Compare[];
  readonly success: readonly TxnOp[];
  readonly failure: readonly TxnOp[];
}

export interface TxnCommand extends CommandBase, TxnFields {
  readonly kind: 'txn';
  /** Granted when the compares hold, before the operations, which may name it. */
  readonly grant?: LeaseGrant | null;
}

/**
 * Remembers, under its request's id, the answer to a request that took more than one entry, so that
 * it too is given again. What was remembered first stays.
 */
export interface RememberCommand extends CommandBase {
  readonly kind: 'remember';
  /** Tells the request apart from others under the same id: a digest of what was asked. */
  readonly content: string;
  readonly answer: RememberedAnswer;
}

/** An answer as it went to the client. */
export interface RememberedAnswer {
  /** The HTTP status. */
  readonly status: number;
  /** JSON. */
  readonly body: string;
}

/** Forgets what no read at `revision` or later can see. */
export interface CompactCommand extends CommandBase {
  readonly kind: 'compact';
  readonly revision: number;
}

export interface LeaseGrantCommand extends CommandBase {
  readonly kind: 'lease-grant';
  readonly id: LeaseId;
  /** Seconds. */
  readonly ttl: number;
}

/** Ends a lease and deletes its keys, in one revision. */
export interface LeaseRevokeCommand extends CommandBase {
  readonly kind: 'lease-revoke';
  readonly id: LeaseId;
}

/** A keepalive that must outlive its leader: the whole time to live is the remaining one again. */
export interface LeaseKeepaliveCommand extends CommandBase {
  readonly kind: 'lease-keepalive';
  readonly id: LeaseId;
}

/** What the leader of `term` says about one life of a lease; a later renewal makes it void. */
export interface LeaseStamp {
  readonly id: LeaseId;
  /** The lease's `epoch` as the leader knew it. */
  readonly epoch: number;
}

/** How much time the leader of `term` has seen go by, so that the next one need not start anew. */
export interface LeaseCheckpointCommand extends CommandBase {
  readonly kind: 'lease-checkpoint';
  readonly term: number;
  /** `remaining` in ms. */
  readonly leases: readonly (LeaseStamp & { readonly remaining: number })[];
}

/** The leader of `term` has seen the lease's time go by: it is revoked unless it was renewed. */
export interface LeaseExpireCommand extends CommandBase, LeaseStamp {
  readonly kind: 'lease-expire';
  readonly term: number;
}

export type LeaseCommand =
  | LeaseGrantCommand
  | LeaseRevokeCommand
  | LeaseKeepaliveCommand
  | LeaseCheckpointCommand
  | LeaseExpireCommand;

export type KvCommand =
  | PutCommand
  | DeleteCommand
  | TxnCommand
  | CompactCommand
  | LeaseCommand
  | RememberCommand;

/** A key with its value and history numbers, as in etcd's mvccpb.KeyValue. Immutable. */
export interface KeyValue {
  readonly key: ByteString;
  readonly value: ByteString;
  readonly createRevision: number;
  readonly modRevision: number;
  /** 1 for the write that created the key, one more for each later write. */
  readonly version: number;
  /** The lease it is attached to. */
  readonly lease: LeaseId | null;
}

export interface PutResult {
  readonly type: 'put';
  readonly revision: number;
  readonly created: boolean;
  readonly prev: KeyValue | null;
  /** The lease that the command granted itself; absent when it granted none. */
  readonly granted?: LeaseId;
}

export interface DeleteResult {
  readonly type: 'delete';
  readonly revision: number;
  readonly deleted: number;
  readonly prev: readonly KeyValue[];
}

export interface GetResult {
  readonly type: 'get';
  /** The store's revision, which is not the one read at when that was given. */
  readonly revision: number;
  /** Of the whole range, before limit and filters. */
  readonly count: number;
  readonly kvs: readonly KeyValue[];
  /** Whether the limit left pairs out. */
  readonly more: boolean;
}

export interface TxnResult {
  readonly type: 'txn';
  readonly revision: number;
  /** Whether the compares held. */
  readonly succeeded: boolean;
  /** One for each operation that was carried out; its revision is the one after it. */
  readonly results: readonly TxnOpResult[];
  /** The lease that the command granted itself; absent when it granted none. */
  readonly granted?: LeaseId;
}

export type TxnOpResult = PutResult | DeleteResult | GetResult | TxnResult;

/** Why a command that was carried out changed nothing. */
export type FailedResult =
  | {
      readonly type: 'condition-failed';
      readonly revision: number;
      /** The key's modRevision now; 0 when it is absent. */
      readonly modRevision: number;
    }
  /** A put that keeps a value or a lease found no key. */
  | { readonly type: 'key-not-found'; readonly revision: number }
  | { readonly type: 'lease-not-found'; readonly revision: number }
  | { readonly type: 'lease-exists'; readonly revision: number }
  | { readonly type: 'too-many-leases'; readonly revision: number }
  /** The revision to read at or to compact is forgotten already. */
  | { readonly type: 'compacted'; readonly revision: number; readonly compactRevision: number }
  | { readonly type: 'future-revision'; readonly revision: number }
  /** The pairs that a transaction would answer are more than it may answer. */
  | { readonly type: 'answer-too-large'; readonly revision: number }
  /** An expiry came too late: the lease was renewed, or there is a newer leader. */
  | { readonly type: 'lease-alive'; readonly revision: number; readonly id: LeaseId };

export type LeaseResult =
  | {
      readonly type: 'lease-granted' | 'lease-kept';
      readonly revision: number;
      readonly id: LeaseId;
      readonly ttl: number;
    }
  | {
      readonly type: 'lease-revoked' | 'lease-expired';
      readonly revision: number;
      readonly id: LeaseId;
      /** How many keys went with it. */
      readonly deleted: number;
    }
  /** How many leases took the remaining time over. */
  | { readonly type: 'lease-checkpointed'; readonly revision: number; readonly count: number };

/** What a command gave that was carried out: the answers that are remembered for its request. */
export type AppliedResult =
  | PutResult
  | DeleteResult
  | TxnResult
  | { readonly type: 'compact'; readonly revision: number; readonly compactRevision: number }
  | LeaseResult
  | { readonly type: 'remembered'; readonly revision: number; readonly answer: RememberedAnswer }
  | FailedResult;

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
