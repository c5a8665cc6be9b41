/** Wakes one who waits; who was woken before waiting does not wait. */
export class Latch {
  #wake = Promise.withResolvers<void>();

  wake(): void {
    this.#wake.resolve();
  }

  /** Resolves when it was woken since the last time, or is. */
  async wait(): Promise<void> {
    await this.#wake.promise;
    this.#wake = Promise.withResolvers<void>();
  }
}
