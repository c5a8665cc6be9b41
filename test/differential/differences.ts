/**
 * WHERE ABCD DIFFERS FROM ETCD, on purpose. What a differential run finds must be explained by one
 * of these or it fails; and each of these must be met, or it fails too.
 */

import type { Answer } from './support/answer.ts';
import { agree } from './support/agree.ts';
import type { Concrete, DataOperation, Txn } from './support/operation.ts';
import { faultsInAbcd, faultsInEtcd } from './support/rules.ts';
import { simplified } from './support/simplified.ts';

/** An operation, what was expected of it by the model of abcd, and what a system answered. */
export interface Disagreement {
  readonly operation: Concrete;
  readonly expected: Answer;
  readonly actual: Answer;
}

export interface Difference {
  readonly name: string;
  readonly etcd: string;
  readonly abcd: string;
  readonly reason: string;
  /** Whether it is the reason for a disagreement about an answer; of watches there are none. */
  readonly explains?: (disagreement: Disagreement) => boolean;
}

export const SHARED_OPERATIONS: Difference = {
  name: 'operations of nested transactions',
  etcd: 'A nested transaction may have as many operations as the longest list above it leaves.',
  abcd:
    'All operations of a list and of what is nested in it share the 128, and both ways of all ' +
    'together have at most 2,048.',
  reason: 'A limit on each way down a tree is no limit on the tree.',
  explains: ({ expected, actual }) =>
    [expected, actual].filter(isFailed('too-many-operations')).length === 1,
};

export const DELETE_AFTER_PUT: Difference = {
  name: 'nested delete after a put',
  etcd: 'A nested transaction may delete what an earlier one beside it has put.',
  abcd: 'Refused: no way through a transaction writes a key twice.',
  reason: 'One revision would change a key twice, and a watch would tell both or lose one.',
  explains: ({ operation, expected, actual }) =>
    isFailed('duplicate-key')(expected) &&
    actual.type === 'valid' &&
    operation.type === 'txn' &&
    faultsInAbcd(withoutOpenDeletes(operation)).has('duplicate-key'),
};

export const OPEN_DELETE: Difference = {
  name: 'delete from a key on, with a put',
  etcd: 'A put may meet a deletion of everything from a key on (`range_end` of one zero byte).',
  abcd: 'Refused, as any other put that meets a deletion.',
  reason:
    'The check of etcd takes this range for an empty one; one revision may change a key once.',
  explains: ({ operation, expected, actual }) =>
    isFailed('duplicate-key')(expected) &&
    actual.type === 'valid' &&
    operation.type === 'txn' &&
    !faultsInAbcd(withoutOpenDeletes(operation)).has('duplicate-key'),
};

export const EMPTY_START: Difference = {
  name: 'ranges that begin with nothing',
  etcd: 'A range that begins with the empty key is refused; all keys are asked for from `\\0` on.',
  abcd: 'It begins with the first key.',
  reason: 'An empty prefix means all keys, without a rule of its own.',
  explains: ({ expected, actual }) => expected.type === 'valid' && isFailed('invalid')(actual),
};

export const COMPACT_AT_ZERO: Difference = {
  name: 'compaction at revision 0',
  etcd: 'Succeeds once in the life of a cluster, and does nothing.',
  abcd: 'Is refused as `compacted`, as at every revision that was compacted before.',
  reason: 'There is no revision 0, and nothing to forget before it.',
  explains: ({ operation, expected, actual }) =>
    operation.type === 'compact' &&
    operation.revision === 0 &&
    isFailed('compacted')(expected) &&
    actual.type === 'compact',
};

export const WHICH_FAULT: Difference = {
  name: 'which of several faults is told',
  etcd: 'Faults of puts come before those of reads; a lone put names its lease before its key.',
  abcd: 'The first fault in the order of the operations; of a put, the key before the lease.',
  reason: 'The order says where to look. Nothing was carried out in either case.',
  explains: ({ operation, expected, actual }) => {
    if (expected.type !== 'failed' || actual.type !== 'failed') return false;
    if (isOneOf(faultsInAbcd(operation), expected.kind)) {
      return isOneOf(faultsInEtcd(operation), actual.kind);
    }
    const isOfPut = actual.kind === 'key-not-found' || actual.kind === 'lease-not-found';
    if (operation.type === 'put') return isOfPut && expected.kind === 'key-not-found';
    const isOfRead = expected.kind === 'compacted' || expected.kind === 'future-revision';
    return operation.type === 'txn' && isOfPut && isOfRead;
  },
};

export const TIES: Difference = {
  name: 'order of equals',
  etcd: 'Pairs that are equal in what they are sorted by come in no particular order.',
  abcd: 'They come in the order of their keys, downwards when the order is.',
  reason: 'Pages of a sorted range must follow each other.',
  explains: ({ operation, expected, actual }) =>
    agree(simplified(operation, expected, 'ties'), simplified(operation, actual, 'ties')),
};

export const EARLY_LIMIT: Difference = {
  name: 'limit of a sorted range',
  etcd: 'Where a sort is asked for and no order, the limit is taken before the pairs are sorted.',
  abcd: 'Pairs are sorted first; the order is ascending unless it is said.',
  reason: 'The first of all is asked for, not the first of some.',
  explains: ({ operation, expected, actual }) =>
    agree(simplified(operation, expected, 'limits'), simplified(operation, actual, 'limits')),
};

export const SHORT_LEASE: Difference = {
  name: 'shortest lease',
  etcd: 'A time to live below 1.5 election time-outs (2 s) is raised to that.',
  abcd: 'One second is one second.',
  reason: 'What is left of a lease survives a change of leaders, so it need not outlast one.',
  explains: ({ operation, expected, actual }) =>
    operation.type === 'lease-grant' && operation.ttl < 2 && agree({ ...expected, ttl: 2 }, actual),
};

export const BACKWARDS: Difference = {
  name: 'ranges that end before they start',
  etcd: 'Have no keys.',
  abcd: 'In a URL they are refused; in a transaction they have no keys.',
  reason: 'In a URL it is a mistake; a program may well work out a range without keys.',
  explains: ({ operation, actual }) =>
    (operation.type === 'get' || operation.type === 'delete') &&
    operation.end !== undefined &&
    operation.end < operation.key &&
    isFailed('invalid')(actual),
};

/** Told by watches, and dealt with where they are compared. */
export const LOST_DELETION: Difference = {
  name: 'watch from the compacted revision',
  etcd: 'Has lost the deletions of that very revision (mended in 3.4.34, 3.5.16 and 3.6).',
  abcd: 'Tells them.',
  reason: 'A watch may begin at the compacted revision, so it has to be whole there.',
};

/** Between etcd and the model of abcd. */
export const OF_ETCD: readonly Difference[] = [
  SHARED_OPERATIONS,
  DELETE_AFTER_PUT,
  OPEN_DELETE,
  EMPTY_START,
  COMPACT_AT_ZERO,
  WHICH_FAULT,
  TIES,
  EARLY_LIMIT,
  SHORT_LEASE,
  LOST_DELETION,
];

/** Between the model and the interface over HTTP, which is more strict. */
export const OF_HTTP: readonly Difference[] = [WHICH_FAULT, BACKWARDS];

export const DIFFERENCES: readonly Difference[] = [...OF_ETCD, BACKWARDS];

/** The table as Markdown, for the README. */
export function differencesTable(): string {
  const rows = DIFFERENCES.map(
    ({ name, etcd, abcd, reason }) => `| ${name} | ${etcd} | ${abcd} | ${reason} |`,
  );
  return ['| what | etcd | abcd | why |', '|---|---|---|---|', ...rows, ''].join('\n');
}

function isFailed(kind: string): (answer: Answer) => boolean {
  return (answer) => answer.type === 'failed' && answer.kind === kind;
}

function isOneOf(faults: ReadonlySet<string>, kind: string): boolean {
  return faults.has(kind);
}

function withoutOpenDeletes(txn: Txn<number>): Txn<number> {
  const keep = (ops: readonly DataOperation<number>[]): DataOperation<number>[] =>
    ops
      .filter((op) => op.type !== 'delete' || op.open !== true)
      .map((op) => (op.type === 'txn' ? withoutOpenDeletes(op) : op));
  return { ...txn, success: keep(txn.success), failure: keep(txn.failure) };
}
