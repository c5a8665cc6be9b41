import type { KvCommand, KvResult, LeaseId } from '../../kv/command.ts';
import {
  type KeepAlive,
  LEASE_TIMING,
  LeaseTimers,
  type LeaseTiming,
} from '../../kv/lease-timers.ts';
import type { StateMachine } from '../../kv/state-machine.ts';
import type { Command, Term } from '../../raft/entry.ts';
import type { Raft } from '../../raft/raft.ts';
import { ApiError } from '../../wire/errors.ts';
import type { Admission } from '../space/admission.ts';
import type { Clock } from '../clock.ts';
import type { ClusterTime } from '../cluster-time.ts';
import type { Driver } from '../loop/driver.ts';

export interface LeaseKeeperParts {
  readonly machine: StateMachine;
  readonly raft: Raft;
  readonly driver: Pick<Driver, 'input'>;
  readonly admission: Pick<Admission, 'took'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly time: Pick<ClusterTime, 'now'>;
  readonly tickMs: number;
  readonly timing?: LeaseTiming;
}

/** How often it is looked at what is due, ms. */
const LOOK_MS = 100;
/** No tick for so long, in ms and in ticks: the process was stopped, or its event loop held. */
const HELD_MS = 1000;
const HELD_TICKS = 4;

/**
 * THE LEASES' TIME on this node, while it leads
 *
 * It counts from the moment this leader has applied an entry of its own term: only then does it
 * know all leases, with all that older leaders have logged of them. What it counts goes with its
 * term.
 *
 * After a pause of the process its clock has gone on, and rightly; but whoever asked for a renewal
 * meanwhile, and a newer leader, have their say before anything is called over.
 */
export class LeaseKeeper {
  readonly #parts: LeaseKeeperParts;
  readonly #timers: LeaseTimers;
  /** The term in which the timers count; null when this node does not count. */
  #term: Term | null = null;
  #tickedAt = 0;
  #lookAt = 0;
  #renewed = 0;
  #expired = 0;

  constructor(parts: LeaseKeeperParts) {
    this.#parts = parts;
    const { machine, timing = LEASE_TIMING } = parts;
    this.#timers = new LeaseTimers((id) => machine.view.lease(id), timing);
  }

  /** Renewals this leader has promised, in the log or not. */
  get renewed(): number {
    return this.#renewed;
  }

  /** Leases that ended because their time was over, while this node led. */
  get expired(): number {
    return this.#expired;
  }

  /** Expiries on their way through the log. */
  get expiring(): number {
    return this.#timers.expiring;
  }

  /**
   * The term in which this node is in charge of the leases' time. Whether it still leads, a quorum
   * must say.
   *
   * @throws ApiError `no-leader` when it is not in charge (yet)
   */
  requireTerm(): Term {
    this.#follow();
    if (this.#term !== null) return this.#term;
    throw new ApiError('no-leader', 'This node does not lead, or has only begun to.');
  }

  /** As `LeaseTimers.keepAlive`. @throws ApiError as `requireTerm` */
  keepAlive(id: LeaseId): KeepAlive {
    this.requireTerm();
    return this.#timers.keepAlive(id, this.#parts.clock.now());
  }

  /** As `LeaseTimers.remaining`. @throws ApiError as `requireTerm` */
  remaining(id: LeaseId): number | null {
    this.requireTerm();
    return this.#timers.remaining(id, this.#parts.clock.now());
  }

  /** A renewal was promised to its holder. */
  promised(): void {
    this.#renewed += 1;
  }

  /** An entry has been applied; null for one that is not the state machine's. */
  applied(result: KvResult | null): void {
    this.#follow();
    if (this.#term === null || result === null) return;
    if (result.type === 'lease-expired') this.#expired += 1;
    this.#timers.applied(result, this.#parts.clock.now());
  }

  tick(): void {
    this.#follow();
    const { clock, tickMs } = this.#parts;
    const now = clock.now();
    const isLate = now - this.#tickedAt > Math.max(HELD_MS, HELD_TICKS * tickMs);
    this.#tickedAt = now;
    if (isLate) this.#lookAt = now + HELD_MS;
    if (this.#term === null || now < this.#lookAt) return;
    this.#lookAt = now + LOOK_MS;
    this.#proposeDue(this.#term, now);
  }

  /** Begins and ends with leadership, whenever it is noticed. */
  #follow(): void {
    const { raft, machine, clock } = this.#parts;
    const { role, term } = raft.state;
    const leads = role.name === 'leader' && machine.appliedIndex >= role.noopIndex;
    if (leads ? term === this.#term : this.#term === null) return;
    this.#term = leads ? term : null;
    if (!leads) return this.#timers.end();
    this.#timers.begin(clock.now(), machine.view.allLeases());
  }

  #proposeDue(term: Term, now: number): void {
    const { expire, checkpoint } = this.#timers.due(now);
    const at = this.#parts.time.now();
    const base = { v: 1, requestId: null, at, by: null } as const;
    if (checkpoint.length > 0) {
      this.#propose({ ...base, kind: 'lease-checkpoint', term, leases: checkpoint });
    }
    for (const { id, epoch } of expire) {
      this.#propose({ ...base, kind: 'lease-expire', term, id, epoch });
    }
  }

  /** A refusal does not matter: what is due and does not happen is offered again. */
  #propose(command: KvCommand): void {
    const { driver, admission } = this.#parts;
    const proposed = driver.input((core) => core.propose(command as Command));
    if (proposed?.ok === true) admission.took(Buffer.byteLength(proposed.entry.json));
  }
}
