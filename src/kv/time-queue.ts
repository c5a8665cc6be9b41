import { SortedSet } from './sorted-set.ts';

interface Slot<K> {
  readonly at: number;
  readonly name: K;
}

/** Names in the order of the times they wait for; several may wait for one. Times are in ms. */
export class TimeQueue<K extends string> {
  #slots = new SortedSet<Slot<K>, Slot<K>>(compareSlots);

  add(at: number, name: K): void {
    this.#slots.add({ at, name });
  }

  delete(at: number, name: K): void {
    this.#slots.delete({ at, name });
  }

  clear(): void {
    this.#slots = new SortedSet<Slot<K>, Slot<K>>(compareSlots);
  }

  /** The first name whose time has come; it stays. */
  dueBy(now: number): K | null {
    const first = this.#slots.first();
    return first !== undefined && first.at <= now ? first.name : null;
  }
}

/** The name tells those of one moment apart. */
function compareSlots(a: Slot<string>, b: Slot<string>): number {
  if (a.at !== b.at) return a.at - b.at;
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}
