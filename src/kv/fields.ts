/**
 * CHECKS OF FIELDS of a logged command. Each answers what is wrong, or null; none trusts anything
 * before it was looked at.
 */

import { type ByteString, isByteString } from '../lib/bytes.ts';
import { isId } from '../lib/ids.ts';
import type {
  Condition,
  KeyRange,
  LeaseGrant,
  LeaseId,
  PutFields,
  RangeOptions,
} from './command.ts';
import { MAX_LEASE_TTL } from './leases.ts';
import { MAX_KEY_BYTES, MAX_REQUEST_ID_LENGTH } from './limits.ts';

/** The fields of a command as they may come: anything. */
export type Unchecked<T> = { readonly [K in keyof T]?: unknown };

export type Fault = string | null;

/** Whether the fields of it can be looked at. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An integer from 0 to 2^53 - 1. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The id of a lease. */
export function isLeaseId(value: unknown): value is LeaseId {
  return typeof value === 'string' && isId(value);
}

export function countFault(name: string, value: unknown): Fault {
  return isCount(value) ? null : `${name} is not a number from 0 on`;
}

export function leaseFault(id: unknown): Fault {
  return isLeaseId(id) ? null : 'id is not the id of a lease';
}

export function leaseGrantFault({ id, ttl }: Unchecked<LeaseGrant>): Fault {
  const fault = leaseFault(id);
  if (fault !== null) return fault;
  return isCount(ttl) && ttl >= 1 && ttl <= MAX_LEASE_TTL ? null : 'ttl is not in its range';
}

/** The lease that a command grants itself, if it does. */
export function grantFault(grant: unknown): Fault {
  if (isNone(grant)) return null;
  return isObject(grant) ? leaseGrantFault(grant) : 'grant is malformed';
}

export function requestIdFault(id: unknown): Fault {
  if (id === null) return null;
  const isName = typeof id === 'string' && id.length <= MAX_REQUEST_ID_LENGTH && isByteString(id);
  return isName ? null : 'requestId is malformed';
}

function keyFault(name: string, key: unknown): Fault {
  const fault = bytesFault(name, key);
  if (fault !== null) return fault;
  return (key as ByteString).length > MAX_KEY_BYTES ? `${name} is too long` : null;
}

export function bytesFault(name: string, bytes: unknown): Fault {
  return typeof bytes === 'string' && isByteString(bytes) ? null : `${name} is not a byte string`;
}

export function conditionFault(condition: unknown): Fault {
  if (condition === null) return null;
  if (!isObject(condition)) return 'condition is malformed';
  const { type, revision } = condition as Unchecked<Condition & { revision: number }>;
  if (type === 'absent') return null;
  return type === 'mod-revision' && isCount(revision) ? null : 'condition is malformed';
}

export function rangeFault({ key, end, open }: Unchecked<KeyRange>): Fault {
  return (
    keyFault('key', key) ?? (isNone(end) ? null : keyFault('end', end)) ?? switchFault('open', open)
  );
}

export function putFault(fields: Unchecked<PutFields>): Fault {
  const { key, value, lease, ignoreValue, ignoreLease, prev } = fields;
  const fault =
    keyFault('key', key) ??
    bytesFault('value', value) ??
    (isNone(lease) || isLeaseId(lease) ? null : 'lease is not the id of a lease') ??
    switchFault('ignoreValue', ignoreValue) ??
    switchFault('ignoreLease', ignoreLease) ??
    switchFault('prev', prev);
  if (fault !== null) return fault;
  if (ignoreValue === true && value !== '') return 'value is given, and to be ignored';
  return ignoreLease === true && !isNone(lease) ? 'lease is given, and to be ignored' : null;
}

const SORTS: ReadonlySet<unknown> = new Set([
  undefined,
  'key',
  'version',
  'create',
  'mod',
  'value',
]);

export function optionsFault(options: Unchecked<RangeOptions>): Fault {
  const { revision, limit, sort, order, keysOnly, countOnly } = options;
  if (!SORTS.has(sort)) return 'sort is malformed';
  if (order !== undefined && order !== 'asc' && order !== 'desc') return 'order is malformed';
  const fault = switchFault('keysOnly', keysOnly) ?? switchFault('countOnly', countOnly);
  if (fault !== null) return fault;
  if (!isNone(revision) && !isCount(revision)) return 'revision is not a number from 0 on';
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = options;
  for (const number of [
    limit,
    minModRevision,
    maxModRevision,
    minCreateRevision,
    maxCreateRevision,
  ]) {
    if (number !== undefined && !isCount(number)) return 'a limit is not a number from 0 on';
  }
  return null;
}

export function switchFault(name: string, value: unknown): Fault {
  return value === undefined || typeof value === 'boolean' ? null : `${name} is not a boolean`;
}

function isNone(value: unknown): boolean {
  return value === undefined || value === null;
}
