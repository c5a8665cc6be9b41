import type { KvChange } from '../kv/event.ts';
import type { ChangeListener, Unsubscribe, WatchedRange } from './api.ts';

/**
 * CHANGES of the store on this node, told to whoever listens to keys that they touch. It hears of
 * them from the state machine, and of snapshots from the driver.
 */
export class Changes {
  readonly #listeners = new Map<symbol, { range: WatchedRange; listener: ChangeListener }>();

  /** How many listen. */
  get size(): number {
    return this.#listeners.size;
  }

  subscribe(range: WatchedRange, listener: ChangeListener): Unsubscribe {
    const id = Symbol();
    this.#listeners.set(id, { range, listener });
    return () => {
      this.#listeners.delete(id);
    };
  }

  changed(change: KvChange): void {
    for (const { range, listener } of this.#listeners.values()) {
      if (change.events.some(({ kv }) => isInside(range, kv.key))) listener.changed(change);
    }
  }

  jumped(): void {
    for (const { listener } of this.#listeners.values()) listener.jumped();
  }
}

function isInside({ start, end }: WatchedRange, key: WatchedRange['start']): boolean {
  return key >= start && (end === null || key < end);
}
