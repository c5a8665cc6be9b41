import { ApiError } from '../wire/errors.ts';
import type { PeerHttpRequest } from './peer-endpoint.ts';
import { type PeerAddress, SIGNATURE_HEADER } from './peer-headers.ts';
import type { PeerIdentity } from './peer-identity.ts';
import { PeerSessions } from './peer-sessions.ts';
import {
  parseSignature,
  sameMac,
  signAnswer,
  type SignedAnswer,
  signRequest,
} from './peer-signature.ts';

/** What a request has proven. */
export type Proof =
  /** It may be heard. `mac` is its signature; empty without a secret. */
  | { readonly type: 'proven'; readonly mac: string }
  /** Its sender holds the secret, and must name this session to be heard. */
  | { readonly type: 'no-session'; readonly session: string };

/** Checks the signatures of requests and signs the answers; without a secret, neither. */
export class PeerVerifier {
  readonly #identity: PeerIdentity;
  readonly #sessions: PeerSessions | null;

  constructor(identity: PeerIdentity) {
    const { secret, bootNonce } = identity;
    this.#identity = identity;
    this.#sessions = secret === null ? null : new PeerSessions(secret, bootNonce);
  }

  /** @throws ApiError `unauthorized` without a signature, `forbidden` with a wrong or used one. */
  verify(request: PeerHttpRequest, address: PeerAddress): Proof {
    const { clusterId: cluster, self: to, secret } = this.#identity;
    if (secret === null || this.#sessions === null) return { type: 'proven', mac: '' };
    const header = request.headers.get(SIGNATURE_HEADER);
    if (header === null) throw new ApiError('unauthorized', 'the request is not signed');
    const signature = parseSignature(header);
    if (signature === null) throw new ApiError('forbidden', 'the signature is malformed');
    const { path, body } = request;
    const expected = signRequest(secret, { cluster, to, ...address, path, ...signature, body });
    if (!sameMac(signature.mac, expected)) throw new ApiError('forbidden', 'wrong signature');
    const { nonce, counter, session, mac } = signature;
    switch (this.#sessions.admit(address.from, nonce, session, counter)) {
      case 'new':
        return { type: 'proven', mac };
      case 'used':
        throw new ApiError('forbidden', 'the request was sent before');
      case 'stale':
        return { type: 'no-session', session: this.#sessions.give(address.from, nonce) };
    }
  }

  /** The signature header of an answer to a proven request; null without a secret. */
  signAnswer(requestMac: string, answer: Omit<SignedAnswer, 'requestMac'>): string | null {
    const { secret } = this.#identity;
    return secret === null ? null : signAnswer(secret, { requestMac, ...answer });
  }
}
