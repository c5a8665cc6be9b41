import type { ClusterId, MemberId } from '../lib/ids.ts';
import { parseMemberId } from '../lib/ids.ts';
import { ApiError } from '../wire/errors.ts';
import { commonWireVersion, parseWireRange, WIRE_VERSIONS } from '../wire/raft-version.ts';

/** The cluster both must belong to. */
export const CLUSTER_HEADER = 'abcd-cluster';
/** The member that speaks. */
export const FROM_HEADER = 'abcd-from';
/** The member that is spoken to. */
export const TO_HEADER = 'abcd-to';
/** The protocol versions the speaker knows, `<min>-<max>`. */
export const WIRE_HEADER = 'abcd-wire';
/** Request: boot nonce, counter, session and HMAC. Answer: HMAC. */
export const SIGNATURE_HEADER = 'abcd-signature';
/** The session a sender must name to be heard (peer-sessions.ts). */
export const CHALLENGE_HEADER = 'abcd-challenge';

/** Who speaks to whom, as the headers say; nothing of it is proven. */
export interface PeerAddress {
  readonly from: MemberId;
  /** The `Abcd-Wire` header as it stands, for the signature. */
  readonly wire: string;
}

/**
 * Checks that a message of the given headers is for this member of this cluster and in a language
 * both know. Changes nothing.
 *
 * @throws ApiError `cluster-mismatch`, `member-mismatch`, `wire-version-mismatch`, `bad-request`.
 */
export function checkAddress(headers: Headers, cluster: ClusterId, self: MemberId): PeerAddress {
  const theirs = headers.get(CLUSTER_HEADER);
  if (theirs !== cluster) {
    throw new ApiError('cluster-mismatch', `cluster ${quote(theirs)} instead of ${cluster}`);
  }
  const to = headers.get(TO_HEADER);
  if (to !== self) throw new ApiError('member-mismatch', `for ${quote(to)}; this is ${self}`);
  const wire = headers.get(WIRE_HEADER) ?? '';
  const range = parseWireRange(wire);
  if (range === null || commonWireVersion(range, WIRE_VERSIONS) === null) {
    const { min, max } = WIRE_VERSIONS;
    throw new ApiError('wire-version-mismatch', `${quote(wire)}; this member speaks ${min}-${max}`);
  }
  const from = parseMemberId(headers.get(FROM_HEADER) ?? '');
  if (from === null) throw new ApiError('bad-request', `no sender in the ${FROM_HEADER} header`);
  if (from === self) throw new ApiError('bad-request', 'no member sends anything to itself');
  return { from, wire };
}

function quote(text: string | null): string {
  return text === null ? 'none' : JSON.stringify(text.slice(0, 40));
}
