import { assert, must } from '../../lib/assert.ts';
import type { StoreView } from '../api.ts';
import type { LiveWatch, WatchGroup } from './watch-group.ts';
import type { Watch, WatchChange, WatchEnd, WatchSink } from './watch.ts';

/** Changes that are looked at in one step of a replay. */
const CHANGES_PER_STEP = 100;

/** What a stream asks of the node's watches as a whole. */
export interface WatchHome {
  readonly store: StoreView;
  /** The newest revision that every stream in the present has been told of. */
  readonly revision: number;
  now(): number;
  /** The stream has something to replay, and may: `step` is called when its turn comes. */
  enqueue(stream: WatchStream, when: 'now' | 'later'): void;
  /** The object that stands for a change of the past. */
  share(group: WatchGroup, change: WatchChange): WatchChange;
  /** So many events were told. */
  counted(events: number): void;
  left(stream: WatchStream, why: 'slow' | null): void;
  /** What is told must not throw; who does is told no more. */
  failed(stream: WatchStream, error: unknown): void;
}

/** `new`: not started. `paused`: the sink is full. */
type State = 'new' | 'replaying' | 'paused' | 'live' | 'closed';

/**
 * ONE WATCH. Its only position is the next revision to tell of. What lies before the present it
 * reads from the store's history, step by step, as fast as its sink takes it; once nothing is left
 * it joins its group and is handed every change as it is made. Both happen in one turn of the event
 * loop, so nothing can fall between them. A snapshot that takes the store's place sends it back to
 * reading history, which snapshots contain; if that is forgotten, the watch ends and says so.
 */
export class WatchStream implements Watch, LiveWatch {
  readonly from: number;
  readonly group: WatchGroup;
  readonly #home: WatchHome;
  readonly #progressMs: number | null;
  #next: number;
  #state: State = 'new';
  #sink: WatchSink | null = null;
  #ended: WatchEnd | null = null;
  #progressAt = Number.POSITIVE_INFINITY;

  constructor(home: WatchHome, group: WatchGroup, from: number, progressMs: number | null) {
    this.#home = home;
    this.group = group;
    this.from = from;
    this.#next = from;
    this.#progressMs = progressMs;
  }

  get told(): number {
    // What was told to all in the present had nothing for this one where it was not handed over.
    const before = this.#next - 1;
    return this.#state === 'live' ? Math.max(before, this.#home.revision) : before;
  }

  get isBehind(): boolean {
    return this.#state === 'replaying' || this.#state === 'paused';
  }

  start(sink: WatchSink): void {
    if (this.#ended !== null) return sink.canceled(this.#ended);
    if (this.#state === 'closed') return;
    assert(this.#state === 'new', 'a watch is started once');
    this.#sink = sink;
    this.#state = 'replaying';
    if (this.#progressMs !== null) this.#progressAt = this.#home.now() + this.#progressMs;
    this.#home.enqueue(this, 'now');
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'replaying';
    // Whoever reads as fast as it is told would otherwise keep everybody else waiting.
    this.#home.enqueue(this, 'later');
  }

  close(why: 'slow' | null = null): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#sink = null;
    this.group.leave(this);
    this.#home.left(this, why);
  }

  changed(change: WatchChange): void {
    // A watch may wait for a revision that is yet to come.
    if (change.revision >= this.#next) this.#tell(change);
  }

  jumped(): void {
    this.#next = this.told + 1;
    this.group.leave(this);
    this.#state = 'replaying';
    this.#home.enqueue(this, 'now');
  }

  /** Tells some of the past; whether it is to be called again. */
  step(): boolean {
    if (this.#state !== 'replaying') return false;
    const { store } = this.#home;
    const { start, end } = this.group.topic.range;
    const replay = store.replay(start, end, this.#next, CHANGES_PER_STEP);
    if (replay.type !== 'replay') {
      const { compactRevision } = store;
      this.#end({ reason: 'compacted', compactRevision });
      return false;
    }
    for (const change of replay.changes) {
      if (this.#pauseIfFull(change.revision)) return false;
      const selected = this.group.select(change);
      if (selected !== null) this.#tell(this.#home.share(this.group, selected));
      if (this.#state !== 'replaying') return false;
    }
    this.#next = replay.next;
    if (this.#next <= store.revision) return !this.#pauseIfFull(this.#next);
    this.#state = 'live';
    this.group.join(this);
    return false;
  }

  /** Says how far the watch is complete, if that is due. */
  progressIfDue(now: number): void {
    if (now < this.#progressAt || this.#sink === null || this.#progressMs === null) return;
    // Of what is still to come, nothing can be said; not even that it is empty.
    if (this.told > this.#home.store.revision) return;
    try {
      if (this.#sink.progress(this.told)) this.#progressAt = now + this.#progressMs;
    } catch (error) {
      this.#home.failed(this, error);
    }
  }

  /** The node stops. */
  shutDown(): void {
    this.#end({ reason: 'shutdown', revision: this.told + 1 });
  }

  #pauseIfFull(next: number): boolean {
    if (!must(this.#sink, 'the sink of a running watch').isFull) return false;
    this.#next = next;
    this.#state = 'paused';
    return true;
  }

  #tell(change: WatchChange): void {
    this.#next = change.revision + 1;
    this.#home.counted(change.events.length);
    try {
      this.#sink?.change(change);
    } catch (error) {
      this.#home.failed(this, error);
    }
  }

  #end(end: WatchEnd): void {
    const sink = this.#sink;
    this.#ended = end;
    this.close();
    sink?.canceled(end);
  }
}
