/**
 * SIGNATURES OF PEER MESSAGES
 *
 * Holders of the cluster secret sign every request and every answer with HMAC-SHA256 (RFC 2104).
 * An answer's signature covers the request's, so that it answers this request and no other. The
 * first line of what is signed tells the two apart. Nothing is encrypted: use TLS or a private
 * network where the data itself is secret. The secret is shared, so a member that holds it can
 * speak in the name of another.
 */
import { timingSafeEqual } from 'node:crypto';
import { assert } from '../lib/assert.ts';
import type { ClusterId, MemberId } from '../lib/ids.ts';

/** The parts of a signed request, beside its signature. */
export interface SignedRequest {
  readonly cluster: ClusterId;
  readonly from: MemberId;
  readonly to: MemberId;
  readonly wire: string;
  readonly path: string;
  /** Names one run of the sending process. */
  readonly nonce: string;
  /** Grows with every request of that process to the addressee; 1 for the first. */
  readonly counter: number;
  /** The session the addressee gave out (peer-sessions.ts); empty on first contact. */
  readonly session: string;
  readonly body: string | Uint8Array;
}

/** The parts of a signed answer. */
export interface SignedAnswer {
  /** The signature of the request. */
  readonly requestMac: string;
  readonly wire: string;
  readonly status: number;
  readonly body: string | Uint8Array;
}

/** What a request's signature header says. */
export interface SignatureHeader {
  readonly nonce: string;
  readonly counter: number;
  readonly session: string;
  readonly mac: string;
}

/** The hex HMAC of a request. */
export function signRequest(secret: string, request: SignedRequest): string {
  const { cluster, from, to, wire, path, nonce, counter, session, body } = request;
  const fields = [cluster, from, to, wire, `POST ${path}`, nonce, counter, session, sha256(body)];
  return hmac(secret, `abcd peer request 1\n${fields.join('\n')}`);
}

/** The hex HMAC of an answer. */
export function signAnswer(secret: string, answer: SignedAnswer): string {
  const { requestMac, wire, status, body } = answer;
  const fields = [requestMac, wire, status, sha256(body)];
  return hmac(secret, `abcd peer answer 1\n${fields.join('\n')}`);
}

/** The hex HMAC that makes a session name unguessable. */
export function signSession(secret: string, fields: readonly string[]): string {
  return hmac(secret, `abcd peer session 1\n${fields.join('\n')}`);
}

/** Compares in a time that does not depend on where they differ. */
export function sameMac(a: string, b: string): boolean {
  const left = Buffer.from(a, 'latin1');
  const right = Buffer.from(b, 'latin1');
  return left.length === right.length && timingSafeEqual(left, right);
}

/** The value of a request's signature header. */
export function formatSignature({ nonce, counter, session, mac }: SignatureHeader): string {
  return `${nonce} ${counter} ${session === '' ? '-' : session} ${mac}`;
}

/** The parts of a request's signature header, or null when it is malformed. */
export function parseSignature(text: string): SignatureHeader | null {
  const match = SIGNATURE.exec(text);
  if (match === null) return null;
  const [, nonce = '', digits = '', session = '', mac = ''] = match;
  const counter = Number(digits);
  if (!Number.isSafeInteger(counter)) return null;
  return { nonce, counter, session: session === '-' ? '' : session, mac };
}

const SIGNATURE =
  /^([A-Za-z0-9-]{8,64}) ([1-9][0-9]{0,15}) (-|[1-9][0-9]{0,15}\.[0-9a-f]{64}) ([0-9a-f]{64})$/;

/** Whether a text can name a run of a process. */
export function isBootNonce(text: string): boolean {
  return /^[A-Za-z0-9-]{8,64}$/.test(text);
}

function sha256(body: string | Uint8Array): string {
  return new Bun.CryptoHasher('sha256').update(body).digest('hex');
}

function hmac(secret: string, text: string): string {
  assert(secret !== '', 'an empty secret signs nothing');
  return new Bun.CryptoHasher('sha256', secret).update(text).digest('hex');
}
