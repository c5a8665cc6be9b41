import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Problem } from '../../wire/problem.ts';
import type { NodeStatus } from '../api.ts';
import { StateMetrics, type StateMetricsSource } from './state-metrics.ts';

/** Seconds, doubling, as etcd's disk histograms. */
const SYNC_BUCKETS = [
  0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024,
  2.048,
];
const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

export interface MetricsSource {
  readonly status: () => NodeStatus;
  readonly pendingProposals: () => number;
  readonly pendingReads: () => number;
  readonly freeBytes: () => number;
  readonly walBytes: () => number;
  readonly watches: WatchFigures;
  readonly leaseCount: () => number;
  readonly leases: () => LeaseFigures;
  readonly state: StateMetricsSource;
}

/** As `Watches` has them. */
interface WatchFigures {
  readonly size: number;
  readonly behind: number;
  readonly events: number;
  readonly slow: number;
}

/** What happened to leases while this node led. */
interface LeaseFigures {
  readonly renewed: number;
  readonly expired: number;
  /** Expiries on their way through the log. */
  readonly expiring: number;
}

/** The node's figures in Prometheus form, under etcd's names where the meaning is the same. */
export class NodeMetrics {
  readonly #source: MetricsSource;
  readonly #state: StateMetrics;
  readonly #sync = new Histogram({
    name: 'etcd_disk_wal_fsync_duration_seconds',
    help: 'Time to write one batch to the log and sync it.',
    buckets: SYNC_BUCKETS,
    registers: [],
  });
  readonly #batch = new Histogram({
    name: 'abcd_wal_batch_entries',
    help: 'Entries written and synced together.',
    buckets: BATCH_BUCKETS,
    registers: [],
  });
  #leaderChanges = 0;
  #failed = 0;
  /** Made when somebody asks for the first time: most nodes of a simulation are never asked. */
  #registry: Registry | null = null;

  constructor(source: MetricsSource) {
    this.#source = source;
    this.#state = new StateMetrics(source.state);
  }

  synced(ms: number, entries: number): void {
    this.#sync.observe(ms / 1000);
    this.#batch.observe(entries);
  }

  leaderChanged(): void {
    this.#leaderChanges += 1;
  }

  proposalFailed(): void {
    this.#failed += 1;
  }

  /** Counts what was refused for a limit. */
  refused(refusal: Problem): void {
    this.#state.refused(refusal);
  }

  text(): Promise<string> {
    this.#registry ??= this.#register();
    return this.#registry.metrics();
  }

  #register(): Registry {
    const registry = new Registry();
    const registers = [registry];
    registry.registerMetric(this.#sync);
    registry.registerMetric(this.#batch);
    const counter = (name: string, help: string, read: () => number): void => {
      new Counter({
        name,
        help,
        registers,
        collect(this: Counter) {
          this.reset();
          this.inc(read());
        },
      });
    };
    counter(
      'etcd_server_leader_changes_seen_total',
      'Leader changes this node has seen.',
      () => this.#leaderChanges,
    );
    counter(
      'etcd_server_proposals_failed_total',
      'Proposals that ended in an error.',
      () => this.#failed,
    );
    const gauge = (name: string, help: string, read: () => number): void => {
      new Gauge({ name, help, registers, collect: collectWith(read) });
    };
    addConsensus(gauge, this.#source);
    addServed(gauge, this.#source);
    this.#state.addTo(registry);
    return registry;
  }
}

/** Adds a figure that is read when it is asked for. */
type AddGauge = (name: string, help: string, read: () => number) => void;

function addConsensus(gauge: AddGauge, source: MetricsSource): void {
  const { status } = source;
  gauge('etcd_server_has_leader', 'Whether a leader is known.', () => +(status().leader !== null));
  gauge('etcd_server_is_leader', 'Whether this node leads.', () => +(status().role === 'leader'));
  gauge('etcd_server_is_learner', 'Whether it is a learner.', () => +(status().role === 'learner'));
  gauge('etcd_server_proposals_committed_total', 'Commit index.', () => status().commitIndex);
  gauge('etcd_server_proposals_applied_total', 'Applied index.', () => status().appliedIndex);
  gauge('etcd_server_proposals_pending', 'Writes that wait.', source.pendingProposals);
  gauge('etcd_debugging_mvcc_current_revision', 'Store revision.', () => status().revision);
  gauge('abcd_term', 'The current term.', () => status().term);
  gauge('abcd_last_index', 'The last log index.', () => status().lastIndex);
  gauge('abcd_durable_index', 'The last durable log index.', () => status().durableIndex);
  gauge('abcd_snapshot_index', 'The index of the newest snapshot.', () => status().snapshotIndex);
  gauge('abcd_reads_pending', 'Linearizable reads that wait.', source.pendingReads);
  gauge('abcd_disk_free_bytes', 'Free space for the data directory.', source.freeBytes);
  gauge('abcd_wal_bytes', 'Log bytes since the newest snapshot.', source.walBytes);
}

/** What it does for clients beside reads and writes. */
function addServed(gauge: AddGauge, source: MetricsSource): void {
  const { watches } = source;
  gauge('etcd_debugging_mvcc_watcher_total', 'Open watches.', () => watches.size);
  gauge(
    'etcd_debugging_mvcc_slow_watcher_total',
    'Open watches that have not caught up with the present.',
    () => watches.behind,
  );
  gauge('etcd_debugging_mvcc_events_total', 'Events told to watches.', () => watches.events);
  gauge(
    'abcd_watch_slow_cancels_total',
    'Watches that ended because their readers were too slow.',
    () => watches.slow,
  );
  gauge('abcd_leases', 'Leases there are.', source.leaseCount);
  gauge('abcd_leases_expiring', 'Expiries under way.', () => source.leases().expiring);
  gauge(
    'etcd_debugging_lease_renewed_total',
    'Renewals that this node has promised as leader.',
    () => source.leases().renewed,
  );
  gauge(
    'etcd_debugging_server_lease_expired_total',
    'Leases whose time ran out while this node led.',
    () => source.leases().expired,
  );
}

function collectWith(read: () => number): (this: Gauge) => void {
  return function collect(this: Gauge): void {
    this.set(read());
  };
}
