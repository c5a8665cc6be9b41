/** Reads the text of a stream, piece by piece. */
export class TextReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = '';

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** Takes what there is up to and with the mark. @throws when the stream ends before */
  async until(mark: string): Promise<string> {
    while (!this.#text.includes(mark)) {
      if (!(await this.#more())) throw new Error(`the end came before ${JSON.stringify(mark)}`);
    }
    const end = this.#text.indexOf(mark) + mark.length;
    const taken = this.#text.slice(0, end);
    this.#text = this.#text.slice(end);
    return taken;
  }

  /** Takes all that is left. */
  async rest(): Promise<string> {
    while (await this.#more());
    const taken = this.#text;
    this.#text = '';
    return taken;
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#reader.read();
    if (done) return false;
    this.#text += this.#decoder.decode(value, { stream: true });
    return true;
  }
}
