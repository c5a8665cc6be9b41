/**
 * Text to an open file descriptor, in order, without holding the event loop. What nobody takes is
 * held up to a bound and then lost; a reader that is gone loses everything, at once. Unlike pino's
 * own destination it does nothing at the process's exit: that one tries for ever to write to a pipe
 * whose reader has died, and the process with it never ends.
 */

import { close, write } from 'node:fs';

/** A full pipe in non-blocking mode is tried again after this. */
const RETRY_AFTER_MS = 20;

export class FdWriter {
  readonly #fd: number;
  readonly #maxBytes: number;
  readonly #closesFd: boolean;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #writing = false;
  #dead = false;
  readonly #ended = Promise.withResolvers<void>();
  #ending = false;

  /** `maxBytes` may wait; lines beyond it are dropped. */
  constructor(fd: number, maxBytes: number, closesFd: boolean) {
    this.#fd = fd;
    this.#maxBytes = maxBytes;
    this.#closesFd = closesFd;
  }

  write(text: string): void {
    if (this.#dead || this.#ending || this.#waitingBytes + text.length > this.#maxBytes) return;
    this.#waiting.push(text);
    this.#waitingBytes += text.length;
    if (!this.#writing) this.#next();
  }

  /** Resolves when everything is written, or cannot be. */
  close(): Promise<void> {
    this.#ending = true;
    if (!this.#writing) this.#next();
    return this.#ended.promise;
  }

  #next(): void {
    if (this.#waiting.length === 0 || this.#dead) {
      this.#writing = false;
      if (this.#ending) this.#end();
      return;
    }
    const bytes = Buffer.from(this.#waiting.join(''));
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#writing = true;
    this.#put(bytes);
  }

  #put(bytes: Buffer): void {
    write(this.#fd, bytes, 0, bytes.length, null, (error, count) => {
      if (error === null) {
        if (count < bytes.length) this.#put(bytes.subarray(count));
        else this.#next();
      } else if (error.code === 'EAGAIN') {
        setTimeout(() => this.#put(bytes), RETRY_AFTER_MS);
      } else if (error.code === 'EPIPE') {
        this.#dead = true;
        this.#next();
      } else {
        // A full disk may have room again: only these lines are lost.
        this.#next();
      }
    });
  }

  #end(): void {
    if (this.#closesFd) close(this.#fd, () => this.#ended.resolve());
    else this.#ended.resolve();
  }
}
