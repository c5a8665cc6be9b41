import type { KvResult } from '../../kv/command.ts';
import type { StateView } from '../../kv/state-machine.ts';
import type { Raft } from '../../raft/raft.ts';
import { ApiError } from '../../wire/errors.ts';
import type { KvProposal } from '../api.ts';
import type { Clock } from '../clock.ts';
import { atMost } from '../delays.ts';
import type { EventBus } from '../telemetry/events.ts';
import { type Growth, growthOf, NO_GROWTH } from './growth.ts';
import type { HistoryKeeper } from './history-keeper.ts';
import type { NodeLimits } from '../options.ts';
import type { Proposals } from '../loop/proposals.ts';
import type { Waiters } from '../loop/waiters.ts';

export interface QuotaParts {
  readonly limits: Pick<NodeLimits, 'quotaBytes' | 'autoCompaction'>;
  readonly store: StateView;
  readonly clock: Clock;
  readonly events: Pick<EventBus, 'emit'>;
  /** Those under way count with what they may add. */
  readonly proposals: Pick<Proposals<KvResult | null>, 'growth'>;
  readonly raft: Raft;
  /** For the applied index of this node. */
  readonly waiters: Pick<Waiters, 'whenReached'>;
  readonly history: Pick<HistoryKeeper, 'forget'>;
}

/** How long nothing must have been refused before the quota counts as kept again, ms. */
const CALM_MS = 1000;

/**
 * THE QUOTA bounds the memory that keys, values and leases take on every node. The leader keeps it,
 * by its own applied state and what is on its way there. Where history is forgotten by itself it
 * never stands in the way of a write: as much of it as need be is forgotten first.
 */
export class Quota {
  readonly #parts: QuotaParts;
  /** The least that was refused since the quota was reached; null while it is kept. */
  #refused: number | null = null;
  #refusedAt = 0;

  constructor(parts: QuotaParts) {
    this.#parts = parts;
  }

  /** Writes were refused a moment ago, and would be still. */
  get isExceeded(): boolean {
    return this.#refused !== null;
  }

  /** What counts against the quota while the write is under way. */
  growthOf(proposal: KvProposal): Growth {
    const { limits, store } = this.#parts;
    return limits.quotaBytes === 0 ? NO_GROWTH : growthOf(proposal, store);
  }

  /**
   * Whether there is room for a write: null when there is; else what to wait for, after which it
   * may be proposed.
   *
   * @throws ApiError `quota-exceeded`
   */
  admit(proposal: KvProposal, deadline: number): Promise<void> | null {
    const growth = this.growthOf(proposal);
    if (growth.total === 0) return null;
    const { store, proposals, limits } = this.#parts;
    const { quotaBytes } = limits;
    if (this.#kept() + growth.present > quotaBytes) throw this.#refusal(growth);
    if (store.sizeBytes + proposals.growth + growth.total <= quotaBytes) return null;
    return this.#makeRoom(proposal, deadline);
  }

  tick(leads: boolean): void {
    if (this.#refused === null) return;
    const { clock, limits, proposals, events } = this.#parts;
    const isCalm = clock.now() - this.#refusedAt >= CALM_MS;
    const fits = this.#kept() + proposals.growth + this.#refused <= limits.quotaBytes;
    if (leads && !(isCalm && fits)) return;
    this.#refused = null;
    if (leads) events.emit('node', { type: 'quota-kept', ...this.#sizes() }, 'state', 'info');
  }

  /** What stays, however much is forgotten: without history, where that goes by itself. */
  #kept(): number {
    const { limits, store } = this.#parts;
    // What a compaction at the newest revision leaves goes with the next one.
    const goes = limits.autoCompaction || store.compactRevision >= store.revision;
    return store.sizeBytes - (goes ? store.historyBytes : 0);
  }

  async #makeRoom(proposal: KvProposal, deadline: number): Promise<void> {
    const { limits, store, clock, proposals, history } = this.#parts;
    const { total } = this.growthOf(proposal);
    const room = limits.quotaBytes - this.#kept() - proposals.growth - total;
    const steps = [() => this.#settled()];
    if (limits.autoCompaction && store.historyBytes > Math.max(0, room)) {
      steps.unshift(() => history.forget(Math.max(0, room)));
    }
    for (const step of steps) {
      const growth = this.growthOf(proposal);
      const size = store.sizeBytes + proposals.growth + growth.total;
      if (size <= limits.quotaBytes) return;
      await atMost(clock, Math.max(0, deadline - clock.now()), step());
    }
    const growth = this.growthOf(proposal);
    const fits = this.#kept() + proposals.growth + growth.present <= limits.quotaBytes;
    if (!fits) throw this.#refusal(growth);
    if (clock.now() < deadline) return;
    throw new ApiError('no-leader', 'Not proposed: history could not be forgotten in time.');
  }

  /** Resolves once what is under way has been applied, or will not be. */
  #settled(): Promise<void> {
    const { waiters, raft } = this.#parts;
    return waiters.whenReached(raft.state.log.lastIndex);
  }

  #refusal({ present }: Growth): ApiError {
    const { limits, clock, events } = this.#parts;
    const { quotaBytes } = limits;
    const sizes = this.#sizes();
    if (present > quotaBytes) {
      const detail = `The write takes ${present} bytes, more than the quota of ${quotaBytes}.`;
      return new ApiError('quota-exceeded', detail, sizes);
    }
    if (this.#refused === null) {
      events.emit('node', { type: 'quota-exceeded', ...sizes }, 'state', 'warn');
    }
    this.#refused = Math.min(this.#refused ?? present, present);
    this.#refusedAt = clock.now();
    const how = limits.autoCompaction ? 'Delete keys' : 'Delete keys and compact';
    const detail = `The store has reached its quota of ${quotaBytes} bytes. ${how}, or raise it.`;
    return new ApiError('quota-exceeded', detail, sizes);
  }

  #sizes() {
    const { limits, store } = this.#parts;
    return { sizeBytes: store.sizeBytes, quotaBytes: limits.quotaBytes };
  }
}
