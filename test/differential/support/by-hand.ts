/** For each difference the shortest sequence that meets it. */

import type { ByteString } from '../../../src/lib/bytes.ts';
import {
  BACKWARDS,
  COMPACT_AT_ZERO,
  DELETE_AFTER_PUT,
  EARLY_LIMIT,
  EMPTY_START,
  LOST_DELETION,
  OPEN_DELETE,
  SHARED_OPERATIONS,
  SHORT_LEASE,
  TIES,
  WHICH_FAULT,
} from '../differences.ts';
import type { DataOperation, Planned, RevisionRef, Txn } from './operation.ts';

type Op = DataOperation<RevisionRef>;

interface Known {
  readonly sequence: readonly Planned[];
  /** The difference, by its name. */
  readonly met: string;
}

const [A, B, C, NOTHING] = ['a', 'b', 'c', ''].map((text) => text as ByteString) as [
  ByteString,
  ByteString,
  ByteString,
  ByteString,
];
const EVERYTHING = { key: '\0' as ByteString, open: true } as const;
const ZERO: RevisionRef = { at: 'now', plus: -1_000_000 };

function put(key: ByteString): Op {
  return { type: 'put', key, value: key };
}

function txn(...success: readonly Op[]): Txn<RevisionRef> {
  return { type: 'txn', compare: [], success, failure: [] };
}

function gets(count: number): Op[] {
  return Array.from({ length: count }, () => ({ type: 'get', key: A }));
}

export const BY_HAND = {
  beginning: {
    sequence: [
      { type: 'get', key: A },
      { type: 'get', key: A, revision: { at: 'now', plus: 0 } },
      { type: 'get', key: A, revision: { at: 'now', plus: 1 } },
      { type: 'compact', revision: ZERO },
      { type: 'compact', revision: ZERO },
    ],
    met: COMPACT_AT_ZERO.name,
  },
  operations: { sequence: [txn(txn(...gets(64)), txn(...gets(64)))], met: SHARED_OPERATIONS.name },
  deletion: {
    sequence: [txn(txn(put(A)), txn({ type: 'delete', key: A }))],
    met: DELETE_AFTER_PUT.name,
  },
  openDeletion: {
    sequence: [txn(put(B), { type: 'delete', key: A, open: true })],
    met: OPEN_DELETE.name,
  },
  emptyStart: { sequence: [{ type: 'get', key: NOTHING, end: B }], met: EMPTY_START.name },
  faults: {
    sequence: [{ type: 'put', key: C, value: NOTHING, ignoreValue: true, lease: '5555' }],
    met: WHICH_FAULT.name,
  },
  ties: {
    sequence: [...[A, B].map(put), { type: 'get', ...EVERYTHING, sort: 'version', order: 'desc' }],
    met: TIES.name,
  },
  limits: {
    sequence: [
      ...[A, B, C, A, B, A].map(put),
      { type: 'get', ...EVERYTHING, sort: 'version', limit: 1 },
    ],
    met: EARLY_LIMIT.name,
  },
  lost: {
    sequence: [
      put(A),
      { type: 'delete', key: A },
      { type: 'compact', revision: { at: 'now', plus: 0 } },
      { type: 'watch', key: A, from: { at: 'compacted', plus: 0 } },
    ],
    met: LOST_DELETION.name,
  },
  lease: {
    sequence: [
      { type: 'lease-grant', id: '1', ttl: 1 },
      { type: 'lease-revoke', id: '1' },
    ],
    met: SHORT_LEASE.name,
  },
  // Thrice: one of three goes by a transaction.
  backwards: {
    sequence: [1, 2, 3].map(() => ({ type: 'get', key: B, end: A })),
    met: BACKWARDS.name,
  },
} as const satisfies Record<string, Known>;
