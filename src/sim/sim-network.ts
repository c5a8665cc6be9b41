/**
 * THE SIMULATED NETWORK: carries things from member to member, late, doubled, out of order, or not
 * at all; and keeps some to deliver again long afterwards.
 */
import type { MemberId } from '../lib/ids.ts';
import type { Prng } from '../lib/prng.ts';
import type { Coverage } from './coverage.ts';
import type { Scheduler } from './scheduler.ts';

export interface NetworkProfile {
  /** Probabilities, for each thing that is sent. */
  readonly lossRate: number;
  /** Each link loses some share of that, drawn once; otherwise all lose as much. */
  readonly unevenLoss: boolean;
  readonly duplicateRate: number;
  /** To be delivered once more, at any later time. */
  readonly replayRate: number;
  /** Every delay is at least the first, and exponential beyond it, ms. */
  readonly delayMinMs: number;
  readonly delayMeanMs: number;
  /** How often a delay is of another order altogether: up to `tailMs`. */
  readonly tailRate: number;
  readonly tailMs: number;
  /** Nothing overtakes on its way between two members. */
  readonly inOrder: boolean;
}

export const PERFECT_NETWORK: NetworkProfile = {
  lossRate: 0,
  unevenLoss: false,
  duplicateRate: 0,
  replayRate: 0,
  delayMinMs: 0.5,
  delayMeanMs: 0.5,
  tailRate: 0,
  tailMs: 0,
  inOrder: false,
};

const REPLAY_WITHIN_MS = 10_000;

interface Clog {
  readonly until: number;
  /** How many things still find room to wait; the rest is lost. */
  room: number;
}

/** From one member to another; the way back is another link. */
type Link = `${MemberId}>${MemberId}`;

export class SimNetwork {
  readonly #scheduler: Scheduler;
  readonly #prng: Prng;
  readonly #coverage: Coverage;
  #profile: NetworkProfile;
  /** How many cuts each link is part of. */
  readonly #cuts = new Map<Link, number>();
  #generation = 0;
  readonly #clogs = new Map<Link, Clog>();
  readonly #lastArrival = new Map<Link, number>();
  /** Hears of everything that has just left a member. */
  onCarried: (from: MemberId) => void = () => undefined;
  /** Of the profile's rate, where links differ. */
  readonly #lossShares = new Map<Link, number>();

  constructor(scheduler: Scheduler, prng: Prng, coverage: Coverage, profile: NetworkProfile) {
    this.#scheduler = scheduler;
    this.#prng = prng;
    this.#coverage = coverage;
    this.#profile = profile;
  }

  /** Changes what happens to all that is sent from now on. */
  become(profile: NetworkProfile): void {
    this.#profile = profile;
  }

  reaches(from: MemberId, to: MemberId): boolean {
    return !this.#cuts.has(linkOf(from, to));
  }

  /**
   * Lets `arrive` happen at the addressee, whenever and, unless it is `once` only, however often.
   */
  carry(from: MemberId, to: MemberId, arrive: () => void, once = false): void {
    this.#carry(from, to, arrive, once);
    this.onCarried(from);
  }

  #carry(from: MemberId, to: MemberId, arrive: () => void, once: boolean): void {
    const { duplicateRate, replayRate } = this.#profile;
    if (!once && this.#prng.chance(replayRate)) {
      const generation = this.#generation;
      const replay = (): void => {
        this.#coverage.count('old-message-replayed');
        this.#deliver(from, to, arrive, generation);
      };
      this.#scheduler.after(this.#prng.unit() * REPLAY_WITHIN_MS, replay);
    }
    if (this.#prng.chance(this.#lossOf(from, to))) {
      this.#coverage.count('message-lost');
      return;
    }
    this.#travel(from, to, arrive);
    if (!once && this.#prng.chance(duplicateRate)) {
      this.#coverage.count('message-doubled');
      this.#travel(from, to, arrive);
    }
  }

  /** Cuts every link from a member of `from` to one of `to`. Returns what mends them again. */
  cut(from: readonly MemberId[], to: readonly MemberId[]): () => void {
    const links = from.flatMap((a) => to.filter((b) => a !== b).map((b) => linkOf(a, b)));
    for (const link of links) this.#cuts.set(link, (this.#cuts.get(link) ?? 0) + 1);
    const generation = this.#generation;
    return () => {
      if (generation !== this.#generation) return;
      for (const link of links) {
        const others = (this.#cuts.get(link) ?? 1) - 1;
        if (others > 0) this.#cuts.set(link, others);
        else this.#cuts.delete(link);
      }
    };
  }

  /** Neither side hears the other. Returns what mends that again. */
  part(some: readonly MemberId[], others: readonly MemberId[]): () => void {
    const mends = [this.cut(some, others), this.cut(others, some)];
    return () => {
      for (const mend of mends) mend();
    };
  }

  /** Mends everything. */
  mend(): void {
    this.#generation += 1;
    this.#cuts.clear();
    this.#clogs.clear();
  }

  /** The link lets nothing through for a while, and then everything at once. */
  clog(from: MemberId, to: MemberId, ms: number, room: number): void {
    this.#clogs.set(linkOf(from, to), { until: this.#scheduler.now + ms, room });
  }

  #lossOf(from: MemberId, to: MemberId): number {
    const { lossRate, unevenLoss } = this.#profile;
    if (!unevenLoss) return lossRate;
    const link = linkOf(from, to);
    const share = this.#lossShares.get(link) ?? this.#prng.unit();
    this.#lossShares.set(link, share);
    return share * lossRate;
  }

  #travel(from: MemberId, to: MemberId, arrive: () => void): void {
    const link = linkOf(from, to);
    if (this.#cuts.has(link)) return;
    const { now } = this.#scheduler;
    let at = now + this.#delay();
    const clog = this.#clogs.get(link);
    if (clog !== undefined && now < clog.until) {
      clog.room -= 1;
      if (clog.room < 0) return;
      at += clog.until - now;
    }
    if (this.#profile.inOrder) {
      at = Math.max(at, this.#lastArrival.get(link) ?? 0);
      this.#lastArrival.set(link, at);
    }
    const generation = this.#generation;
    this.#scheduler.after(at - now, () => this.#deliver(from, to, arrive, generation));
  }

  /** A cut takes what is on its way, too, and nothing from before a mending arrives behind it. */
  #deliver(from: MemberId, to: MemberId, arrive: () => void, generation: number): void {
    if (generation === this.#generation && this.reaches(from, to)) arrive();
  }

  #delay(): number {
    const { delayMinMs, delayMeanMs, tailRate, tailMs } = this.#profile;
    if (this.#prng.chance(tailRate)) {
      this.#coverage.count('message-very-late');
      return this.#prng.unit() * tailMs;
    }
    return delayMinMs + this.#prng.exponential(delayMeanMs);
  }
}

function linkOf(from: MemberId, to: MemberId): Link {
  return `${from}>${to}`;
}
