import { COMPACTION_LIMITS } from '../kv/auto-compaction.ts';
import type { Logger } from '../lib/logger.ts';
import type { Configuration } from '../raft/configuration.ts';
import type { Restored, Storage } from '../storage/storage.ts';
import type { Transport, TransportHandler } from '../transport/transport.ts';
import type { FaultControl } from './api.ts';
import type { Clock } from './clock.ts';

/** Everything a node needs of the world; the server and the simulator fill it differently. */
export interface NodeOptions {
  /** Opened and created: `restored.identity` is set. */
  readonly storage: Storage;
  readonly restored: Restored;
  /** The first membership of a new cluster, on every founding member the same; null otherwise. */
  readonly founding: Configuration | null;
  /** An operator vouches for a log whose tail was torn (`--force-recovered`). */
  readonly forceRecovered: boolean;
  /** The URL this node is known by. */
  readonly url: string;
  readonly name: string;
  readonly transport: (handler: TransportHandler) => Transport;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Seeds the election jitter. */
  readonly seed: number;
  readonly timing: Timing;
  readonly limits: NodeLimits;
  /** What the edge of this node keeps, by the keys of the settings: for the metrics. */
  readonly edgeLimits?: ReadonlyMap<string, number>;
  readonly faults: FaultControl | null;
  /** The node has stopped for good: the process must exit with this code. */
  readonly onFatal: (error: unknown, exitCode: number) => void;
}

export interface Timing {
  readonly tickMs: number;
  readonly heartbeatMs: number;
  /** Each election timeout is drawn between this and twice this. */
  readonly electionMs: number;
}

export interface NodeLimits {
  /** A snapshot is due when the log since the last one exceeds this and that snapshot's size. */
  readonly snapshotWalBytes: number;
  /** Entries kept in memory for followers that lag a little. */
  readonly retainEntries: number;
  readonly retainBytes: number;
  /** The leader refuses writes while less than twice this is free. */
  readonly reserveBytes: number;
  /** Bytes of entries in one append message. */
  readonly appendBytes: number;
  /** One piece of a snapshot file in a request; at most what a frame holds. */
  readonly snapshotChunkBytes: number;
  /** Proposals that may wait, before 429. */
  readonly pendingProposals: number;
  readonly pendingBytes: number;
  /** Linearizable reads that may wait, before 429. */
  readonly pendingReads: number;
  /** Of the store with its leases, as `StateView.sizeBytes`; 0 for no quota. */
  readonly quotaBytes: number;
  /** Whether the leader forgets history by itself, by the next three (kv/auto-compaction.ts). */
  readonly autoCompaction: boolean;
  readonly historyBytes: number;
  readonly historyRevisions: number;
  readonly historyAgeMs: number;
  /** How often the leader asks whether history is to be forgotten by number and age. */
  readonly historyAskMs: number;
  /** How often the leader compares the members' states; 0 for never. */
  readonly hashCheckMs: number;
}

export const DEFAULT_LIMITS: NodeLimits = {
  snapshotWalBytes: 64 * 2 ** 20,
  retainEntries: 5000,
  retainBytes: 64 * 2 ** 20,
  reserveBytes: 64 * 2 ** 20,
  appendBytes: 2 ** 20,
  snapshotChunkBytes: 2 ** 20,
  pendingProposals: 20_000,
  pendingBytes: 64 * 2 ** 20,
  pendingReads: 20_000,
  quotaBytes: 2 * 2 ** 30,
  autoCompaction: true,
  historyBytes: COMPACTION_LIMITS.bytes,
  historyRevisions: COMPACTION_LIMITS.keepRevisions,
  historyAgeMs: COMPACTION_LIMITS.keepMs,
  historyAskMs: 5000,
  hashCheckMs: 10_000,
};
