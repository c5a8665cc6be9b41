/** Runs one piece of work after another, in the order they were asked for. */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();

  /** Settles as the work does; a failure does not keep later work from running. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.then(ignore, ignore);
    return result;
  }

  /** Resolves when everything asked for so far has ended. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}

function ignore(): void {
  return undefined;
}
