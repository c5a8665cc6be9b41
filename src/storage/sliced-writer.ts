import { assert } from '../lib/assert.ts';
import type { DiskFile } from './disk.ts';
import { writeFully } from './file-write.ts';
import type { Pace } from './pace.ts';

const CHUNK_CHARACTERS = 64 * 1024;
/** Dirty pages are flushed as they come: one huge flush would stall the log's own syncs. */
const SYNC_BYTES = 4 * 2 ** 20;

/** Writes a large text file in the background of everything else. */
export class SlicedWriter {
  readonly #file: DiskFile;
  readonly #path: string;
  readonly #pace: Pace;
  readonly #onBytes: (bytes: Uint8Array) => void;
  #text = '';
  #unsynced = 0;
  #bytes = 0;

  /** @param onBytes sees every byte of the file once, in order. */
  constructor(
    file: DiskFile,
    path: string,
    pace: Pace,
    onBytes: (bytes: Uint8Array) => void = () => undefined,
  ) {
    this.#file = file;
    this.#path = path;
    this.#pace = pace;
    this.#onBytes = onBytes;
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes more text. True: enough is waiting, call `flush`. */
  add(text: string): boolean {
    this.#text += text;
    return this.#text.length >= CHUNK_CHARACTERS;
  }

  async flush(): Promise<void> {
    assert(this.#text.isWellFormed(), () => `${this.#path}: not Unicode text`);
    const chunk = Buffer.from(this.#text, 'utf8');
    this.#text = '';
    this.#onBytes(chunk);
    await writeFully(this.#file, this.#path, chunk);
    this.#bytes += chunk.length;
    this.#unsynced += chunk.length;
    if (this.#unsynced >= SYNC_BYTES) {
      await this.#file.sync();
      this.#unsynced = 0;
    }
    await this.#pace.rest();
  }

  /** Everything added is durable when this resolves. */
  async finish(): Promise<void> {
    await this.flush();
    await this.#file.sync();
  }
}
