/** The items of a page as texts of JSON, which share a budget of bytes; one always fits. */
export class PageItems {
  readonly texts: string[] = [];
  readonly #budget: number;
  #bytes = 0;

  constructor(budget: number) {
    this.#budget = budget;
  }

  get count(): number {
    return this.texts.length;
  }

  /** Whether it fitted; a comma is reckoned with each. */
  add(text: string): boolean {
    const bytes = Buffer.byteLength(text) + 1;
    if (this.count > 0 && this.#bytes + bytes > this.#budget) return false;
    this.#bytes += bytes;
    this.texts.push(text);
    return true;
  }
}

/** How many of the first items, of these sizes in bytes, a page takes; one, whatever its size. */
export function fitting(sizes: Iterable<number>, limit: number, budget: number): number {
  let bytes = 0;
  let taken = 0;
  for (const size of sizes) {
    bytes += size;
    if (taken === limit || (taken > 0 && bytes > budget)) break;
    taken += 1;
  }
  return taken;
}
