import type { ClientClock } from './clock.ts';

/**
 * The nodes a client may ask. It stays with one that works, and goes on to the next when that one
 * fails: connections stay open, and reads come from a node that knows what was just written.
 */
export class Endpoints {
  readonly #urls: string[];
  readonly #clock: ClientClock;
  /** Until when a node asked to be left alone (`Retry-After`), by its URL. */
  readonly #restingUntil = new Map<string, number>();
  /** Who waits for a node at length, by its URL. */
  readonly #waiting = new Map<string, Set<() => void>>();
  #current = 0;

  constructor(urls: readonly string[], clock: ClientClock) {
    this.#urls = [...urls];
    this.#clock = clock;
  }

  get urls(): readonly string[] {
    return this.#urls;
  }

  get size(): number {
    return this.#urls.length;
  }

  /** The node to ask now: the one that worked last, unless it rests and another one does not. */
  get current(): string {
    for (let i = 0; i < this.size; i += 1) {
      const url = this.#at(this.#current + i);
      if (this.restMs(url) === 0) return url;
    }
    return this.#at(this.#current);
  }

  /** Adds nodes that are not known yet, at the end. */
  add(urls: readonly string[]): void {
    for (const url of urls) if (!this.#urls.includes(url)) this.#urls.push(url);
  }

  worked(url: string): void {
    this.#restingUntil.delete(url);
    this.#current = Math.max(0, this.#urls.indexOf(url));
  }

  /** It answered, but cannot serve: asks the next one, and this one not for so long. */
  refused(url: string, restMs: number): void {
    if (restMs > 0) this.#restingUntil.set(url, this.#clock.now() + restMs);
    this.#leave(url);
  }

  /** It does not answer, or cannot be reached: whoever waits for it should not do so any longer. */
  broke(url: string): void {
    this.#leave(url);
    const waiting = this.#waiting.get(url);
    this.#waiting.delete(url);
    for (const giveUp of waiting ?? []) giveUp();
  }

  /** Calls back when the node breaks for another request. The returned function ends that. */
  whenBroken(url: string, giveUp: () => void): () => void {
    const waiting = this.#waiting.get(url) ?? new Set();
    this.#waiting.set(url, waiting);
    waiting.add(giveUp);
    return () => void waiting.delete(giveUp);
  }

  /** How much longer a node asked to be left alone. */
  restMs(url: string): number {
    return Math.max(0, (this.#restingUntil.get(url) ?? 0) - this.#clock.now());
  }

  /** Of requests that fail together only the first one moves on. */
  #leave(url: string): void {
    if (this.#at(this.#current) === url) this.#current = (this.#current + 1) % this.size;
  }

  #at(index: number): string {
    return this.#urls[index % this.size] ?? '';
  }
}
