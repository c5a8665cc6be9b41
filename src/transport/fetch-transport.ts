/**
 * PEERS OVER HTTP
 *
 * Every request of the core is one `POST {peer}/raft/<type>`, and the HTTP answer carries the
 * response: the receiving side keeps the request open until its node has answered (for an append,
 * until the entries are durable). What is not answered in time is reported as unreachable. Requests
 * are sent side by side and may overtake each other. See peer-client.ts for the sending half,
 * http-peer-endpoint.ts for the receiving one, peer-sessions.ts for what a secret proves.
 */
import { assert } from '../lib/assert.ts';
import type { ClusterId, MemberId } from '../lib/ids.ts';
import type { Logger } from '../lib/logger.ts';
import type { Message, ResponseMessage } from '../raft/message.ts';
import { ApiError } from '../wire/errors.ts';
import {
  decodeResponse,
  encodeMessage,
  isResponseMessage,
  responseTypeOf,
  type WireRequest,
} from '../wire/raft-codec.ts';
import type { FaultTable } from './faults.ts';
import {
  decodeForwardAnswer,
  decodeSnapshotAnswer,
  encodeForward,
  encodeSnapshotChunk,
} from './frames.ts';
import { HttpPeerEndpoint } from './http-peer-endpoint.ts';
import { Lane } from './lane.ts';
import { PeerClient, type PeerCall, type PeerFetch } from './peer-client.ts';
import type { PeerEndpoint } from './peer-endpoint.ts';
import type { PeerIdentity } from './peer-identity.ts';
import { isBootNonce } from './peer-signature.ts';
import { checkTerm } from './term-guard.ts';
import { isBulky, messageTimeout, type PeerTimeouts } from './timeouts.ts';
import { pause, type TransportClock } from './transport-clock.ts';
import {
  type ForwardAnswer,
  type ForwardRequest,
  type PeerUrls,
  type SnapshotChunk,
  type SnapshotChunkAnswer,
  type Transport,
  TransportError,
  type TransportHandler,
} from './transport.ts';

export interface FetchTransportOptions {
  readonly self: MemberId;
  readonly clusterId: ClusterId;
  /** The cluster's shared secret, not empty; null: nothing is signed and anybody is believed. */
  readonly secret: string | null;
  /** Unique for this start of the process, 8 to 64 of `A-Za-z0-9-`, such as a random UUID. */
  readonly bootNonce: string;
  readonly clock: TransportClock;
  readonly logger: Logger;
  readonly timeouts: PeerTimeouts;
  /** Whether this id was a member once and is no more. */
  readonly isRemoved: (id: MemberId) => boolean;
  /** This node's term; 0 before it has heard of any. */
  readonly currentTerm: () => number;
  readonly faults?: FaultTable | null;
  /** For tests; the global `fetch` otherwise. */
  readonly fetch?: PeerFetch;
}

/** Small messages under way to one peer, and as many appends with entries. */
const MESSAGES_MAX = 16;
const CHUNKS_MAX = 2;
/** Bun has 256 connections for all of `fetch`: forwards must leave some for votes. */
const FORWARDS_MAX = 100;
const FORWARDS_WAITING_MAX = 20_000;
const ANSWER_BYTES_MAX = 64 * 1024;
/** A forwarded delete may answer with every pair that it deleted. */
const FORWARD_ANSWER_BYTES_MAX = 64 * 2 ** 20;

type LaneName = 'small' | 'bulky' | 'chunks' | 'forwards';

interface Peer extends Readonly<Record<LaneName, Lane>> {
  readonly client: PeerClient;
}

export class FetchTransport implements Transport {
  /** What the `/raft/*` routes hand their requests to. */
  readonly endpoint: PeerEndpoint;
  readonly #options: FetchTransportOptions;
  readonly #handler: TransportHandler;
  readonly #receiver: HttpPeerEndpoint;
  readonly #identity: PeerIdentity;
  readonly #openCalls = new Set<() => void>();
  #peers: ReadonlyMap<MemberId, Peer> = new Map();
  #closed = false;

  constructor(options: FetchTransportOptions, handler: TransportHandler) {
    const { self, clusterId, secret, bootNonce, faults = null } = options;
    assert(isBootNonce(bootNonce), () => `not a boot nonce: ${bootNonce}`);
    assert(secret !== '', 'an empty cluster secret');
    this.#options = options;
    this.#handler = handler;
    this.#identity = { self, clusterId, secret, bootNonce };
    this.#receiver = new HttpPeerEndpoint(
      { ...options, faults, identity: this.#identity },
      handler,
    );
    this.endpoint = this.#receiver;
  }

  send(message: Message): void {
    if (isResponseMessage(message)) this.#receiver.answer(message);
    else {
      assert(message.type !== 'snapshot', 'snapshots travel in chunks');
      // A rejection is an error of the handler: unhandled, it ends the process.
      void this.#request(message);
    }
  }

  setPeers(urls: PeerUrls): void {
    const peers = new Map<MemberId, Peer>();
    for (const [id, url] of urls) {
      if (id === this.#options.self) continue;
      const base = url.replace(/\/+$/, '');
      const known = this.#peers.get(id);
      known?.client.moveTo(base);
      peers.set(id, known ?? this.#createPeer(id, base));
    }
    for (const [id, peer] of this.#peers) if (!peers.has(id)) closeLanes(peer);
    this.#peers = peers;
  }

  async sendSnapshotChunk(to: MemberId, chunk: SnapshotChunk): Promise<SnapshotChunkAnswer> {
    const peer = this.#enter(to, 'chunks');
    if (peer === null) throw noWay(to);
    const body = await call(peer, 'chunks', {
      path: '/raft/snapshot',
      body: encodeSnapshotChunk(chunk),
      timeoutMs: this.#options.timeouts.snapshotMs,
      answerBytesMax: ANSWER_BYTES_MAX,
    });
    return understood(() => {
      const answer = decodeSnapshotAnswer(body);
      checkTerm(answer.term, this.#options.currentTerm());
      return answer;
    });
  }

  async forward(to: MemberId, request: ForwardRequest, timeoutMs: number): Promise<ForwardAnswer> {
    const { clock } = this.#options;
    const deadline = clock.now() + timeoutMs;
    const peer = this.#enter(to, 'forwards') ?? (await this.#queue(to, timeoutMs));
    const remainingMs = Math.max(1, deadline - clock.now());
    const body = await call(peer, 'forwards', {
      path: '/raft/forward',
      body: encodeForward({ request, timeoutMs: remainingMs }),
      timeoutMs: remainingMs,
      answerBytesMax: FORWARD_ANSWER_BYTES_MAX,
    });
    return understood(() => decodeForwardAnswer(body));
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#receiver.close();
    for (const peer of this.#peers.values()) closeLanes(peer);
    for (const end of this.#openCalls) end();
    return Promise.resolve();
  }

  /** Tells the handler what became of a request. An error the handler throws is not ours. */
  async #request(message: WireRequest): Promise<void> {
    const response = await this.#ask(message);
    if (this.#closed) return;
    if (response === null) this.#handler.onUnreachable(message.to, message);
    else this.#handler.onMessage(response);
  }

  /** The response to a request, or null. */
  async #ask(message: WireRequest): Promise<ResponseMessage | null> {
    const { type, to } = message;
    const { clock, logger, timeouts } = this.#options;
    const lane = isBulky(message) ? 'bulky' : 'small';
    const peer = this.#enter(to, lane);
    if (peer === null) {
      // A node that answers "unreachable" with another request must not hold up the event loop.
      await pause(clock, 0);
      return null;
    }
    try {
      const body = await call(peer, lane, {
        path: `/raft/${type}`,
        body: encodeMessage(message),
        timeoutMs: messageTimeout(message, timeouts),
        answerBytesMax: ANSWER_BYTES_MAX,
      });
      return this.#check(message, decodeResponse(responseTypeOf(type), body));
    } catch (error) {
      if (error instanceof TransportError) return null;
      if (!(error instanceof ApiError)) throw error;
      logger.log('warn', 'node', 'peer gave a bad answer', { peer: to, why: error.message });
      return null;
    }
  }

  /** @throws ApiError when the response does not belong to the request. */
  #check(request: WireRequest, response: ResponseMessage): ResponseMessage {
    const { from, to, seq } = response;
    if (from !== request.to || to !== request.from || seq !== request.seq) {
      throw new ApiError('bad-request', `an answer of ${from} to ${to} ${seq}`);
    }
    checkTerm(response.term, this.#options.currentTerm());
    return response;
  }

  /** The peer, with a place in its lane that `call` leaves; null when unknown or full. */
  #enter(to: MemberId, lane: LaneName): Peer | null {
    const peer = this.#closed ? undefined : this.#peers.get(to);
    return peer?.[lane].tryEnter() === true ? peer : null;
  }

  /** Waits in line for a place among the forwards. */
  async #queue(to: MemberId, timeoutMs: number): Promise<Peer> {
    const peer = this.#closed ? undefined : this.#peers.get(to);
    if (peer === undefined || !(await peer.forwards.enter(timeoutMs))) throw noWay(to);
    return peer;
  }

  #createPeer(id: MemberId, url: string): Peer {
    const { clock, logger, faults = null, fetch = globalThis.fetch } = this.#options;
    const shared = { identity: this.#identity, openCalls: this.#openCalls };
    const disowned = (): void => {
      if (!this.#closed) this.#handler.onDisowned?.(id);
    };
    return {
      client: new PeerClient(id, url, { ...shared, clock, logger, faults, fetch, disowned }),
      small: new Lane(clock, MESSAGES_MAX, 0),
      bulky: new Lane(clock, MESSAGES_MAX, 0),
      chunks: new Lane(clock, CHUNKS_MAX, 0),
      forwards: new Lane(clock, FORWARDS_MAX, FORWARDS_WAITING_MAX),
    };
  }
}

/** Calls the peer, and leaves the lane that was entered. */
async function call(peer: Peer, lane: LaneName, request: PeerCall): Promise<Uint8Array> {
  try {
    return await peer.client.call(request);
  } finally {
    peer[lane].leave();
  }
}

function noWay(to: MemberId): TransportError {
  return new TransportError(`${to} is unknown, or too many requests to it are under way`, false);
}

function closeLanes({ small, bulky, chunks, forwards }: Peer): void {
  for (const lane of [small, bulky, chunks, forwards]) lane.close();
}

/** Decodes an answer; one that is malformed may still have had its effect. */
function understood<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof ApiError) throw new TransportError(error.message, true);
    throw error;
  }
}
