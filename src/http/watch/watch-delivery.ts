import type { Watch, WatchChange, WatchEnd, WatchSink } from '../../node/watch/watch.ts';
import type { Piece, StreamEnd, WatchFormat } from './watch-format.ts';

/** While so much of the budget waits to be taken, the past must wait: the rest is the present's. */
const FULL_PART = 1 / 4;

/** Where what a watch tells goes. */
export interface Outlet<T> {
  /** Whether it takes something now; when it does again it calls `WatchDelivery.flush`. */
  readonly isReady: boolean;
  /** How many bytes it takes at once, in several pieces; one piece always. */
  readonly batchBytes: number;
  /** May throw when the reader has gone. */
  write(pieces: readonly Piece<T>[]): void;
  /** The last event is about to be written: a reader that does not read must not stay for ever. */
  hurry(): void;
  /** The last event was written. */
  end(end: StreamEnd): void;
}

export interface DeliveryOptions<T> {
  readonly watch: Watch;
  readonly format: WatchFormat<T>;
  readonly outlet: Outlet<T>;
  /** What may wait for the reader, beside one event of any size. */
  readonly budgetBytes: number;
  /** Has `flush` called, at once or when others have had their turn. */
  readonly soon: () => void;
  /** It has come to its end, or its reader has gone. */
  readonly left: () => void;
}

/** Something that waits. `revision` is that of a change. */
interface Waiting<T> extends Piece<T> {
  readonly revision: number | null;
}

/**
 * WHAT A WATCH TELLS, ON ITS WAY TO ONE READER
 *
 * Events wait here until the reader takes them; only a reference is this watch's own. A reader that
 * falls behind by more than its budget loses the watch, not single events: what waits is dropped,
 * and the last event names the first revision that was not sent. History is read no faster than the
 * reader takes it, so it never is the reason.
 */
export class WatchDelivery<T> implements WatchSink {
  readonly #options: DeliveryOptions<T>;
  readonly #queue: Waiting<T>[] = [];
  #bytes = 0;
  /** Of the events that wait, the most that one has. */
  #largest = 0;
  #end: StreamEnd | null = null;
  #isDone = false;
  #isFlushing = false;
  /** Nothing was written since the last beat. */
  #isQuiet = false;

  constructor(options: DeliveryOptions<T>) {
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#options.budgetBytes * FULL_PART;
  }

  start(): void {
    const { watch, format } = this.#options;
    const greeting = format.greeting(watch.from);
    if (greeting !== null) this.#add(greeting, null);
    watch.start(this);
  }

  change(change: WatchChange): void {
    if (this.#end !== null) return;
    this.#add(this.#options.format.change(change), change.revision);
    if (!this.#isOver) return;
    // The reader may have been waiting, and only its turn had not come.
    this.flush();
    if (this.#isOver) this.#cancelSlow();
  }

  progress(revision: number): boolean {
    // It would only add to what waits, which says as much.
    if (this.#end !== null || this.#queue.length > 0) return false;
    this.#add(this.#options.format.progress(revision), null);
    return true;
  }

  canceled(end: WatchEnd): void {
    if (this.#end === null) this.#finish(end);
  }

  /** The server stops. */
  shutDown(): void {
    if (this.#end !== null) return;
    const { watch } = this.#options;
    const revision = watch.told + 1;
    watch.close();
    this.#finish({ reason: 'shutdown', revision });
  }

  /** The reader has gone. */
  gone(): void {
    this.#options.watch.close();
    this.#drop();
    this.#done();
  }

  /** A while has passed: a dead connection is noticed only when something is sent. */
  beat(): void {
    const { keepAlive } = this.#options.format;
    const isIdle = this.#isQuiet && this.#queue.length === 0 && this.#end === null;
    this.#isQuiet = true;
    if (isIdle && keepAlive !== null) this.#add(keepAlive, null);
  }

  /** Passes on what waits, as far as the outlet takes it. */
  flush(): void {
    if (this.#isFlushing || this.#isDone) return;
    this.#isFlushing = true;
    const { outlet, watch } = this.#options;
    try {
      while (this.#queue.length > 0 && outlet.isReady) outlet.write(this.#take(outlet.batchBytes));
    } catch {
      return this.gone();
    }
    this.#isFlushing = false;
    if (this.#end === null) {
      if (!this.isFull) watch.resume();
    } else if (this.#queue.length === 0) {
      this.#done();
      outlet.end(this.#end);
    }
  }

  get #isOver(): boolean {
    return this.#bytes - this.#largest > this.#options.budgetBytes;
  }

  #cancelSlow(): void {
    const { watch } = this.#options;
    const first = this.#queue.find(({ revision }) => revision !== null);
    const revision = first?.revision ?? watch.told + 1;
    watch.close('slow');
    this.#drop();
    this.#finish({ reason: 'slow', revision });
  }

  #finish(end: StreamEnd): void {
    this.#end = end;
    this.#options.outlet.hurry();
    this.#add(this.#options.format.canceled(end), null);
  }

  #add(piece: Piece<T>, revision: number | null): void {
    this.#queue.push({ ...piece, revision });
    this.#bytes += piece.bytes;
    this.#largest = Math.max(this.#largest, piece.bytes);
    if (this.#options.outlet.isReady) this.#options.soon();
  }

  /** The first piece, and those after it that fit in. */
  #take(batchBytes: number): Waiting<T>[] {
    let count = 0;
    let bytes = 0;
    for (const piece of this.#queue) {
      if (count > 0 && bytes + piece.bytes > batchBytes) break;
      count += 1;
      bytes += piece.bytes;
    }
    this.#bytes -= bytes;
    this.#isQuiet = false;
    const taken = this.#queue.splice(0, count);
    if (taken.some((piece) => piece.bytes === this.#largest)) this.#largest = this.#findLargest();
    return taken;
  }

  #findLargest(): number {
    let largest = 0;
    for (const { bytes } of this.#queue) largest = Math.max(largest, bytes);
    return largest;
  }

  #drop(): void {
    this.#queue.length = 0;
    this.#bytes = 0;
    this.#largest = 0;
  }

  #done(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#options.left();
  }
}
