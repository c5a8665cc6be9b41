import type { Unsubscribe } from '../../node/api.ts';

/** Why a stream ends that the reader did not end. */
export type CancelReason = 'slow' | 'shutdown';

/** How what a stream says is written. */
export interface TextFormat<T> {
  /** So that the reader sees at once that it is connected, even if nothing happens for long. */
  readonly greeting: string;
  readonly heartbeat: string;
  event(event: T): string;
  canceled(reason: CancelReason): string;
}

export interface TextStreamOptions<T> {
  readonly format: TextFormat<T>;
  /** Bytes that may wait for the reader. A single event always may, whatever its size. */
  readonly budgetBytes: number;
  readonly heartbeatMs: number;
  readonly shutdown: AbortSignal;
  /** The last event waits for the reader: one that does not read must not stay for ever. */
  readonly hurry: () => void;
  readonly subscribe: (listener: (event: T) => void) => Unsubscribe;
}

/**
 * EVENTS FOR ONE LISTENER
 *
 * Events wait in a queue until the reader pulls. A reader that falls behind by more than its budget
 * loses the stream, not single events: it gets a last `canceled` event, and resumes with the id of
 * the last one it saw, if events have ids. So a slow reader costs no more than its budget. (Watches
 * have deliveries of their own, which read history and share what is written.)
 */
export class TextStream<T> {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #options: TextStreamOptions<T>;
  readonly #utf8 = new TextEncoder();
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #ending = false;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #unsubscribe: Unsubscribe = () => undefined;
  #heartbeat: ReturnType<typeof setInterval> | null = null;

  constructor(options: TextStreamOptions<T>) {
    this.#options = options;
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => this.#start(controller),
        pull: () => this.#flush(),
        cancel: () => this.#release(),
      },
      { highWaterMark: 1 },
    );
  }

  #start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const { format, subscribe, shutdown, heartbeatMs } = this.#options;
    this.#controller = controller;
    this.#add(format.greeting);
    if (shutdown.aborted) return this.#cancel('shutdown');
    shutdown.addEventListener('abort', this.#onShutdown);
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs);
    this.#heartbeat.unref();
    this.#unsubscribe = subscribe((event) => this.#onEvent(event));
    // Events of the past may have ended the stream before there was anything to unsubscribe.
    if (this.#ending) this.#unsubscribe();
  }

  #onEvent(event: T): void {
    if (this.#ending) return;
    this.#add(this.#options.format.event(event));
    if (this.#waitingBytes > this.#options.budgetBytes && this.#waiting.length > 1) {
      this.#cancel('slow');
    }
  }

  /** Nothing to say while something waits to be read: a comment would only add to it. */
  #beat(): void {
    if (this.#waiting.length === 0) this.#add(this.#options.format.heartbeat);
  }

  readonly #onShutdown = (): void => this.#cancel('shutdown');

  #cancel(reason: CancelReason): void {
    if (reason === 'slow') this.#clear();
    this.#ending = true;
    this.#release();
    this.#options.hurry();
    this.#add(this.#options.format.canceled(reason));
  }

  #add(text: string): void {
    const bytes = this.#utf8.encode(text);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#flush();
  }

  /** Passes on what waits, if the reader wants it; ends the stream after its last event. */
  #flush(): void {
    const controller = this.#controller;
    if (controller === null || (controller.desiredSize ?? 0) <= 0) return;
    if (this.#waiting.length > 0) {
      const bytes = Buffer.concat(this.#waiting, this.#waitingBytes);
      this.#clear();
      controller.enqueue(bytes);
    }
    // The reader may have pulled while it was given its bytes, and so have been here already.
    if (!this.#ending || this.#controller === null) return;
    this.#controller = null;
    controller.close();
  }

  #clear(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #release(): void {
    this.#ending = true;
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    this.#heartbeat = null;
    this.#options.shutdown.removeEventListener('abort', this.#onShutdown);
    this.#unsubscribe();
  }
}
