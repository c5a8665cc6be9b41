/** How background work shares the event loop. */
export interface PaceOptions {
  /** Resolves after other waiting work of the event loop has had its turn. */
  readonly pause: () => Promise<void>;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** A slice ends well before the 10 ms that the design allows, as one more step may follow. */
const SLICE_MS = 4;

/** Ends a slice of background work when it has had the event loop long enough. */
export class Pace {
  readonly #options: PaceOptions;
  #sliceStart: number;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#sliceStart = options.now();
  }

  async rest(): Promise<void> {
    if (this.#options.now() - this.#sliceStart < SLICE_MS) return;
    await this.#options.pause();
    this.#sliceStart = this.#options.now();
  }
}
