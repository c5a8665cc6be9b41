import type { ByteString } from '../../lib/bytes.ts';
import { parseDuration } from '../../lib/quantities.ts';
import { SUFFIX_BYTES_MAX } from '../../node/locks/contender.ts';
import type { AcquireRequest } from '../../node/locks/lock-queue.ts';
import { ApiError } from '../../wire/errors.ts';
import { TTL_MAX } from '../../wire/leases.ts';
import { LOCK_TTL_DEFAULT, LOCK_WAIT_DEFAULT_MS } from '../../wire/locks.ts';
import { type Field, integerOf, type JsonObject, refused } from '../request/json-fields.ts';
import { percentDecode } from '../request/key.ts';
import { leaseIdOf } from '../leases/lease-id.ts';
import { leaseAndTtl, parseTtl, TTL_FORM } from '../leases/ttl.ts';

/** The fields of a body that place a request in a queue. */
export const QUEUE_FIELDS = ['ttl', 'lease', 'wait'];

/**
 * The name of a lock or an election, percent-decoded once to bytes. Its keys must not be too long.
 *
 * @throws ApiError `bad-key`, `key-too-long`
 */
export function nameOf(raw: string, keyBytes: number): ByteString {
  const name = percentDecode(raw);
  const limit = keyBytes - SUFFIX_BYTES_MAX;
  if (name.length === 0) throw new ApiError('bad-key', 'The name is empty');
  if (name.length <= limit) return name;
  const detail = `The name has ${name.length} bytes, more than ${limit}: its keys are longer`;
  throw new ApiError('key-too-long', detail, { limit });
}

/** The lease to queue up with, or the time to live of a new one. @throws ApiError `bad-request` */
export function placeLeaseOf(fields: JsonObject): AcquireRequest['lease'] {
  if (fields.has('lease') && fields.has('ttl')) throw leaseAndTtl();
  const id = fields.read('lease', leaseIdOf, null);
  return id === null ? { ttl: fields.read('ttl', ttlOf, LOCK_TTL_DEFAULT) } : { id };
}

/** Ms to wait. @throws ApiError `bad-request` */
export function waitOf(fields: JsonObject, maxMs: number): number {
  const read = (field: Field): number => {
    const ms = typeof field.value === 'string' ? parseDuration(field.value) : null;
    if (ms !== null && ms <= maxMs) return ms;
    const refusal = refused(field, `a duration such as 30s, as text, at most ${maxMs / 1000}s`);
    if (ms === null) throw refusal;
    // A client that wants to wait longer learns from these how long to wait at a time.
    const limit = { limit: maxMs, limitName: 'lock-wait' };
    throw new ApiError(refusal.code, refusal.message, { ...refusal.fields, ...limit });
  };
  return fields.read('wait', read, Math.min(LOCK_WAIT_DEFAULT_MS, maxMs));
}

/** Seconds. @throws ApiError `bad-request` */
function ttlOf(field: Field): number {
  const { value } = field;
  if (typeof value !== 'string') return integerOf(field, 1, TTL_MAX);
  const ttl = parseTtl(value);
  if (ttl === null) throw refused(field, `seconds, or ${TTL_FORM}`);
  return ttl;
}
