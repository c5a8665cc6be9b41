/** Texts of JSON that share a budget of bytes; a single one always fits, whatever its size. */
export class Lines {
  readonly lines: string[] = [];
  readonly #budget: number;
  #bytes = 0;

  constructor(budget: number) {
    this.#budget = budget;
  }

  get count(): number {
    return this.lines.length;
  }

  /** Whether it fitted; a comma is reckoned with each. */
  add(line: string): boolean {
    const bytes = Buffer.byteLength(line) + 1;
    if (this.count > 0 && this.#bytes + bytes > this.#budget) return false;
    this.#bytes += bytes;
    this.lines.push(line);
    return true;
  }
}
