import type { LeaseId } from '../../kv/command.ts';
import { isId } from '../../lib/ids.ts';
import { ApiError } from '../../wire/errors.ts';
import { type Field, refused } from '../request/json-fields.ts';

/** @throws ApiError `bad-request` when the text is no id of a lease */
export function requireLeaseId(text: string): LeaseId {
  if (isId(text)) return text as LeaseId;
  throw new ApiError('bad-request', 'A lease id is a decimal number from 1 to 2^63 - 1, as text');
}

/** The same of a field. A JSON number above 2^53 would be rounded: an id is text. */
export function leaseIdOf(field: Field): LeaseId {
  const { value } = field;
  if (typeof value === 'string' && isId(value)) return value as LeaseId;
  throw refused(field, 'the id of a lease: a decimal number from 1 to 2^63 - 1, as text');
}
