import type { KvChange } from '../../kv/event.ts';
import type { ChangeListener, Unsubscribe } from '../api.ts';
import { type Changes, isInside } from '../changes.ts';
import type { WatchChange, WatchSpec } from './watch.ts';

/** What a group is about. */
export type WatchTopic = Pick<WatchSpec, 'range' | 'only' | 'prev'>;

/** A member of a group that has caught up with the present. */
export interface LiveWatch {
  changed(change: WatchChange): void;
  jumped(): void;
}

/**
 * WATCHES OF THE SAME THING: a change is looked through once for all of them, and all are given the
 * same object.
 */
export class WatchGroup implements ChangeListener {
  readonly name: string;
  readonly topic: WatchTopic;
  readonly #live = new Set<LiveWatch>();
  readonly #leave: Unsubscribe;
  /** Watches that belong to it, those that lag behind too. */
  members = 0;

  constructor(topic: WatchTopic, name: string, changes: Changes) {
    this.topic = topic;
    this.name = name;
    this.#leave = changes.subscribe(topic.range, this);
  }

  /** Tells two groups apart exactly when their topics differ. */
  static nameOf({ range, only, prev }: WatchTopic): string {
    const { start, end } = range;
    const kind = `${only ?? 'all'} ${prev} ${end === null ? 'open' : 'bounded'}`;
    return `${kind} ${start.length} ${start}${end ?? ''}`;
  }

  /** From now on the watch hears of every change. */
  join(watch: LiveWatch): void {
    this.#live.add(watch);
  }

  leave(watch: LiveWatch): void {
    this.#live.delete(watch);
  }

  /** The last member has gone. */
  close(): void {
    this.#leave();
  }

  changed(change: KvChange): void {
    const selected = this.#live.size === 0 ? null : this.select(change);
    if (selected === null) return;
    for (const watch of this.#live) watch.changed(selected);
  }

  jumped(): void {
    // Each of them leaves, and comes back once it has caught up, which may be at once.
    const live = Array.from(this.#live);
    for (const watch of live) watch.jumped();
  }

  /** What the change has for this group; null for nothing. */
  select({ revision, events }: KvChange): WatchChange | null {
    const { range, only, prev } = this.topic;
    const selected = events.filter(
      ({ type, kv }) => (only === null || type === only) && isInside(range, kv.key),
    );
    return selected.length === 0 ? null : { revision, events: selected, prev };
  }
}
