/**
 * THE TIME OF LEASES, which the leader alone watches
 *
 * Pure: time comes in as `now`, by a monotonic clock in ms; what is due comes out, to be proposed.
 *
 * NEVER EARLY. A lease must not end before its holder's clock has counted the time to live since
 * the holder last asked. Every clock may run wrong by a tenth: the leader's may count 1.1 s and
 * the holder's 0.9 s in one second. So the leader waits for 11/9 of the time that is left, and
 * takes off 9/11 of what it has counted when it says how much is left. It may end later than
 * promised, by that, by a change of leader, and by the wait for its turn.
 *
 * A NEW LEADER gives every lease what the replicated state says is left, anew: `begin`, once it has
 * applied an entry of its own term. So renewals need not be in the log as long as the log says
 * that the whole time is left. A CHECKPOINT, which says that less is left, keeps leases from living
 * for ever where leaders change often; from the moment it is proposed, a renewal must be in the
 * log (`keepAlive` answers 'log') before it is confirmed, for else the next leader would go by the
 * checkpoint. Likewise once an expiry is proposed: which of the two the log has first decides.
 * A lease that this leader has renewed is only checkpointed when it was not renewed again for half
 * its time or five minutes, so those of living holders seldom are. Of one that it has taken over,
 * or checkpointed already, each tenth of its time is put on record, and sooner while the leader is
 * new: at least half of what a term lasts counts. Were it not so, leaders that change often would
 * together let a lease live for ever.
 *
 * A MILLION LEASES may end together: they are offered at a bounded rate, and taken over by a new
 * leader in slices. A lease that was not looked at yet just lives longer.
 */

import type { KvResult, LeaseId, LeaseStamp } from './command.ts';
import type { Lease } from './leases.ts';
import { MAX_CHECKPOINTED_LEASES } from './limits.ts';
import { SortedMap } from './sorted-map.ts';
import { TimeQueue } from './time-queue.ts';

/** By how much a wrong leader's clock may exceed a wrong holder's. */
const MARGIN = 1.1 / 0.9;

export interface LeaseTiming {
  /** Expiries offered in a second. */
  readonly expiriesPerSecond: number;
  /** Expiries that may be on their way through the log. */
  readonly pendingExpiries: number;
  /** An expiry that was offered and has not come back is offered again after so many ms. */
  readonly retryMs: number;
  /** A lease not renewed for so many ms is checkpointed, however long its time is. */
  readonly checkpointMs: number;
  /** The least time between checkpoints of a lease. */
  readonly checkpointMinMs: number;
  /** Leases that a new leader takes over in one step. */
  readonly leasesPerStep: number;
}

export const LEASE_TIMING: LeaseTiming = {
  expiriesPerSecond: 1000,
  pendingExpiries: 1000,
  retryMs: 5000,
  checkpointMs: 5 * 60_000,
  checkpointMinMs: 500,
  leasesPerStep: 2000,
};

/** What a leader should propose now. */
export interface DueLeases {
  readonly expire: readonly LeaseStamp[];
  /** `remaining` in ms. */
  readonly checkpoint: readonly (LeaseStamp & { readonly remaining: number })[];
}

/**
 * What becomes of a request to renew a lease. `kept`: it is renewed, and may be confirmed (by a
 * leader that a quorum has confirmed since the request came). `log`: propose a lease-keepalive, and
 * confirm what it gives. `unknown`: there is no such lease.
 */
export type KeepAlive = 'kept' | 'log' | 'unknown';

interface Timer {
  readonly id: LeaseId;
  readonly ttlMs: number;
  readonly epoch: number;
  /** By the leader's clock, margin included. */
  deadline: number;
  /** When to look at it: the deadline, or when to offer its expiry again. */
  dueAt: number;
  /** Null when its deadline comes first. */
  checkpointAt: number | null;
  /** Whether the log says, or may soon say, that less than the whole time is left. */
  mustLog: boolean;
  /** Whether this leader has seen it granted or renewed: its holder may well live. */
  isRenewed: boolean;
  isExpiring: boolean;
}

export class LeaseTimers {
  readonly #lookUp: (id: LeaseId) => Lease | undefined;
  readonly #timing: LeaseTiming;
  /** Ordered only because a hash map of a million stalls for 80 ms when it grows. */
  #timers = new SortedMap<LeaseId, Timer>();
  /** By `dueAt`; one for each timer. */
  readonly #due = new TimeQueue<LeaseId>();
  /** By `checkpointAt`. */
  readonly #checkpoints = new TimeQueue<LeaseId>();
  /** Leases that were there when this node began to lead, and have not been looked at. */
  #untaken: Iterator<Lease> | null = null;
  #began = 0;
  #expiring = 0;
  /** Expiries that may be offered, and when that was counted. */
  #allowance = 0;
  #countedAt = 0;

  /** `lookUp` gives the lease as it is applied at the moment. */
  constructor(lookUp: (id: LeaseId) => Lease | undefined, timing: LeaseTiming = LEASE_TIMING) {
    this.#lookUp = lookUp;
    this.#timing = timing;
  }

  /** How many leases are watched. */
  get size(): number {
    return this.#timers.size;
  }

  /** Expiries that were offered and have not come back. */
  get expiring(): number {
    return this.#expiring;
  }

  /** This node leads, and has applied an entry of its term; `leases` are all there are. */
  begin(now: number, leases: Iterable<Lease>): void {
    this.end();
    this.#began = now;
    this.#countedAt = now;
    this.#untaken = leases[Symbol.iterator]();
  }

  /** This node leads no more. */
  end(): void {
    this.#timers = new SortedMap();
    this.#due.clear();
    this.#checkpoints.clear();
    this.#untaken = null;
    this.#expiring = 0;
    this.#allowance = 0;
  }

  /** Takes note of what applying a command gave, right after it: every result, of any command. */
  applied(result: KvResult, now: number): void {
    if ('id' in result) this.#refresh(result.id, now);
    else if ('granted' in result) this.#refresh(result.granted, now);
  }

  /** Renews a lease for its holder, whose request came before `now`. */
  keepAlive(id: LeaseId, now: number): KeepAlive {
    const timer = this.#timerOf(id);
    if (timer === null) return 'unknown';
    if (timer.mustLog || timer.isExpiring) return 'log';
    this.#drop(timer);
    timer.isRenewed = true;
    this.#add(timer, now, timer.ttlMs);
    return 'kept';
  }

  /** Ms that are left of a lease, at least; null when there is none. */
  remaining(id: LeaseId, now: number): number | null {
    const timer = this.#timerOf(id);
    return timer === null ? null : remainingOf(timer, now);
  }

  /** What is due; it counts as proposed. To be asked every 100 ms or so. */
  due(now: number): DueLeases {
    this.#takeOver();
    return { expire: this.#expiries(now), checkpoint: this.#dueCheckpoints(now) };
  }

  #takeOver(): void {
    for (let i = 0; i < this.#timing.leasesPerStep && this.#untaken !== null; i += 1) {
      const next = this.#untaken.next();
      if (next.done === true) this.#untaken = null;
      else this.#timerOf(next.value.id);
    }
  }

  #expiries(now: number): LeaseStamp[] {
    const { expiriesPerSecond: rate, pendingExpiries, retryMs } = this.#timing;
    const earned = ((now - this.#countedAt) * rate) / 1000;
    this.#allowance = Math.min(rate, this.#allowance + earned);
    this.#countedAt = now;
    const found: LeaseStamp[] = [];
    while (this.#allowance >= 1) {
      const timer = this.#timers.get(this.#due.dueBy(now) ?? ('' as LeaseId));
      if (timer === undefined) break;
      if (!timer.isExpiring && this.#expiring >= pendingExpiries) break;
      if (!timer.isExpiring) this.#expiring += 1;
      timer.isExpiring = true;
      this.#dropCheckpoint(timer);
      this.#due.delete(timer.dueAt, timer.id);
      timer.dueAt = now + retryMs;
      this.#due.add(timer.dueAt, timer.id);
      this.#allowance -= 1;
      found.push({ id: timer.id, epoch: timer.epoch });
    }
    return found;
  }

  #dueCheckpoints(now: number): DueLeases['checkpoint'] {
    const found: (LeaseStamp & { remaining: number })[] = [];
    while (found.length < MAX_CHECKPOINTED_LEASES) {
      const timer = this.#timers.get(this.#checkpoints.dueBy(now) ?? ('' as LeaseId));
      if (timer === undefined) break;
      timer.mustLog = true;
      found.push({ id: timer.id, epoch: timer.epoch, remaining: remainingOf(timer, now) });
      this.#scheduleCheckpoint(timer, now);
    }
    return found;
  }

  /** The lease was renewed or ended through the log. */
  #refresh(id: LeaseId, now: number): void {
    const timer = this.#timers.get(id);
    const lease = this.#lookUp(id);
    // An answer that is given again renews nothing.
    if (timer !== undefined && timer.epoch === lease?.epoch) return;
    if (timer !== undefined) this.#drop(timer);
    if (lease !== undefined) this.#start(lease, now, true);
  }

  /** The timer of a lease, begun with this leader's term if nobody asked for it yet. */
  #timerOf(id: LeaseId): Timer | null {
    const timer = this.#timers.get(id);
    if (timer !== undefined) return timer;
    const lease = this.#lookUp(id);
    return lease === undefined ? null : this.#start(lease, this.#began, false);
  }

  #start({ id, ttl, remaining, epoch }: Lease, from: number, isRenewed: boolean): Timer {
    const timer: Timer = {
      id,
      epoch,
      ttlMs: ttl * 1000,
      deadline: 0,
      dueAt: 0,
      checkpointAt: null,
      mustLog: remaining < ttl * 1000,
      isRenewed,
      isExpiring: false,
    };
    this.#add(timer, from, remaining);
    return timer;
  }

  #add(timer: Timer, from: number, remaining: number): void {
    timer.deadline = from + remaining * MARGIN;
    timer.dueAt = timer.deadline;
    this.#timers.set(timer.id, timer);
    this.#due.add(timer.dueAt, timer.id);
    this.#scheduleCheckpoint(timer, from);
  }

  #scheduleCheckpoint(timer: Timer, from: number): void {
    this.#dropCheckpoint(timer);
    const at = from + this.#checkpointPause(timer, from) * MARGIN;
    timer.checkpointAt = at < timer.deadline ? at : null;
    if (timer.checkpointAt !== null) this.#checkpoints.add(timer.checkpointAt, timer.id);
  }

  /** Ms by any clock, from one checkpoint or renewal to the next checkpoint. */
  #checkpointPause({ ttlMs, isRenewed, mustLog }: Timer, from: number): number {
    const { checkpointMs, checkpointMinMs } = this.#timing;
    const isHeld = isRenewed && !mustLog;
    const pause = isHeld ? ttlMs / 2 : Math.min(ttlMs / 10, (from - this.#began) / MARGIN);
    return Math.min(Math.max(pause, checkpointMinMs), checkpointMs);
  }

  #dropCheckpoint(timer: Timer): void {
    if (timer.checkpointAt !== null) this.#checkpoints.delete(timer.checkpointAt, timer.id);
    timer.checkpointAt = null;
  }

  #drop(timer: Timer): void {
    this.#timers.delete(timer.id);
    this.#due.delete(timer.dueAt, timer.id);
    this.#dropCheckpoint(timer);
    if (timer.isExpiring) this.#expiring -= 1;
  }
}

function remainingOf(timer: Timer, now: number): number {
  return Math.min(timer.ttlMs, Math.max(0, Math.ceil((timer.deadline - now) / MARGIN)));
}
