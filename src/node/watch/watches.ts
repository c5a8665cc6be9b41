import type { Logger } from '../../lib/logger.ts';
import { ApiError } from '../../wire/errors.ts';
import { shuttingDown } from '../../wire/usual-errors.ts';
import type { StoreView } from '../api.ts';
import type { Changes } from '../changes.ts';
import type { Clock } from '../clock.ts';
import { SharedChanges } from './shared-changes.ts';
import { WatchGroup } from './watch-group.ts';
import { type WatchHome, WatchStream } from './watch-stream.ts';
import type { Watch, WatchChange, WatchSpec } from './watch.ts';

/** Replaying holds the event loop no longer than this at a stretch, ms. */
const SLICE_MS = 4;

export interface WatchesOptions {
  readonly store: StoreView;
  readonly changes: Changes;
  readonly clock: Pick<Clock, 'now' | 'yield'>;
  readonly logger: Logger;
  /** Without a leader this node may be cut off: it does not say that a watch makes progress. */
  readonly hasLeader: () => boolean;
  /** Something went wrong that cannot: the node must stop. */
  readonly failed: (error: unknown) => void;
}

/**
 * THE WATCHES ON THIS NODE. They follow what is applied here, and nothing else: a node that is cut
 * off tells nothing new, and one that was behind tells all of it.
 */
export class Watches {
  readonly #options: WatchesOptions;
  readonly #groups = new Map<string, WatchGroup>();
  readonly #streams = new Set<WatchStream>();
  /** Those that wait for their turn to replay, in its order. */
  readonly #queue = new Set<WatchStream>();
  /** Those that are to say how far they are. */
  readonly #paced = new Set<WatchStream>();
  readonly #shared = new SharedChanges();
  readonly #home: WatchHome;
  #isReplaying = false;
  #isClosed = false;
  #events = 0;
  #slow = 0;

  constructor(options: WatchesOptions) {
    this.#options = options;
    this.#home = this.#createHome();
  }

  /** How many are open. */
  get size(): number {
    return this.#streams.size;
  }

  /** How many of them have not caught up with the present. */
  get behind(): number {
    let behind = 0;
    for (const stream of this.#streams) if (stream.isBehind) behind += 1;
    return behind;
  }

  /** Events that were told, ever. */
  get events(): number {
    return this.#events;
  }

  /** Watches that ended because their readers were too slow, ever. */
  get slow(): number {
    return this.#slow;
  }

  /** @throws ApiError `compacted` with the `compactRevision`, `shutting-down` */
  open(spec: WatchSpec): Watch {
    if (this.#isClosed) throw shuttingDown();
    const { revision, compactRevision } = this.#options.store;
    const from = spec.from ?? revision + 1;
    if (from < compactRevision) {
      throw new ApiError(
        'compacted',
        `What happened before revision ${compactRevision} is forgotten: read the present, and ` +
          'watch from the revision after it',
        { compactRevision, revision },
      );
    }
    const stream = new WatchStream(this.#home, this.#groupOf(spec), from, spec.progressMs);
    stream.group.members += 1;
    this.#streams.add(stream);
    if (spec.progressMs !== null) this.#paced.add(stream);
    return stream;
  }

  /** Time passed. */
  tick(): void {
    if (this.#paced.size === 0 || !this.#options.hasLeader()) return;
    const now = this.#options.clock.now();
    for (const stream of this.#paced) stream.progressIfDue(now);
  }

  /** The node stops: all end with the reason `shutdown`. */
  close(): void {
    this.#isClosed = true;
    for (const stream of this.#streams) stream.shutDown();
  }

  #createHome(): WatchHome {
    const { store, changes, clock, logger } = this.#options;
    return {
      store,
      get revision() {
        return changes.revision;
      },
      now: () => clock.now(),
      enqueue: (stream, when) => {
        this.#queue.add(stream);
        if (this.#isReplaying) return;
        if (when === 'now') this.#replay();
        else this.#replayLater();
      },
      share: (group: WatchGroup, change: WatchChange) => this.#shared.share(group.name, change),
      counted: (events) => {
        this.#events += events;
      },
      left: (stream, why) => {
        if (why === 'slow') this.#slow += 1;
        this.#forget(stream);
      },
      failed: (stream, error) => {
        stream.close();
        logger.log('error', 'node', 'a watch ended because its reader failed', { error });
      },
    };
  }

  #groupOf(spec: WatchSpec): WatchGroup {
    const name = WatchGroup.nameOf(spec);
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const { range, only, prev } = spec;
    const group = new WatchGroup({ range, only, prev }, name, this.#options.changes);
    this.#groups.set(name, group);
    return group;
  }

  #forget(stream: WatchStream): void {
    this.#streams.delete(stream);
    this.#queue.delete(stream);
    this.#paced.delete(stream);
    const { group } = stream;
    group.members -= 1;
    if (group.members > 0) return;
    group.close();
    this.#groups.delete(group.name);
  }

  #replay(): void {
    this.#isReplaying = true;
    try {
      if (this.#replaySlice()) return this.#replayLater();
      this.#isReplaying = false;
      this.#shared.clear();
    } catch (error) {
      this.#options.failed(error);
    }
  }

  #replayLater(): void {
    const { clock, failed } = this.#options;
    this.#isReplaying = true;
    clock.yield().then(() => this.#replay(), failed);
  }

  /** Each in its turn tells a little of the past, until time is up; whether something is left. */
  #replaySlice(): boolean {
    const { clock } = this.#options;
    const end = clock.now() + SLICE_MS;
    for (const stream of this.#queue) {
      this.#queue.delete(stream);
      if (stream.step()) this.#queue.add(stream);
      if (clock.now() >= end) break;
    }
    return this.#queue.size > 0;
  }
}
