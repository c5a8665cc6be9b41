/** What every part of a simulated world shares. */
import type { MemberId } from '../lib/ids.ts';
import type { Prng } from '../lib/prng.ts';
import type { NodeEvent } from '../node/api.ts';
import type { DiskFault, DiskOperation } from '../storage/memory-disk.ts';
import type { Restored, SnapshotFile, Storage } from '../storage/storage.ts';
import type { WireMessage } from '../wire/raft-codec.ts';
import type { Coverage } from './coverage.ts';
import type { Change } from './durable-log.ts';
import type { Profile } from './profile.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimNetwork } from './sim-network.ts';
import type { SimNode } from './sim-node.ts';
import type { Trace } from './trace.ts';

export interface World {
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  readonly trace: Trace;
  readonly coverage: Coverage;
  readonly profile: Profile;
  readonly network: SimNetwork;
  readonly watcher: Watcher;
  /** The run has failed; the first reason counts. */
  readonly failed: (error: unknown) => void;
  /** By id, everyone who ever was a member, in the order of their coming. */
  readonly nodes: Map<MemberId, SimNode>;
  /** Puts something between a node and its storage: how tests make the product wrong on purpose. */
  readonly sabotage: Sabotage;
}

/** Ways to break the product, to see that a checker notices. */
export interface Sabotage {
  readonly storage?: (storage: Storage) => Storage;
  readonly disk?: (operation: DiskOperation) => DiskFault | null;
  /** Hears of every operation of a disk before anything comes of it, and may plan a crash there. */
  readonly onOperation?: (node: SimNode, operation: DiskOperation) => void;
}

/** Who is told of everything that the checkers go by. Each method throws SimFailure. */
export interface Watcher {
  /** An `open` of the storage has ended; nothing has been said on the strength of it yet. */
  opened(node: SimNode, restored: Restored): void;
  /** A change of the log is durable; `node.durable` tells of it from after this. */
  stored(node: SimNode, change: Change): void;
  /** A snapshot that the node took of its own state is durable. */
  saved(node: SimNode, snapshot: SnapshotFile, lines: readonly string[]): void;
  started(node: SimNode): void;
  /** Something reached the process, and all that follows at once from that has been done. */
  stepped(node: SimNode): void;
  event(node: SimNode, event: NodeEvent): void;
  sent(node: SimNode, message: WireMessage): void;
  received(node: SimNode, message: WireMessage): void;
  snapshotConfirmed(by: SimNode, snapshot: SnapshotFile): void;
  ended(node: SimNode): void;
}
