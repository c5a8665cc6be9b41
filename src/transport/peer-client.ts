/**
 * REQUESTS TO ONE PEER
 *
 * Bun's `fetch` has been seen to send a request twice on a connection that was reset (all methods
 * but POST), to wait for minutes on a pooled connection whose other end is gone, and not to notice
 * an abort while connecting. Hence: POST only; a timer of our own decides, whatever becomes of the
 * fetch; and after a time-out the pool is not used until the peer has answered on a fresh
 * connection.
 */
import type { Logger } from '../lib/logger.ts';
import type { MemberId } from '../lib/ids.ts';
import { formatWireRange, WIRE_VERSIONS } from '../wire/raft-version.ts';
import { readCapped } from './capped-body.ts';
import type { FaultDirection, FaultTable } from './faults.ts';
import {
  CHALLENGE_HEADER,
  checkAddress,
  CLUSTER_HEADER,
  FROM_HEADER,
  SIGNATURE_HEADER,
  TO_HEADER,
  WIRE_HEADER,
} from './peer-headers.ts';
import type { PeerIdentity } from './peer-identity.ts';
import { formatSignature, sameMac, signAnswer, signRequest } from './peer-signature.ts';
import { pause, type TransportClock } from './transport-clock.ts';
import { TransportError } from './transport.ts';

/** The part of `fetch` that is used; tests give another. */
export type PeerFetch = (url: string, init: BunFetchRequestInit) => Promise<Response>;

export interface PeerClientOptions {
  readonly identity: PeerIdentity;
  readonly clock: TransportClock;
  readonly logger: Logger;
  readonly faults: FaultTable | null;
  readonly fetch: PeerFetch;
  /** How to end each call that is under way; shared by the clients of a transport. */
  readonly openCalls: Set<() => void>;
  /** The peer said, and proved that it did, that this member was removed. */
  readonly disowned: () => void;
}

/** One request. */
export interface PeerCall {
  /** `/raft/append`, … */
  readonly path: string;
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly timeoutMs: number;
  /** The longest answer that is read, in bytes. */
  readonly answerBytesMax: number;
}

interface Attempt {
  readonly signal: AbortSignal;
  /** Set just before the request may first reach the peer. */
  sent: boolean;
}

interface Answer {
  readonly response: Response;
  readonly body: Uint8Array;
  readonly session: string;
  readonly requestMac: string;
}

/** A peer that gives a new session at each try is refusing us. */
const TRIES_MAX = 3;
/** Failures of `fetch` before a connection stood. */
const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'ConnectionRefused', 'ENOTFOUND']);

export class PeerClient {
  readonly #to: MemberId;
  readonly #options: PeerClientOptions;
  readonly #headers: Readonly<Record<string, string>>;
  #url: string;
  #counter = 0;
  #session = '';
  /** A request timed out and none was answered since. */
  #distrustPool = false;
  #problem = '';

  constructor(to: MemberId, url: string, options: PeerClientOptions) {
    const { clusterId, self } = options.identity;
    this.#to = to;
    this.#url = url;
    this.#options = options;
    this.#headers = {
      [CLUSTER_HEADER]: clusterId,
      [FROM_HEADER]: self,
      [TO_HEADER]: to,
      [WIRE_HEADER]: formatWireRange(WIRE_VERSIONS),
      'accept-encoding': 'identity',
      'content-type': 'application/octet-stream',
    };
  }

  /** The peer has moved. */
  moveTo(url: string): void {
    this.#url = url;
  }

  /** The body of the peer's answer. Rejects with TransportError, at the latest at the time-out. */
  call(call: PeerCall): Promise<Uint8Array> {
    const { clock, openCalls } = this.#options;
    const controller = new AbortController();
    const attempt: Attempt = { signal: controller.signal, sent: false };
    return new Promise((resolve, reject) => {
      const end = () => {
        cancelTimer();
        openCalls.delete(close);
      };
      const giveUp = (why: string) => {
        end();
        controller.abort();
        reject(new TransportError(`${call.path} to ${this.#to}: ${why}`, attempt.sent));
      };
      const close = () => giveUp('closed');
      const cancelTimer = clock.setTimer(call.timeoutMs, () => {
        this.#distrustPool ||= attempt.sent;
        this.#note('no answer in time');
        giveUp(`no answer in ${call.timeoutMs} ms`);
      });
      openCalls.add(close);
      this.#exchange(call, attempt).then(
        (body) => {
          end();
          resolve(body);
        },
        (error: unknown) => {
          end();
          if (!attempt.signal.aborted) reject(this.#failure(call, attempt, error));
        },
      );
    });
  }

  async #exchange(call: PeerCall, attempt: Attempt): Promise<Uint8Array> {
    for (let tries = 1; ; tries += 1) {
      if (this.#options.faults !== null) await this.#pass(this.#options.faults, 'out');
      const answer = await this.#post(call, attempt);
      if (this.#options.faults !== null) await this.#pass(this.#options.faults, 'in');
      this.#distrustPool = false;
      const { response, session } = answer;
      if (response.status === 200) return this.#accept(answer);
      const challenge = response.headers.get(CHALLENGE_HEADER);
      if (response.status !== 401 || challenge === null || tries === TRIES_MAX) {
        const code = codeOf(answer.body);
        if (code === 'member-removed' && this.#proves(answer)) this.#options.disowned();
        throw new Error(`refused with ${response.status}, ${code}`);
      }
      // Others may have got a session since; the newest one counts.
      if (this.#session === session) this.#session = challenge;
    }
  }

  async #post(call: PeerCall, attempt: Attempt): Promise<Answer> {
    const { identity, fetch } = this.#options;
    const session = this.#session;
    const { headers, requestMac } = this.#sign(call, session, identity);
    attempt.sent = true;
    const response = await fetch(this.#url + call.path, {
      method: 'POST',
      headers,
      body: call.body,
      signal: attempt.signal,
      redirect: 'error',
      decompress: false,
      keepalive: !this.#distrustPool,
    });
    const body = await readCapped(response, call.answerBytesMax);
    return { response, body, session, requestMac };
  }

  #sign(call: PeerCall, session: string, identity: PeerIdentity) {
    const { clusterId: cluster, self: from, bootNonce: nonce, secret } = identity;
    if (secret === null) return { headers: this.#headers, requestMac: '' };
    this.#counter += 1;
    const counter = this.#counter;
    const { path, body } = call;
    const wire = formatWireRange(WIRE_VERSIONS);
    const request = { cluster, from, to: this.#to, wire, path, nonce, counter, session, body };
    const mac = signRequest(secret, request);
    const signature = formatSignature({ nonce, counter, session, mac });
    return { headers: { ...this.#headers, [SIGNATURE_HEADER]: signature }, requestMac: mac };
  }

  #accept(answer: Answer): Uint8Array {
    this.#prove(answer);
    this.#note('');
    return answer.body;
  }

  #proves(answer: Answer): boolean {
    try {
      this.#prove(answer);
      return true;
    } catch {
      return false;
    }
  }

  /** An answer is believed only from the member that was asked. @throws Error, ApiError */
  #prove({ response, body, requestMac }: Answer): void {
    const { clusterId, self, secret } = this.#options.identity;
    const { from, wire } = checkAddress(response.headers, clusterId, self);
    if (from !== this.#to) throw new Error(`answered by ${from}`);
    if (response.headers.has('content-encoding')) throw new Error('the answer is compressed');
    if (secret !== null) {
      const mac = signAnswer(secret, { requestMac, wire, status: response.status, body });
      const theirs = response.headers.get(SIGNATURE_HEADER) ?? '';
      if (!sameMac(mac, theirs)) throw new Error('the answer is not signed by the secret');
    }
  }

  /** Resolves after the delay; never, if the packet is lost: the timer of the call goes on. */
  async #pass(faults: FaultTable, direction: FaultDirection): Promise<void> {
    const { clock } = this.#options;
    const { lost, delayMs } = faults.judge(this.#to, direction);
    if (lost) await new Promise<never>(() => undefined);
    if (delayMs > 0) await pause(clock, delayMs);
  }

  #failure(call: PeerCall, attempt: Attempt, error: unknown): TransportError {
    const why = error instanceof Error ? error.message : String(error);
    const code = error instanceof Error && 'code' in error ? error.code : null;
    const connected = typeof code !== 'string' || !NEVER_CONNECTED.has(code);
    this.#note(why);
    const sent = attempt.sent && connected;
    return new TransportError(`${call.path} to ${this.#to}: ${why}`, sent);
  }

  /** Logs a change of what is wrong with the peer, not each failure. */
  #note(problem: string): void {
    const before = this.#problem;
    if (problem === before) return;
    this.#problem = problem;
    const { logger } = this.#options;
    const fields = { peer: this.#to, url: this.#url };
    if (problem === '') {
      logger.log('info', 'node', 'peer answers again', fields);
      return;
    }
    const level = before === '' ? 'warn' : 'debug';
    logger.log(level, 'node', 'peer does not answer', { ...fields, problem });
  }
}

/** The code of the error that a refusal names. */
function codeOf(body: Uint8Array): string {
  const text = Buffer.from(body.subarray(0, 4096)).toString('utf8');
  return /"code": ?"([a-z-]{1,40})"/.exec(text)?.[1] ?? 'no code';
}
