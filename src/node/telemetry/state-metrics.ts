import { Gauge, type Registry } from 'prom-client';
import type { StateView } from '../../kv/state-machine.ts';
import { type LimitName, LIMITS, limitOf } from '../../wire/limits.ts';
import type { Problem } from '../../wire/problem.ts';
import type { HashCheck } from '../hashes/hash-check.ts';
import type { NodeLimits } from '../options.ts';
import type { Quota } from '../space/quota.ts';

export interface StateMetricsSource {
  readonly store: StateView;
  readonly limits: NodeLimits;
  /** Values of the limits that this node keeps at its edge, by the names of their settings. */
  readonly edgeLimits: ReadonlyMap<string, number>;
  readonly quota: () => Quota;
  readonly hashCheck: () => HashCheck;
  /** Watches that were ended because their readers were too slow. */
  readonly slowWatches: () => number;
}

/** The figures of the state: its size and bounds, and whether the members agree on it. */
export class StateMetrics {
  readonly #source: StateMetricsSource;
  readonly #refusals = new Map<LimitName, number>();

  constructor(source: StateMetricsSource) {
    this.#source = source;
  }

  addTo(registry: Registry): void {
    const registers = [registry];
    const gauge = (name: string, help: string, read: () => number): void => {
      new Gauge({
        name,
        help,
        registers,
        collect(this: Gauge) {
          this.set(read());
        },
      });
    };
    const { store, limits, quota, hashCheck } = this.#source;
    gauge('abcd_store_bytes', 'Memory of keys, values and leases.', () => store.sizeBytes);
    gauge('abcd_history_bytes', 'Memory of it that is history.', () => store.historyBytes);
    gauge('etcd_server_quota_backend_bytes', 'The quota; 0: none.', () => limits.quotaBytes);
    gauge(
      'abcd_quota_exceeded',
      'Whether this node leads and refuses writes for the quota.',
      () => +quota().isExceeded,
    );
    gauge(
      'etcd_debugging_mvcc_compact_revision',
      'The revision that history begins at.',
      () => store.compactRevision,
    );
    gauge(
      'abcd_state_hash_mismatch',
      'Members whose states differed at the last comparison, if this node leads.',
      () => hashCheck().mismatches,
    );
    gauge(
      'abcd_state_hash_comparisons_total',
      'Comparisons of states that this node made as leader.',
      () => hashCheck().comparisons,
    );
    this.#addLimits(registers);
  }

  /** Counts what was refused for a limit; anything else does not matter here. */
  refused(refusal: Problem): void {
    const name = limitOf(refusal);
    if (name !== null) this.#refusals.set(name, (this.#refusals.get(name) ?? 0) + 1);
  }

  #addLimits(registers: Registry[]): void {
    const perLimit = (name: string, help: string, read: (limit: LimitName) => number | null) => {
      new Gauge({
        name,
        help,
        registers,
        labelNames: ['name'],
        collect(this: Gauge<'name'>) {
          for (const limit of LIMIT_NAMES) {
            const value = read(limit);
            if (value !== null) this.set({ name: limit }, value);
          }
        },
      });
    };
    perLimit('abcd_limit', 'Limits, by name.', (limit) => this.#valueOf(limit));
    perLimit('abcd_limit_refusals_total', 'Refusals for a limit, by its name.', (limit) => {
      const { slowWatches } = this.#source;
      return limit === 'watcher-bytes' ? slowWatches() : (this.#refusals.get(limit) ?? 0);
    });
  }

  #valueOf(name: LimitName): number | null {
    const { limits, edgeLimits } = this.#source;
    const { fixed, setting } = LIMITS[name];
    if (setting === null) return fixed;
    const own: unknown = Object.entries(limits).find(([key]) => key === setting)?.[1];
    return typeof own === 'number' ? own : (edgeLimits.get(setting) ?? null);
  }
}

const LIMIT_NAMES = Object.keys(LIMITS) as readonly LimitName[];
