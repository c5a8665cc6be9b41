/**
 * A log file that is replaced when it is full: `node.log` is the one being written, `node.log.1`
 * the one before it, and so on. In this thread: a compiled binary cannot start pino's workers.
 */

import { existsSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { FdWriter } from './fd-writer.ts';

export interface RollingFileOptions {
  readonly path: string;
  /** A line that would make the file longer begins the next one. */
  readonly maxBytes: number;
  /** Full files that are kept. */
  readonly keep: number;
  /** What may wait for the disk; lines beyond it are lost. */
  readonly bufferBytes: number;
}

const MODE = 0o600;

export class RollingFile {
  readonly #options: RollingFileOptions;
  #writer: FdWriter;
  #bytes: number;

  /** Goes on with the file where it ends. @throws when it cannot be opened. */
  constructor(options: RollingFileOptions) {
    const { path } = options;
    mkdirSync(dirname(path), { recursive: true });
    this.#options = options;
    this.#bytes = existsSync(path) ? statSync(path).size : 0;
    this.#writer = this.#open();
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#bytes > 0 && this.#bytes + bytes > this.#options.maxBytes) this.#roll();
    this.#bytes += bytes;
    this.#writer.write(line);
  }

  close(): Promise<void> {
    return this.#writer.close();
  }

  /** What is still on its way goes to the old file, whatever its name is by then. */
  #roll(): void {
    const { path, keep } = this.#options;
    this.#bytes = 0;
    try {
      for (let i = keep; i > 1; i -= 1) rename(`${path}.${i - 1}`, `${path}.${i}`);
      rename(path, `${path}.1`);
      const full = this.#writer;
      this.#writer = this.#open();
      void full.close();
    } catch {
      // The directory does not let us: one long file is better than no log.
    }
  }

  #open(): FdWriter {
    const { path, bufferBytes } = this.#options;
    return new FdWriter(openSync(path, 'a', MODE), bufferBytes, true);
  }
}

function rename(from: string, to: string): void {
  if (existsSync(from)) renameSync(from, to);
}
