/**
 * PEERS IN ONE PROCESS
 *
 * For tests and the simulator: the same promises as over HTTP, with a hook through which every
 * message passes and that decides when, whether and how often it arrives. Messages go through the
 * codec by default, so that nothing is shared and whatever a node sends is known to be acceptable
 * to its peers.
 */
import { assert } from '../lib/assert.ts';
import type { MemberId } from '../lib/ids.ts';
import type { Message } from '../raft/message.ts';
import { ApiError } from '../wire/errors.ts';
import {
  decodeRequest,
  decodeResponse,
  encodeMessage,
  isResponseMessage,
  responseTypeOf,
  type WireMessage,
  type WireRequest,
} from '../wire/raft-codec.ts';
import { DEFAULT_PEER_TIMEOUTS, messageTimeout, type PeerTimeouts } from './timeouts.ts';
import type { TransportClock } from './transport-clock.ts';
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

/**
 * Carries one message: runs `arrive` now, later, several times or never. `kind` is the type of the
 * message; for the rest `snapshot`, `forward` and their `-response`s.
 */
export type Deliver = (from: MemberId, to: MemberId, kind: string, arrive: () => void) => void;

export interface MemoryNetworkOptions {
  readonly clock: TransportClock;
  /** At once, by default. */
  readonly deliver?: Deliver;
  readonly timeouts?: PeerTimeouts;
  /** False: messages are handed over as they are, which is faster. */
  readonly encode?: boolean;
}

const atOnce: Deliver = (_from, _to, _kind, arrive) => arrive();

/** The nodes that can reach each other; a node that is not attached cannot be reached. */
export class MemoryNetwork {
  readonly clock: TransportClock;
  readonly timeouts: PeerTimeouts;
  readonly #deliver: Deliver;
  readonly #encode: boolean;
  readonly #nodes = new Map<MemberId, MemoryTransport>();

  constructor(options: MemoryNetworkOptions) {
    this.clock = options.clock;
    this.timeouts = options.timeouts ?? DEFAULT_PEER_TIMEOUTS;
    this.#deliver = options.deliver ?? atOnce;
    this.#encode = options.encode ?? true;
  }

  /** A transport for this node; it takes the place of an earlier one of the same id. */
  attach(self: MemberId, handler: TransportHandler): MemoryTransport {
    const transport = new MemoryTransport(self, handler, this);
    this.#nodes.set(self, transport);
    return transport;
  }

  detach(self: MemberId, transport: MemoryTransport): void {
    if (this.#nodes.get(self) === transport) this.#nodes.delete(self);
  }

  /** Runs `arrive` with the addressee's handler whenever the message reaches it, if it can. */
  carry(
    from: MemberId,
    to: MemberId,
    kind: string,
    arrive: (target: MemoryTransport) => void,
  ): void {
    this.#deliver(from, to, kind, () => {
      const target = this.#nodes.get(to);
      if (target !== undefined) arrive(target);
    });
  }

  isAttached(id: MemberId): boolean {
    return this.#nodes.has(id);
  }

  copy(message: WireMessage): WireMessage {
    if (!this.#encode) return message;
    const bytes = new TextEncoder().encode(encodeMessage(message));
    return isResponseMessage(message)
      ? decodeResponse(message.type, bytes)
      : decodeRequest(message.type, bytes);
  }
}

interface Waiting {
  readonly request: WireRequest;
  readonly cancelTimer: () => void;
}

export class MemoryTransport implements Transport {
  readonly #self: MemberId;
  readonly #handler: TransportHandler;
  readonly #network: MemoryNetwork;
  /** Requests that are not answered, by number. */
  readonly #waiting = new Map<number, Waiting>();
  #peers: PeerUrls = new Map();
  #closed = false;

  constructor(self: MemberId, handler: TransportHandler, network: MemoryNetwork) {
    this.#self = self;
    this.#handler = handler;
    this.#network = network;
  }

  send(message: Message): void {
    if (this.#closed) return;
    assert(message.type !== 'snapshot', 'snapshots travel in chunks');
    const { from, to, type } = message;
    if (!isResponseMessage(message)) this.#expectAnswer(message);
    if (!isResponseMessage(message) && !this.#peers.has(to)) return;
    const copy = this.#network.copy(message);
    this.#network.carry(from, to, type, (target) => target.#arrive(copy));
  }

  setPeers(peers: PeerUrls): void {
    this.#peers = new Map(peers);
  }

  sendSnapshotChunk(to: MemberId, chunk: SnapshotChunk): Promise<SnapshotChunkAnswer> {
    const copy = { ...chunk, bytes: chunk.bytes.slice() };
    return this.#call(to, 'snapshot', this.#network.timeouts.snapshotMs, (handler) =>
      handler.onSnapshotChunk(this.#self, copy),
    );
  }

  forward(to: MemberId, request: ForwardRequest, timeoutMs: number): Promise<ForwardAnswer> {
    return this.#call(to, 'forward', timeoutMs, async (handler) => {
      try {
        return await handler.onForward(structuredClone(request), timeoutMs);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const { code, message: detail, fields } = error;
        return { ok: false, body: { code, detail, fields } };
      }
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#network.detach(this.#self, this);
    for (const { cancelTimer } of this.#waiting.values()) cancelTimer();
    this.#waiting.clear();
    return Promise.resolve();
  }

  /** A request is answered in time, or reported as unreachable. */
  #expectAnswer(request: WireRequest): void {
    const { to, seq } = request;
    const { clock, timeouts } = this.#network;
    const reachable = this.#peers.has(to) && this.#network.isAttached(to);
    const cancelTimer = clock.setTimer(reachable ? messageTimeout(request, timeouts) : 0, () => {
      this.#waiting.delete(seq);
      this.#handler.onUnreachable(to, request);
    });
    this.#waiting.set(seq, { request, cancelTimer });
  }

  #arrive(message: WireMessage): void {
    if (this.#closed) return;
    if (isResponseMessage(message)) {
      const waiting = this.#waiting.get(message.seq);
      if (waiting === undefined || waiting.request.to !== message.from) return;
      if (message.type !== responseTypeOf(waiting.request.type)) return;
      waiting.cancelTimer();
      this.#waiting.delete(message.seq);
    }
    this.#handler.onMessage(message);
  }

  /** Asks once, however often the hook delivers; the first answer that comes back counts. */
  #call<T>(
    to: MemberId,
    kind: string,
    timeoutMs: number,
    ask: (handler: TransportHandler) => Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (why: string, sent: boolean) => {
        cancelTimer();
        reject(new TransportError(`${kind} to ${to}: ${why}`, sent));
      };
      const cancelTimer = this.#network.clock.setTimer(timeoutMs, () => fail('no answer', true));
      if (this.#closed || !this.#peers.has(to)) return fail('no way', false);
      if (!this.#network.isAttached(to)) return fail('not there', false);
      const answer = (result: T) =>
        this.#network.carry(to, this.#self, `${kind}-response`, () => {
          cancelTimer();
          resolve(result);
        });
      this.#network.carry(this.#self, to, kind, (target) => {
        ask(target.#handler).then(answer, (error: unknown) => fail(String(error), true));
      });
    });
  }
}
