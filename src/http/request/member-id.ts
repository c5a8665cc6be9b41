import { type MemberId, parseMemberId } from '../../lib/ids.ts';
import { parseOrigin } from '../../lib/peer-url.ts';
import { ApiError } from '../../wire/errors.ts';

/** @throws ApiError `bad-request` when the text is no id of a member */
export function requireMemberId(text: string): MemberId {
  const id = parseMemberId(text);
  if (id === null) throw new ApiError('bad-request', 'A member id is a decimal number below 2^63');
  return id;
}

/** The origin that a member is reached at. @throws ApiError `bad-request` for any other URL */
export function requireOrigin(text: string): string {
  const origin = parseOrigin(text);
  if (origin !== null) return origin;
  throw new ApiError('bad-request', 'url must be http or https with a host and a port alone');
}
