/**
 * INJECTED FAULTS OF THE NETWORK
 *
 * A fault is about packets of one direction between this node and one peer, as a bad cable would
 * have it: `out` loses or delays this node's requests to the peer and its answers to the peer's
 * requests; `in` the peer's requests and the peer's answers. What is lost is lost in silence: the
 * sender learns of it by its own time-out, never by an error. Every fault ends by itself.
 */
import type { MemberId } from '../lib/ids.ts';
import { ApiError } from '../wire/errors.ts';
import type { TransportClock } from './transport-clock.ts';

/** Has the form of the node's `Fault`, and the table that of its `FaultControl`. */
export interface PeerFault {
  readonly peer: MemberId;
  readonly direction: FaultDirection;
  readonly cut: boolean;
  /** 0 to 1. */
  readonly dropRate: number;
  readonly delayMs: number;
  /** What remains of its life, in seconds. */
  readonly ttlSeconds: number;
}

/** `out`: from this node to the peer. `in`: from the peer to this node. */
export type FaultDirection = 'in' | 'out';

/** What becomes of one packet. */
export interface FaultVerdict {
  readonly lost: boolean;
  readonly delayMs: number;
}

const UNHARMED: FaultVerdict = { lost: false, delayMs: 0 };
const DELAY_MS_MAX = 60_000;
const TTL_SECONDS_MAX = 86_400;
const FAULTS_MAX = 256;

interface Timed {
  readonly fault: PeerFault;
  readonly endsAt: number;
}

export class FaultTable {
  readonly #clock: TransportClock;
  readonly #chance: (probability: number) => boolean;
  #faults: readonly Timed[] = [];

  /** `chance(p)` is true with probability p; a seeded generator makes a run repeatable. */
  constructor(clock: TransportClock, chance: (probability: number) => boolean) {
    this.#clock = clock;
    this.#chance = chance;
  }

  /** The faults that are in force, each with what remains of its time. */
  list(): readonly PeerFault[] {
    const now = this.#dropExpired();
    return this.#faults.map(({ fault, endsAt }) => ({
      ...fault,
      ttlSeconds: Math.ceil((endsAt - now) / 1000),
    }));
  }

  /** Replaces all faults. @throws ApiError `bad-request` for a value out of range. */
  set(faults: readonly PeerFault[]): void {
    if (faults.length > FAULTS_MAX) throw outOfRange(`more than ${FAULTS_MAX} faults`);
    for (const fault of faults) check(fault);
    const now = this.#clock.now();
    this.#faults = faults.map((fault) => ({ fault, endsAt: now + fault.ttlSeconds * 1000 }));
  }

  clear(): void {
    this.#faults = [];
  }

  /** Decides about one packet. Several faults of the same peer and direction add up. */
  judge(peer: MemberId, direction: FaultDirection): FaultVerdict {
    if (this.#faults.length === 0) return UNHARMED;
    this.#dropExpired();
    let lost = false;
    let delayMs = 0;
    for (const { fault } of this.#faults) {
      if (fault.peer !== peer || fault.direction !== direction) continue;
      lost ||= fault.cut || (fault.dropRate > 0 && this.#chance(fault.dropRate));
      delayMs += fault.delayMs;
    }
    return { lost, delayMs };
  }

  #dropExpired(): number {
    const now = this.#clock.now();
    if (this.#faults.some(({ endsAt }) => endsAt <= now)) {
      this.#faults = this.#faults.filter(({ endsAt }) => endsAt > now);
    }
    return now;
  }
}

function check(fault: PeerFault): void {
  const { dropRate, delayMs, ttlSeconds } = fault;
  if (!(dropRate >= 0 && dropRate <= 1)) throw outOfRange('dropRate is from 0 to 1');
  if (!(delayMs >= 0 && delayMs <= DELAY_MS_MAX)) {
    throw outOfRange(`delayMs is from 0 to ${DELAY_MS_MAX}`);
  }
  if (!(ttlSeconds > 0 && ttlSeconds <= TTL_SECONDS_MAX)) {
    throw outOfRange(`ttlSeconds is from 0 to ${TTL_SECONDS_MAX}`);
  }
}

function outOfRange(detail: string): ApiError {
  return new ApiError('bad-request', detail);
}
