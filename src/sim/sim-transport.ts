/**
 * THE TRANSPORT PORT over the simulated network. It keeps the port's promises and no more: unlike
 * connections of HTTP it also hands over answers that are late or doubled.
 */
import { assert } from '../lib/assert.ts';
import type { MemberId } from '../lib/ids.ts';
import type { Clock } from '../node/clock.ts';
import type { Message } from '../raft/message.ts';
import {
  type ForwardAnswer,
  type ForwardRequest,
  type PeerUrls,
  type SnapshotChunk,
  type SnapshotChunkAnswer,
  type Transport,
  TransportError,
  type TransportHandler,
} from '../transport/transport.ts';
import { DEFAULT_PEER_TIMEOUTS, messageTimeout } from '../transport/timeouts.ts';
import { ApiError } from '../wire/errors.ts';
import {
  decodeRequest,
  decodeResponse,
  encodeMessage,
  isResponseMessage,
  type WireMessage,
  type WireRequest,
} from '../wire/raft-codec.ts';
import { commonWireVersion, type WireRange } from '../wire/raft-version.ts';
import type { Lifeline } from './lifeline.ts';
import type { SimNetwork } from './sim-network.ts';

/** What the transport of one life of a process needs of the world. */
export interface SimTransportOptions {
  readonly self: MemberId;
  readonly handler: TransportHandler;
  readonly network: SimNetwork;
  readonly lifeline: Lifeline;
  readonly clock: Clock;
  /** Whether messages are written out and read again on the way. */
  readonly encode: boolean;
  /** The process that has this id and listens there; undefined when none does. */
  readonly find: (id: MemberId, url: string | null) => SimTransport | undefined;
  /** The versions of the protocol that this process speaks. */
  readonly speaks: () => WireRange;
  /** Asked before anything leaves; no: the process is on its last legs. */
  readonly mayLeave: () => boolean;
  readonly observer: TransportObserver;
}

/** Sees what leaves and what arrives. */
export interface TransportObserver {
  sent(message: WireMessage): void;
  received(message: WireMessage): void;
  forwarded(to: MemberId, request: ForwardRequest): void;
  /** A member failed to answer a call. */
  failedThere(at: MemberId, error: unknown): void;
  /** A member answers a piece of a snapshot. */
  snapshotAnswered(by: MemberId, chunk: SnapshotChunk, answer: SnapshotChunkAnswer): void;
}

interface Pending {
  readonly to: MemberId;
  readonly cancel: () => void;
}

export class SimTransport implements Transport {
  readonly #options: SimTransportOptions;
  readonly #pending = new Map<number, Pending>();
  #peers: PeerUrls = new Map();
  #closed = false;

  constructor(options: SimTransportOptions) {
    this.#options = options;
  }

  setPeers(peers: PeerUrls): void {
    this.#peers = peers;
  }

  send(message: Message): void {
    if (this.#closed) return;
    assert(message.type !== 'snapshot', 'snapshots travel in chunks');
    this.#options.observer.sent(message);
    const { to } = message;
    if (!isResponseMessage(message)) {
      this.#expectAnswer(message);
      if (!this.#peers.has(to)) return;
    }
    const carried = this.#options.encode ? copyOf(message) : message;
    // An answer goes back on the connection that its question came by.
    const url = isResponseMessage(message) ? null : (this.#peers.get(to) ?? null);
    this.#carry(
      to,
      url,
      (target) => target.#arrived(carried),
      () => this.#refused(message),
    );
  }

  sendSnapshotChunk(to: MemberId, chunk: SnapshotChunk): Promise<SnapshotChunkAnswer> {
    const { self, observer } = this.#options;
    const copy = { ...chunk, bytes: chunk.bytes.slice() };
    return this.#call(to, DEFAULT_PEER_TIMEOUTS.snapshotMs, false, async (handler) => {
      const answer = await handler.onSnapshotChunk(self, copy);
      observer.snapshotAnswered(to, chunk, answer);
      return answer;
    });
  }

  forward(to: MemberId, request: ForwardRequest, timeoutMs: number): Promise<ForwardAnswer> {
    const { encode, observer } = this.#options;
    observer.forwarded(to, request);
    // Not doubled: over HTTP a request that is sent once arrives at most once, and on that rests
    // what a refusal says.
    return this.#call(to, timeoutMs, true, async (handler) => {
      try {
        const carried = encode ? structuredClone(request) : request;
        return await handler.onForward(carried, timeoutMs);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const { code, message: detail, fields } = error;
        return { ok: false, body: { code, detail, fields } };
      }
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const { cancel } of this.#pending.values()) cancel();
    this.#pending.clear();
    return Promise.resolve();
  }

  #expectAnswer(request: WireRequest): void {
    const { to, seq } = request;
    const { clock, handler } = this.#options;
    const timeoutMs = this.#peers.has(to) ? messageTimeout(request, DEFAULT_PEER_TIMEOUTS) : 0;
    const cancel = clock.setTimer(timeoutMs, () => {
      this.#pending.delete(seq);
      handler.onUnreachable(to, request);
    });
    this.#pending.set(seq, { to, cancel });
  }

  /** The machine is there, and says that nothing listens. */
  #refused(message: WireMessage): void {
    const pending = this.#pending.get(message.seq);
    if (isResponseMessage(message) || pending === undefined) return;
    pending.cancel();
    this.#pending.delete(message.seq);
    this.#options.handler.onUnreachable(message.to, message);
  }

  #arrived(message: WireMessage): void {
    if (this.#closed) return;
    if (isResponseMessage(message)) {
      const pending = this.#pending.get(message.seq);
      if (pending?.to === message.from) {
        pending.cancel();
        this.#pending.delete(message.seq);
      }
    }
    this.#options.observer.received(message);
    this.#options.handler.onMessage(message);
  }

  /** Asks, perhaps twice, for the network doubles requests; the first answer counts. */
  #call<T>(
    to: MemberId,
    timeoutMs: number,
    once: boolean,
    ask: (handler: TransportHandler) => Promise<T>,
  ): Promise<T> {
    const { self, clock, network, lifeline, observer } = this.#options;
    return new Promise((resolve, reject) => {
      const fail = (why: string, sent: boolean): void => {
        cancel();
        reject(new TransportError(`${self} to ${to}: ${why}`, sent));
      };
      const cancel = clock.setTimer(timeoutMs, () => fail('no answer in time', true));
      const url = this.#peers.get(to);
      if (this.#closed || url === undefined) return fail('no way to there', false);
      // The answer is for this life of the process alone.
      const back = (work: () => void): void => network.carry(to, self, () => lifeline.enter(work));
      const answer = (result: T): void => {
        back(() => {
          cancel();
          resolve(result);
        });
      };
      const failed = (error: unknown): void => {
        observer.failedThere(to, error);
        back(() => fail(`failed there: ${String(error)}`, true));
      };
      const arrive = (target: SimTransport): void => {
        const { mayLeave } = target.#options;
        ask(target.#options.handler).then(
          (result) => mayLeave() && answer(result),
          (error: unknown) => mayLeave() && failed(error),
        );
      };
      // Where requests are doubled, another copy of one that is refused may have been taken.
      this.#carry(to, url, arrive, () => fail('refused', !once), once);
    });
  }

  #carry(
    to: MemberId,
    url: string | null,
    arrive: (target: SimTransport) => void,
    refused: () => void,
    once = false,
  ): void {
    const { self, network, find, lifeline, mayLeave } = this.#options;
    if (!mayLeave()) return;
    const deliver = (): void => {
      const target = find(to, url);
      const isUnderstood = target !== undefined && this.#understands(target);
      if (isUnderstood) target.#options.lifeline.enter(() => arrive(target));
      else network.carry(to, self, () => lifeline.enter(refused));
    };
    network.carry(self, to, deliver, once);
  }

  #understands(other: SimTransport): boolean {
    return commonWireVersion(this.#options.speaks(), other.#options.speaks()) !== null;
  }
}

/** What the other side makes of the bytes. */
function copyOf(message: WireMessage): WireMessage {
  const bytes = new TextEncoder().encode(encodeMessage(message));
  return isResponseMessage(message)
    ? decodeResponse(message.type, bytes)
    : decodeRequest(message.type, bytes);
}
