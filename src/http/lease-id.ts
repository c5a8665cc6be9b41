import type { LeaseId } from '../kv/command.ts';
import { isId } from '../lib/ids.ts';
import { ApiError } from '../wire/errors.ts';

/** @throws ApiError `bad-request` when the text is no id of a lease */
export function requireLeaseId(text: string): LeaseId {
  if (isId(text)) return text as LeaseId;
  throw new ApiError('bad-request', 'A lease id is a decimal number from 1 to 2^63 - 1, as text');
}
