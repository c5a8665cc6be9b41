import type { KvChange } from '../kv/event.ts';
import { type ByteString, prefixEnd, successorOf } from '../lib/bytes.ts';
import type { ChangeListener, Unsubscribe, WatchedRange } from './api.ts';

/** Those who listen to the same range. */
interface Entry {
  readonly range: WatchedRange;
  readonly listeners: Set<Listening>;
  readonly home: Home;
}

/** One subscription: the same listener may have several. */
interface Listening {
  readonly listener: ChangeListener;
}

/** Where entries of one kind of range are kept, by what tells them apart. */
type Home = Map<string, Entry>;

/**
 * CHANGES of the store on this node, told to whoever listens to keys that they touch. It hears of
 * them from the state machine, and of snapshots from the driver.
 *
 * Tens of thousands may listen, and a change must not cost a look at each: single keys are found by
 * the key, prefixes by each length that some listener's prefix has, and only ranges that are
 * neither are looked at one by one. Listeners of the same range share one place.
 */
export class Changes {
  readonly #keys: Home = new Map();
  readonly #prefixes = new Map<number, Home>();
  readonly #others: Home = new Map();
  #size = 0;
  #revision = 0;

  /** How many listen. */
  get size(): number {
    return this.#size;
  }

  /** The newest revision that all who listen were told of; 0 before the first. */
  get revision(): number {
    return this.#revision;
  }

  subscribe(range: WatchedRange, listener: ChangeListener): Unsubscribe {
    const { home, name } = this.#placeOf(range);
    let entry = home.get(name);
    if (entry === undefined) {
      entry = { range, listeners: new Set(), home };
      home.set(name, entry);
    }
    return this.#join(entry, name, { listener });
  }

  changed(change: KvChange): void {
    for (const { listeners } of this.#touchedBy(change)) {
      tell(listeners, (listener) => listener.changed(change));
    }
    this.#revision = change.revision;
  }

  jumped(): void {
    const homes = [this.#keys, ...this.#prefixes.values(), this.#others];
    const entries = homes.flatMap((home) => [...home.values()]);
    for (const { listeners } of entries) tell(listeners, (listener) => listener.jumped());
  }

  #join(entry: Entry, name: string, listening: Listening): Unsubscribe {
    entry.listeners.add(listening);
    this.#size += 1;
    return () => {
      if (!entry.listeners.delete(listening)) return;
      this.#size -= 1;
      if (entry.listeners.size > 0) return;
      entry.home.delete(name);
      const { length } = entry.range.start;
      if (this.#prefixes.get(length)?.size === 0) this.#prefixes.delete(length);
    };
  }

  #placeOf(range: WatchedRange): { readonly home: Home; readonly name: string } {
    const { start, end } = range;
    if (end === successorOf(start)) return { home: this.#keys, name: start };
    if (end === prefixEnd(start)) return { home: this.#prefixesOf(start.length), name: start };
    return { home: this.#others, name: `${start.length}:${start}${end ?? ''}:${end === null}` };
  }

  #prefixesOf(length: number): Home {
    const known = this.#prefixes.get(length);
    if (known !== undefined) return known;
    const home: Home = new Map();
    this.#prefixes.set(length, home);
    return home;
  }

  /** Each place once, however many of its keys were changed. */
  #touchedBy(change: KvChange): Set<Entry> {
    const touched = new Set<Entry>();
    for (const { kv } of change.events) this.#collect(kv.key, touched);
    return touched;
  }

  #collect(key: ByteString, touched: Set<Entry>): void {
    const exact = this.#keys.get(key);
    if (exact !== undefined) touched.add(exact);
    for (const [length, home] of this.#prefixes) {
      if (length > key.length) continue;
      const entry = home.get(length === key.length ? key : key.slice(0, length));
      if (entry !== undefined) touched.add(entry);
    }
    for (const entry of this.#others.values()) {
      if (isInside(entry.range, key)) touched.add(entry);
    }
  }
}

/** Tells those who listen now: not who joins meanwhile, nor who has left by then. */
function tell(listeners: ReadonlySet<Listening>, say: (listener: ChangeListener) => void): void {
  const now = Array.from(listeners);
  for (const listening of now) {
    if (listeners.has(listening)) say(listening.listener);
  }
}

/** Whether a key is in a range. */
export function isInside({ start, end }: WatchedRange, key: ByteString): boolean {
  return key >= start && (end === null || key < end);
}
