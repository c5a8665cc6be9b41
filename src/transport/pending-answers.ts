import type { MemberId } from '../lib/ids.ts';
import type { ResponseMessage } from '../raft/message.ts';
import { ApiError } from '../wire/errors.ts';
import { responseTypeOf, type WireRequest } from '../wire/raft-codec.ts';
import type { TransportClock } from './transport-clock.ts';

interface Pending {
  readonly request: WireRequest;
  readonly settle: (response: ResponseMessage | null) => void;
}

/** More requests of one sender than an honest one has under way. */
const PENDING_PER_SENDER_MAX = 128;

/** Requests that arrived and whose answer the node has not given yet. */
export class PendingAnswers {
  readonly #clock: TransportClock;
  readonly #bySender = new Map<MemberId, Map<number, Pending>>();

  constructor(clock: TransportClock) {
    this.#clock = clock;
  }

  /**
   * Resolves with the answer to this request. A newer request of the same sender and number (it has
   * started again) takes the place of an older one.
   *
   * @throws ApiError `timeout` when there is none in time, `too-many-requests` at once.
   */
  wait(request: WireRequest, timeoutMs: number): Promise<ResponseMessage> {
    const { from, seq } = request;
    const ofSender = this.#bySender.get(from) ?? new Map<number, Pending>();
    ofSender.get(seq)?.settle(null);
    if (ofSender.size >= PENDING_PER_SENDER_MAX) {
      throw new ApiError('too-many-requests', `${ofSender.size} requests of ${from} wait`);
    }
    this.#bySender.set(from, ofSender);
    return new Promise((resolve, reject) => {
      const settle = (response: ResponseMessage | null) => {
        cancelTimer();
        ofSender.delete(seq);
        if (response !== null) resolve(response);
        else reject(new ApiError('timeout', `no answer to ${request.type} ${seq}`));
      };
      const cancelTimer = this.#clock.setTimer(timeoutMs, () => settle(null));
      ofSender.set(seq, { request, settle });
    });
  }

  /** Gives an answer to the request it belongs to; false when none waits for it. */
  answer(response: ResponseMessage): boolean {
    const pending = this.#bySender.get(response.to)?.get(response.seq);
    if (pending === undefined || !answers(response, pending.request)) return false;
    pending.settle(response);
    return true;
  }

  /** Ends all waiting. */
  close(): void {
    for (const ofSender of this.#bySender.values()) {
      for (const { settle } of ofSender.values()) settle(null);
    }
    this.#bySender.clear();
  }
}

/**
 * Tells an answer to this request from one to an earlier request of the same number, of a run of
 * the sender before it started again: a node answers in no older term than it was asked in, save
 * for the term of a pre-vote, which nobody has yet.
 */
function answers(response: ResponseMessage, request: WireRequest): boolean {
  if (response.type !== responseTypeOf(request.type)) return false;
  return request.type === 'pre-vote' || response.term >= request.term;
}
