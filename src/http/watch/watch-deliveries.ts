/** What a delivery does when it is told to. */
interface Delivery {
  flush(): void;
  beat(): void;
  shutDown(): void;
}

/** Readers are kept alive in so many turns, so that not all of them are written to at once. */
const TURNS = 16;
/**
 * To write to so many takes a few milliseconds. When more have something to be written, the rest
 * waits until the event loop has been round, so that a change which very many are told of does not
 * keep the node from its peers.
 */
const FLUSHES_AT_ONCE = 256;

/**
 * All deliveries of this server: lets them write in turns, keeps them alive, and ends them when the
 * server stops.
 */
export class WatchDeliveries {
  readonly #waiting = new Set<Delivery>();
  #flushesLeft = FLUSHES_AT_ONCE;
  #isScheduled = false;
  readonly #turns: readonly Set<Delivery>[] = Array.from({ length: TURNS }, () => new Set());
  readonly #heartbeatMs: number;
  #timer: ReturnType<typeof setInterval> | null = null;
  #size = 0;
  #added = 0;
  #turn = 0;

  constructor(heartbeatMs: number, shutdown: AbortSignal) {
    this.#heartbeatMs = heartbeatMs;
    shutdown.addEventListener('abort', () => this.#shutDown(), { once: true });
  }

  get size(): number {
    return this.#size;
  }

  /** Returns what takes it out again. */
  add(delivery: Delivery): () => void {
    const turn = this.#turns[this.#added % TURNS];
    this.#added += 1;
    this.#size += 1;
    turn?.add(delivery);
    this.#timer ??= this.#startTimer();
    return () => {
      if (turn?.delete(delivery) !== true) return;
      this.#waiting.delete(delivery);
      this.#size -= 1;
      if (this.#size > 0 || this.#timer === null) return;
      clearInterval(this.#timer);
      this.#timer = null;
    };
  }

  /** Has it flushed, at once or in its turn. */
  flushSoon(delivery: Delivery): void {
    if (this.#flushesLeft === 0) {
      this.#waiting.add(delivery);
      return;
    }
    this.#flushesLeft -= 1;
    this.#schedule();
    delivery.flush();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#nextTurn());
  }

  #nextTurn(): void {
    this.#isScheduled = false;
    this.#flushesLeft = FLUSHES_AT_ONCE;
    for (const delivery of this.#waiting) {
      if (this.#flushesLeft === 0) break;
      this.#waiting.delete(delivery);
      this.flushSoon(delivery);
    }
  }

  #startTimer(): ReturnType<typeof setInterval> {
    const timer = setInterval(() => this.#beat(), this.#heartbeatMs / TURNS);
    timer.unref();
    return timer;
  }

  #beat(): void {
    this.#turn = (this.#turn + 1) % TURNS;
    for (const delivery of this.#turns[this.#turn] ?? []) delivery.beat();
  }

  #shutDown(): void {
    for (const turn of this.#turns) for (const delivery of turn) delivery.shutDown();
  }
}
