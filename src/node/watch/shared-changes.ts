import type { WatchChange } from './watch.ts';

/** How many are remembered, and how large one may be: bytes of keys and values. */
const COUNT_MAX = 1024;
const BYTES_MAX = 16 * 1024;

/**
 * CHANGES OF THE PAST that were told a moment ago. Many watches come back at once when a node
 * restarts, and replay the same stretch: they are to share what is made of it, as in the present.
 */
export class SharedChanges {
  readonly #changes = new Map<string, WatchChange>();

  /** The same change, in the object that others of the group were given, if that is remembered. */
  share(group: string, change: WatchChange): WatchChange {
    const name = `${change.revision} ${group}`;
    const known = this.#changes.get(name);
    if (known !== undefined) return known;
    if (bytesOf(change) <= BYTES_MAX) this.#remember(name, change);
    return change;
  }

  clear(): void {
    if (this.#changes.size > 0) this.#changes.clear();
  }

  #remember(name: string, change: WatchChange): void {
    if (this.#changes.size >= COUNT_MAX) {
      for (const oldest of this.#changes.keys()) {
        this.#changes.delete(oldest);
        break;
      }
    }
    this.#changes.set(name, change);
  }
}

function bytesOf({ events }: WatchChange): number {
  let bytes = 0;
  for (const { kv, prev } of events) {
    bytes += kv.key.length + kv.value.length + (prev?.value.length ?? 0);
    if (bytes > BYTES_MAX) break;
  }
  return bytes;
}
