import { SortedMap } from './sorted-map.ts';

/** Names in the order of the times they wait for; several may wait for one. Times are in ms. */
export class TimeQueue<K extends string> {
  #queue = new SortedMap<string, { readonly at: number; readonly name: K }>();

  get size(): number {
    return this.#queue.size;
  }

  add(at: number, name: K): void {
    this.#queue.set(placeOf(at, name), { at, name });
  }

  delete(at: number, name: K): void {
    this.#queue.delete(placeOf(at, name));
  }

  clear(): void {
    this.#queue = new SortedMap();
  }

  /** The first name whose time has come; it stays. */
  dueBy(now: number): K | null {
    const first = this.#queue.firstFrom('');
    return first !== undefined && first.at <= now ? first.name : null;
  }
}

/** Orders by whole milliseconds; the name tells those of one moment apart. */
function placeOf(at: number, name: string): string {
  return `${String(Math.ceil(at)).padStart(16, '0')} ${name}`;
}
