import type { Term } from '../raft/entry.ts';
import { ApiError } from '../wire/errors.ts';

/** Elections in which a cluster could have gone on without a member that is still one of it. */
const TERM_LEAD_MAX = 1_000_000;

/**
 * Refuses a term so far ahead that no election can have led there: adopting it would use up the
 * terms of the whole cluster. A member that has heard of no term yet, on its way into an old
 * cluster, takes any.
 *
 * @throws ApiError `bad-request`
 */
export function checkTerm(theirs: Term, ours: Term): void {
  if (ours === 0 || theirs <= ours + TERM_LEAD_MAX) return;
  throw new ApiError('bad-request', `term ${theirs} is implausible in term ${ours}`);
}
