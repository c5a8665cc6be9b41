/** What goes on in the simulated world by itself, and must have ended before the run does. */
export class Tasks {
  readonly #failed: (error: unknown) => void;
  #running = 0;

  /** @param failed hears of what ends one of them that should not. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** How many go on. */
  get running(): number {
    return this.#running;
  }

  spawn(work: Promise<void>): void {
    this.#running += 1;
    work.then(
      () => {
        this.#running -= 1;
      },
      (error: unknown) => this.#failed(error),
    );
  }
}
