/**
 * THE OPERATIONS that every system is asked to carry out, in words of their own: neither etcd's
 * messages nor abcd's commands, so that each adapter has its own translation to get right.
 */

import type { ByteString } from '../../../src/lib/bytes.ts';

/**
 * A revision as a sequence of operations speaks of it, relative to the store at that moment: so it
 * still means the same when operations before it are left out.
 */
export interface RevisionRef {
  readonly at: 'now' | 'compacted';
  readonly plus: number;
}

/** One key; or [key, end); or everything from `key` on. */
export interface Span {
  readonly key: ByteString;
  readonly end?: ByteString;
  readonly open?: true;
}

export interface Put {
  readonly type: 'put';
  readonly key: ByteString;
  readonly value: ByteString;
  /** The id of a lease, in decimal. */
  readonly lease?: string;
  readonly prev?: true;
  readonly ignoreValue?: true;
  readonly ignoreLease?: true;
}

export type Sort = 'key' | 'version' | 'create' | 'mod' | 'value';

/** `R` is a revision: a reference while it is planned, a number when it is carried out. */
export interface Get<R> extends Span {
  readonly type: 'get';
  readonly revision?: R;
  readonly limit?: number;
  readonly sort?: Sort;
  readonly order?: 'asc' | 'desc';
  readonly minModRevision?: R;
  readonly maxModRevision?: R;
  readonly minCreateRevision?: R;
  readonly maxCreateRevision?: R;
  readonly keysOnly?: true;
  readonly countOnly?: true;
}

export interface Delete extends Span {
  readonly type: 'delete';
  readonly prev?: true;
}

export type Compare<R> = Span & { readonly op: '=' | '!=' | '<' | '>' } & (
    | { readonly target: 'value'; readonly value: ByteString }
    | { readonly target: 'version'; readonly value: number }
    | { readonly target: 'create' | 'mod'; readonly value: R }
    | { readonly target: 'lease'; readonly value: string }
  );

export interface Txn<R> {
  readonly type: 'txn';
  readonly compare: readonly Compare<R>[];
  readonly success: readonly DataOperation<R>[];
  readonly failure: readonly DataOperation<R>[];
}

/** What a transaction is made of. */
export type DataOperation<R> = Put | Get<R> | Delete | Txn<R>;

export interface Watch<R> extends Span {
  readonly type: 'watch';
  /** The first revision of interest; from now on when absent. */
  readonly from?: R;
  readonly prev?: true;
  readonly only?: 'put' | 'delete';
}

export type Operation<R> =
  | DataOperation<R>
  | Watch<R>
  | { readonly type: 'compact'; readonly revision: R }
  | { readonly type: 'lease-grant'; readonly id: string; readonly ttl: number }
  | { readonly type: 'lease-revoke'; readonly id: string }
  | { readonly type: 'lease-keepalive'; readonly id: string }
  | { readonly type: 'lease-get'; readonly id: string }
  | { readonly type: 'lease-list' };

/** An operation of a sequence, as it was drawn. */
export type Planned = Operation<RevisionRef>;
/** An operation with the numbers it is carried out with. */
export type Concrete = Operation<number>;

/** What each reference stands for; `0` is left to mean "none", as everywhere. */
export type Resolve<From, To> = (revision: From) => To;

/** The same operation with other revisions. */
export function mapRevisions<A, B>(operation: Operation<A>, map: Resolve<A, B>): Operation<B> {
  switch (operation.type) {
    case 'watch': {
      const { from, ...rest } = operation;
      return { ...rest, ...optional('from', from, map) };
    }
    case 'compact':
      return { type: 'compact', revision: map(operation.revision) };
    case 'put':
    case 'get':
    case 'delete':
    case 'txn':
      return mapData(operation, map);
    default:
      return operation;
  }
}

function mapData<A, B>(operation: DataOperation<A>, map: Resolve<A, B>): DataOperation<B> {
  switch (operation.type) {
    case 'put':
    case 'delete':
      return operation;
    case 'get':
      return mapGet(operation, map);
    case 'txn':
      return mapTxn(operation, map);
  }
}

/** The same transaction with other revisions. */
export function mapTxn<A, B>(txn: Txn<A>, map: Resolve<A, B>): Txn<B> {
  return {
    type: 'txn',
    compare: txn.compare.map((compare) => mapCompare(compare, map)),
    success: txn.success.map((op) => mapData(op, map)),
    failure: txn.failure.map((op) => mapData(op, map)),
  };
}

function mapCompare<A, B>(compare: Compare<A>, map: Resolve<A, B>): Compare<B> {
  switch (compare.target) {
    case 'create':
    case 'mod':
      return { ...compare, value: map(compare.value) };
    case 'value':
    case 'version':
    case 'lease':
      return compare;
  }
}

function mapGet<A, B>(get: Get<A>, map: Resolve<A, B>): Get<B> {
  const {
    revision,
    minModRevision,
    maxModRevision,
    minCreateRevision,
    maxCreateRevision,
    ...rest
  } = get;
  return {
    ...rest,
    ...optional('revision', revision, map),
    ...optional('minModRevision', minModRevision, map),
    ...optional('maxModRevision', maxModRevision, map),
    ...optional('minCreateRevision', minCreateRevision, map),
    ...optional('maxCreateRevision', maxCreateRevision, map),
  };
}

function optional<K extends string, A, B>(
  name: K,
  value: A | undefined,
  map: Resolve<A, B>,
): { readonly [N in K]?: B } {
  return value === undefined ? {} : ({ [name]: map(value) } as { readonly [N in K]?: B });
}

/** A span without the rest of its operation. */
export function spanOf({ key, end, open }: Span): Span {
  if (open === true) return { key, open };
  return end === undefined ? { key } : { key, end };
}
