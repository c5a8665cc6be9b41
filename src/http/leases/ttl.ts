import { parseDuration } from '../../lib/quantities.ts';
import { ApiError } from '../../wire/errors.ts';
import { TTL_MAX } from '../../wire/leases.ts';

/** What a time to live as text must be, for refusals. */
export const TTL_FORM = `a duration such as 30s, from 1s to ${TTL_MAX}s`;

/** Seconds in a duration, rounded up; null when it is none, or not one that a lease may have. */
export function parseTtl(text: string): number | null {
  const ms = parseDuration(text);
  return ms !== null && ms >= 1000 && ms <= TTL_MAX * 1000 ? Math.ceil(ms / 1000) : null;
}

/** The refusal of a request that names a lease and asks for one. */
export function leaseAndTtl(): ApiError {
  const detail = 'lease and ttl exclude each other: a ttl makes a new lease';
  return new ApiError('bad-request', detail);
}
