/**
 * THE RECEIVING HALF
 *
 * A request is judged in this order, and nothing changes before all of it held: route, cluster,
 * addressee, protocol version, signature, session, removed sender, form, plausible term. Then the
 * node hears it, and the HTTP request waits until the node has answered.
 */
import type { Logger } from '../lib/logger.ts';
import type { MemberId } from '../lib/ids.ts';
import type { ResponseMessage } from '../raft/message.ts';
import { ApiError } from '../wire/errors.ts';
import { problemFields, PROBLEM_TYPE } from '../wire/problem.ts';
import { decodeRequest, encodeMessage } from '../wire/raft-codec.ts';
import { formatWireRange, WIRE_VERSIONS } from '../wire/raft-version.ts';
import type { FaultDirection, FaultTable } from './faults.ts';
import {
  decodeForward,
  decodeSnapshotChunk,
  encodeForwardAnswer,
  encodeSnapshotAnswer,
} from './frames.ts';
import type { PeerEndpoint, PeerHttpRequest, PeerHttpResponse } from './peer-endpoint.ts';
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
import { PeerVerifier } from './peer-verifier.ts';
import { PendingAnswers } from './pending-answers.ts';
import { checkTerm } from './term-guard.ts';
import { messageTimeout, type PeerTimeouts } from './timeouts.ts';
import { pause, type TransportClock } from './transport-clock.ts';
import type { TransportHandler } from './transport.ts';

export interface PeerEndpointOptions {
  readonly identity: PeerIdentity;
  readonly clock: TransportClock;
  readonly logger: Logger;
  readonly faults: FaultTable | null;
  readonly timeouts: PeerTimeouts;
  /** Whether this id was a member once and is no more. */
  readonly isRemoved: (id: MemberId) => boolean;
  /** This node's term; 0 before it has heard of any. */
  readonly currentTerm: () => number;
}

const REFUSED_SESSION = 'name the session in the abcd-challenge header and ask again';

export class HttpPeerEndpoint implements PeerEndpoint {
  readonly #options: PeerEndpointOptions;
  readonly #handler: TransportHandler;
  readonly #pending: PendingAnswers;
  readonly #verifier: PeerVerifier;
  #closed = false;

  constructor(options: PeerEndpointOptions, handler: TransportHandler) {
    this.#options = options;
    this.#handler = handler;
    this.#pending = new PendingAnswers(options.clock);
    this.#verifier = new PeerVerifier(options.identity);
  }

  async handle(request: PeerHttpRequest): Promise<PeerHttpResponse> {
    if (this.#closed) throw new ApiError('shutting-down', 'this member is shutting down');
    const { identity, isRemoved } = this.#options;
    const route = routeOf(request.path);
    const address = checkAddress(request.headers, identity.clusterId, identity.self);
    const { from } = address;
    await this.#passFaults(from, 'in');
    try {
      const proof = this.#verifier.verify(request, address);
      if (proof.type === 'no-session') return challenge(proof.session);
      if (isRemoved(from)) return this.#disown(from, proof.mac);
      const body = await this.#dispatch(route, from, request.body);
      return this.#respond(from, proof.mac, body);
    } finally {
      // Refusals are packets too.
      await this.#passFaults(from, 'out');
    }
  }

  /** Hands the node's answer to the request that waits for it. */
  answer(response: ResponseMessage): void {
    if (this.#pending.answer(response)) return;
    const { type, to, seq } = response;
    this.#options.logger.log('debug', 'node', 'no request waits for this answer', {
      type,
      to,
      seq,
    });
  }

  close(): void {
    this.#closed = true;
    this.#pending.close();
  }

  #dispatch(route: Route, from: MemberId, body: Uint8Array): Promise<string> {
    if (route === 'snapshot') return this.#snapshot(from, body);
    if (route === 'forward') return this.#forward(from, body);
    return this.#message(route, from, body);
  }

  async #message(type: MessageRoute, from: MemberId, body: Uint8Array): Promise<string> {
    const message = decodeRequest(type, body);
    if (message.from !== from || message.to !== this.#options.identity.self) {
      throw new ApiError(
        'bad-request',
        'the message has another sender or addressee than its headers',
      );
    }
    checkTerm(message.term, this.#options.currentTerm());
    // The node may answer before `onMessage` returns.
    const answer = this.#pending.wait(message, messageTimeout(message, this.#options.timeouts));
    try {
      this.#handler.onMessage(message);
    } catch (error) {
      // The answer will not come; that must not be reported beside the real fault.
      answer.catch(() => undefined);
      throw error;
    }
    return encodeMessage(await answer);
  }

  async #snapshot(from: MemberId, body: Uint8Array): Promise<string> {
    const chunk = decodeSnapshotChunk(body);
    checkTerm(chunk.term, this.#options.currentTerm());
    return encodeSnapshotAnswer(await this.#handler.onSnapshotChunk(from, chunk));
  }

  async #forward(from: MemberId, body: Uint8Array): Promise<string> {
    const { request, timeoutMs } = decodeForward(from, this.#options.identity.self, body);
    try {
      return encodeForwardAnswer(await this.#handler.onForward(request, timeoutMs));
    } catch (error) {
      // An expected failure travels as an answer, so that it is signed like any other.
      if (!(error instanceof ApiError)) throw error;
      const { code, message: detail, fields } = error;
      return encodeForwardAnswer({ ok: false, body: { code, detail, fields } });
    }
  }

  /** A lost packet is never answered; the request ends when its sender has long given up. */
  async #passFaults(peer: MemberId, direction: FaultDirection): Promise<void> {
    const { faults, clock, timeouts } = this.#options;
    if (faults === null) return;
    const { lost, delayMs } = faults.judge(peer, direction);
    if (lost) {
      await pause(clock, timeouts.snapshotMs);
      throw new ApiError('timeout', 'lost to an injected fault');
    }
    if (delayMs > 0) await pause(clock, delayMs);
  }

  /** Signed as an answer is: the sender acts on it, so nobody else may be able to say it. */
  #disown(from: MemberId, requestMac: string): PeerHttpResponse {
    const problem = problemFields('member-removed', `${from} was removed from the cluster`);
    return this.#respond(from, requestMac, JSON.stringify(problem), problem.status);
  }

  #respond(to: MemberId, requestMac: string, body: string, status = 200): PeerHttpResponse {
    const { clusterId, self } = this.#options.identity;
    const wire = formatWireRange(WIRE_VERSIONS);
    const signature = this.#verifier.signAnswer(requestMac, { wire, status, body });
    const headers = {
      [CLUSTER_HEADER]: clusterId,
      [FROM_HEADER]: self,
      [TO_HEADER]: to,
      [WIRE_HEADER]: wire,
      ...(signature === null ? {} : { [SIGNATURE_HEADER]: signature }),
      'content-type': status === 200 ? 'application/x-ndjson' : PROBLEM_TYPE,
    };
    return { status, headers, body };
  }
}

/** An answer and not an error: the error table has no room for the header. */
function challenge(session: string): PeerHttpResponse {
  const problem = problemFields('unauthorized', REFUSED_SESSION);
  const headers = { 'content-type': PROBLEM_TYPE, [CHALLENGE_HEADER]: session };
  return { status: problem.status, headers, body: JSON.stringify(problem) };
}

const MESSAGE_ROUTES = ['pre-vote', 'vote', 'append', 'timeout-now', 'read-index'] as const;
type MessageRoute = (typeof MESSAGE_ROUTES)[number];
type Route = MessageRoute | 'snapshot' | 'forward';

const ROUTES: ReadonlyMap<string, Route> = new Map(
  [...MESSAGE_ROUTES, 'snapshot' as const, 'forward' as const].map((name) => [
    `/raft/${name}`,
    name,
  ]),
);

function routeOf(path: string): Route {
  const route = ROUTES.get(path);
  if (route !== undefined) return route;
  throw new ApiError('no-such-route', `no such route: ${path.slice(0, 100)}`);
}
