/** The part of a delivery that has to do with time. */
interface Delivery {
  beat(): void;
  shutDown(): void;
}

/** Readers are kept alive in so many turns, so that not all of them are written to at once. */
const TURNS = 16;

/** All deliveries of this server: keeps them alive, and ends them when the server stops. */
export class WatchDeliveries {
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
      this.#size -= 1;
      if (this.#size > 0 || this.#timer === null) return;
      clearInterval(this.#timer);
      this.#timer = null;
    };
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
