/**
 * SESSIONS: WHY A RECORDED REQUEST CANNOT BE SENT AGAIN
 *
 * A signature proves who wrote a request, not when. So a receiver hears only requests that name a
 * session it gave out itself, with a counter not yet used in it:
 *
 * - A session is `<number>.<HMAC over sender, sender's boot nonce and number>`, keyed by the secret
 *   and the receiver's own boot nonce. Numbers grow with every session given out, whoever
 *   asked.
 * - A sender without a session, or with one that does not count any more, is refused and given one
 *   (`401`, `Abcd-Challenge`); it asks again at once. Only whoever holds the secret is given one,
 *   and only whoever holds it can use one.
 * - The first request that uses a session makes it the sender's only one: older ones count no more.
 *   A recording of an earlier run of the sender names an older session, one of an earlier run of
 *   this receiver a session it never gave out, one of this session a counter already used.
 *
 * This rests on no clock: a wall clock that is set back locks nobody out. What remains: a request
 * that was held up and never arrived can still be delivered late, once, within its session. Raft
 * tolerates that, as it does any late message.
 */
import type { MemberId } from '../lib/ids.ts';
import { ReplayWindow } from './replay-window.ts';
import { sameMac, signSession } from './peer-signature.ts';

/** `new`: hear it. `used`: its counter was used before. `stale`: its session does not count. */
export type Admission = 'new' | 'used' | 'stale';

interface Sender {
  /** The newest session given to this sender, and to which of its runs. */
  readonly givenTo: string;
  readonly given: number;
  /** The number of the session in use, and its name; before the first use, one that has no name. */
  active: number;
  activeName: string;
  window: ReplayWindow;
}

/** Far more senders than a cluster has; only holders of the secret get here. */
const SENDERS_MAX = 1024;

export class PeerSessions {
  readonly #secret: string;
  readonly #bootNonce: string;
  readonly #senders = new Map<MemberId, Sender>();
  #newest = 0;

  /** The boot nonce must be new with every start of the process. */
  constructor(secret: string, bootNonce: string) {
    this.#secret = secret;
    this.#bootNonce = bootNonce;
  }

  /**
   * A session for this run of the sender: the same as before while no other run of it asks, so that
   * requests sent side by side agree on one.
   */
  give(from: MemberId, nonce: string): string {
    const sender = this.#senders.get(from);
    if (sender?.givenTo === nonce) return this.#name(from, nonce, sender.given);
    this.#newest += 1;
    if (sender === undefined) this.#makeRoom();
    this.#senders.set(from, {
      givenTo: nonce,
      given: this.#newest,
      active: sender?.active ?? this.#newest - 1,
      activeName: sender?.activeName ?? '',
      window: sender?.window ?? new ReplayWindow(),
    });
    return this.#name(from, nonce, this.#newest);
  }

  /** Judges a request whose signature was right, and marks its counter as used. */
  admit(from: MemberId, nonce: string, session: string, counter: number): Admission {
    const sender = this.#senders.get(from);
    if (sender === undefined || session === '') return 'stale';
    if (session !== sender.activeName) {
      const number = Number(session.slice(0, session.indexOf('.')));
      if (!Number.isSafeInteger(number) || number <= sender.active) return 'stale';
      if (!sameMac(session, this.#name(from, nonce, number))) return 'stale';
      sender.active = number;
      sender.activeName = session;
      sender.window = new ReplayWindow();
    }
    return sender.window.accept(counter) ? 'new' : 'used';
  }

  #name(from: MemberId, nonce: string, number: number): string {
    const fields = [this.#bootNonce, from, nonce, String(number)];
    return `${number}.${signSession(this.#secret, fields)}`;
  }

  #makeRoom(): void {
    if (this.#senders.size < SENDERS_MAX) return;
    const oldest = this.#senders.keys().next();
    if (oldest.done !== true) this.#senders.delete(oldest.value);
  }
}
