/**
 * SERVER-SENT EVENTS (WHATWG HTML section 9.2), read with `fetch`: unlike `EventSource` that shows
 * errors, obeys signals, and takes no more than the caller asks for.
 */

import type { ClientClock } from './clock.ts';

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

/** The events of a stream, as they are asked for. */
export class ServerEvents {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #clock: ClientClock;
  readonly #idleMs: number;
  readonly #lines = new Lines();
  readonly #parser = new EventParser();
  readonly #waiting: ServerEvent[] = [];
  #isOver = false;

  /** @param idleMs how long to wait for the next event, or a further piece of it */
  constructor(body: ReadableStream<Uint8Array>, clock: ClientClock, idleMs: number) {
    this.#reader = body.getReader();
    this.#clock = clock;
    this.#idleMs = idleMs;
  }

  /**
   * The next event; null when the stream has ended, has broken, or nothing but comments came for
   * too long.
   */
  async next(): Promise<ServerEvent | null> {
    while (this.#waiting.length === 0 && !this.#isOver) await this.#read();
    return this.#waiting.shift() ?? null;
  }

  /** Closes the connection; a `next` that waits gets null. */
  async close(): Promise<void> {
    this.#isOver = true;
    await this.#reader.cancel().catch(() => undefined);
  }

  /** Reads until there is an event, or the stream is over. Time counts only while it waits. */
  async #read(): Promise<void> {
    const stop = () => void this.close();
    let cancel = this.#clock.setTimer(this.#idleMs, stop);
    try {
      while (this.#waiting.length === 0) {
        const { done, value } = await this.#reader.read();
        if (done) {
          this.#isOver = true;
          return;
        }
        for (const line of this.#lines.push(value)) {
          const event = this.#parser.push(line);
          if (event !== null) this.#waiting.push(event);
        }
        if (!this.#lines.isWithinEvent && !this.#parser.isWithinEvent) continue;
        // A large event comes in many pieces; comments only say that somebody is connected.
        cancel();
        cancel = this.#clock.setTimer(this.#idleMs, stop);
      }
    } catch {
      this.#isOver = true;
    } finally {
      cancel();
    }
  }
}

/** Cuts pieces of UTF-8 into lines. */
class Lines {
  readonly #decoder = new TextDecoder();
  /** Of the line that has not ended yet; joined once, so that long lines cost no more. */
  #pieces: string[] = [];

  /** Whether a line has begun that is no comment. */
  get isWithinEvent(): boolean {
    const start = this.#pieces.find((piece) => piece !== '') ?? ':';
    return !start.startsWith(':');
  }

  push(bytes: Uint8Array): string[] {
    const text = this.#decoder.decode(bytes, { stream: true });
    const [first = '', ...others] = text.split('\n');
    this.#pieces.push(first);
    const lines: string[] = [];
    for (const next of others) {
      lines.push(this.#pieces.join('').replace(/\r$/, ''));
      this.#pieces = [next];
    }
    return lines;
  }
}

/** Puts lines together to events; an event ends with an empty line. */
class EventParser {
  #event = '';
  #data: string[] = [];

  get isWithinEvent(): boolean {
    return this.#data.length > 0 || this.#event !== '';
  }

  push(line: string): ServerEvent | null {
    if (line === '') return this.#finish();
    const colon = line.indexOf(':');
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') this.#event = value;
    if (name === 'data') this.#data.push(value);
    return null;
  }

  #finish(): ServerEvent | null {
    const { length } = this.#data;
    const event = { event: this.#event || 'message', data: this.#data.join('\n') };
    this.#event = '';
    this.#data = [];
    return length === 0 ? null : event;
  }
}
