/**
 * A log file that is replaced when it is full: `node.log` is the one being written, `node.log.1`
 * the one before it, and so on. In this thread: a compiled binary cannot start pino's workers.
 */

import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import pino from 'pino';

export interface RollingFileOptions {
  readonly path: string;
  /** A line that would make the file longer begins the next one. */
  readonly maxBytes: number;
  /** Full files that are kept. */
  readonly keep: number;
  /** What may wait for the disk; lines beyond it are lost. */
  readonly bufferBytes: number;
}

type Stream = ReturnType<typeof pino.destination>;

export class RollingFile {
  readonly #options: RollingFileOptions;
  readonly #stream: Stream;
  #bytes: number;

  /** Goes on with the file where it ends. @throws when it cannot be opened. */
  constructor(options: RollingFileOptions) {
    const { path, bufferBytes } = options;
    mkdirSync(dirname(path), { recursive: true });
    this.#options = options;
    this.#bytes = existsSync(path) ? statSync(path).size : 0;
    this.#stream = pino.destination({
      dest: path,
      append: true,
      sync: false,
      maxLength: bufferBytes,
      mode: 0o600,
    });
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#bytes > 0 && this.#bytes + bytes > this.#options.maxBytes) this.#roll();
    this.#bytes += bytes;
    this.#stream.write(line);
  }

  on(event: 'error' | 'close' | 'drop', listener: () => void): void {
    this.#stream.on(event, listener);
  }

  end(): void {
    this.#stream.end();
  }

  /** What is still on its way goes to the old file, whatever its name is by then. */
  #roll(): void {
    const { path, keep } = this.#options;
    this.#bytes = 0;
    try {
      for (let i = keep; i > 1; i -= 1) rename(`${path}.${i - 1}`, `${path}.${i}`);
      rename(path, `${path}.1`);
    } catch {
      // The directory does not let us: one long file is better than no log.
      return;
    }
    this.#stream.reopen();
  }
}

function rename(from: string, to: string): void {
  if (existsSync(from)) renameSync(from, to);
}
