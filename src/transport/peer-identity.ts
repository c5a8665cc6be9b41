import type { ClusterId, MemberId } from '../lib/ids.ts';

/** Who this member is to its peers; the same for both halves of a transport. */
export interface PeerIdentity {
  readonly self: MemberId;
  readonly clusterId: ClusterId;
  /** The cluster's shared secret; null: requests and answers are not signed. */
  readonly secret: string | null;
  /** Unique for this start of the process, 8 to 64 of `A-Za-z0-9-`, such as a random UUID. */
  readonly bootNonce: string;
}
