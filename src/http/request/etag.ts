import type { Condition } from '../../kv/command.ts';
import { ApiError } from '../../wire/errors.ts';

/** The ETag of a key: its modRevision in quotes. */
export function etagOf(modRevision: number): string {
  return `"${modRevision}"`;
}

/**
 * What a write demands of the key. `If-None-Match: *` creates only, `If-Match: "<modRevision>"`
 * compares and swaps; null when there is neither.
 *
 * @throws ApiError `bad-request` for any other form, and for both
 */
export function writeConditionOf(headers: Headers): Condition | null {
  const noneMatch = headers.get('if-none-match');
  const condition = ifMatchOf(headers);
  if (noneMatch === null) return condition;
  if (condition !== null) {
    throw new ApiError('bad-request', 'If-Match and If-None-Match exclude each other on a write');
  }
  if (noneMatch !== '*') throw new ApiError('bad-request', 'If-None-Match on a write must be *');
  return { type: 'absent' };
}

/** What a deletion demands of the key: `If-Match`, or nothing. @throws ApiError `bad-request` */
export function deleteConditionOf(headers: Headers): Condition | null {
  if (headers.has('if-none-match')) {
    throw new ApiError('bad-request', 'If-None-Match has no meaning on a deletion');
  }
  return ifMatchOf(headers);
}

/** A range has no ETag to compare with. @throws ApiError `bad-request` */
export function requireUnconditional(headers: Headers): void {
  if (headers.has('if-match') || headers.has('if-none-match')) {
    throw new ApiError('bad-request', 'A range has no ETag: If-Match and If-None-Match need a key');
  }
}

/** @throws ApiError `bad-request` when it is there and no quoted revision */
function ifMatchOf(headers: Headers): { type: 'mod-revision'; revision: number } | null {
  const header = headers.get('if-match');
  if (header === null) return null;
  const match = /^"([1-9][0-9]{0,15})"$/.exec(header);
  const revision = Number(match?.[1]);
  if (Number.isSafeInteger(revision)) return { type: 'mod-revision', revision };
  throw new ApiError('bad-request', 'If-Match must be one revision in quotes, such as "42"');
}

/** What becomes of a read, given the headers of the request and the pair's modRevision. */
export type ReadVerdict = 'serve' | 'not-modified' | 'precondition-failed';

/**
 * Evaluates `If-Match` and `If-None-Match` of a read (RFC 9110 section 13.2.2).
 *
 * @throws ApiError `bad-request` when one is malformed
 */
export function readVerdictOf(headers: Headers, modRevision: number): ReadVerdict {
  const ifMatch = headers.get('if-match');
  if (ifMatch !== null && ifMatchOf(headers)?.revision !== modRevision) {
    return 'precondition-failed';
  }
  const noneMatch = headers.get('if-none-match');
  if (noneMatch === null) return 'serve';
  return noneMatch === '*' || listed(noneMatch, etagOf(modRevision)) ? 'not-modified' : 'serve';
}

function listed(header: string, etag: string): boolean {
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (!tags.every((tag) => /^"[\x21\x23-\x7e]*"$/.test(tag))) {
    throw new ApiError('bad-request', 'If-None-Match must be *, or revisions in quotes');
  }
  return tags.includes(etag);
}
