/** A server-sent stream whose events the test writes as it goes. */
export class NodeStream {
  readonly response: Response;
  /** Whether the reader has left. */
  isCanceled = false;
  readonly #waiting: Uint8Array[] = [];
  #ending: 'open' | 'closed' | 'broken' = 'open';
  #wake: () => void = () => undefined;

  constructor() {
    const body = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => this.#pull(controller),
        cancel: () => {
          this.isCanceled = true;
          this.#wake();
        },
      },
      { highWaterMark: 0 },
    );
    this.response = new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  }

  /** Sends text as it is. */
  send(text: string): this {
    this.#waiting.push(new TextEncoder().encode(text));
    this.#wake();
    return this;
  }

  event(name: string, data: object): this {
    return this.send(`id: 1\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** A revision that puts one key. */
  change(revision: number, key = 'k'): this {
    const event = { type: 'put', key, value: `${revision}`, modRevision: revision };
    return this.event('change', { revision, events: [event] });
  }

  /** A revision that deletes one key. */
  deletion(revision: number, key = 'k'): this {
    const event = { type: 'delete', key, modRevision: revision };
    return this.event('change', { revision, events: [event] });
  }

  progress(revision: number): this {
    return this.event('progress', { revision });
  }

  canceled(reason: string, fields: object = {}): this {
    this.event('canceled', { reason, ...fields });
    return this.end();
  }

  end(): this {
    this.#ending = 'closed';
    this.#wake();
    return this;
  }

  /** The connection breaks, once what was sent has arrived. */
  break(): this {
    this.#ending = 'broken';
    this.#wake();
    return this;
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    for (;;) {
      const chunk = this.#waiting.shift();
      if (chunk !== undefined) return controller.enqueue(chunk);
      if (this.isCanceled) return;
      if (this.#ending === 'closed') return controller.close();
      if (this.#ending === 'broken') return controller.error(new Error('ECONNRESET'));
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
