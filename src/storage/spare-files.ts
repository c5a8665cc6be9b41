import fs from 'node:fs';
import { devNull } from 'node:os';

/**
 * FILES KEPT BACK FOR THE DISK
 *
 * A process may have so many files open, connections among them, and whoever can connect can use
 * all of them up. The log must be able to begin a segment and to write a snapshot all the same, for
 * a disk that fails is the end of the node. So some descriptors are held, of nothing, and one is
 * given up where the system has none left. That is done in one go with what takes its place: in
 * between no connection can be accepted.
 */
export class SpareFiles {
  readonly #count: number;
  readonly #held: number[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  /** Takes what is missing, as far as the system has it. */
  fill(): void {
    try {
      while (this.#held.length < this.#count) this.#held.push(fs.openSync(devNull, 'r'));
    } catch {
      // As many as there are.
    }
  }

  /** Carries this out in the place of a file that was kept back. @throws what it throws */
  instead<T>(work: () => T): T {
    const spare = this.#held.pop();
    if (spare !== undefined) fs.closeSync(spare);
    return work();
  }

  /** Closes a file, and keeps its descriptor back. */
  takeBack(fd: number): void {
    fs.closeSync(fd);
    this.fill();
  }
}

/** Whether the system, or this process, has no more files. */
export function isOutOfFiles(code: string): boolean {
  return code === 'EMFILE' || code === 'ENFILE';
}
