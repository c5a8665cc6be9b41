import { connect, type Socket } from 'node:net';

/** An answer as it came over the wire. */
export interface RawAnswer {
  /** 0: the connection ended without an answer. */
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Whether the server closed the connection. */
  readonly closed: boolean;
}

/** A connection that says exactly what it is told, for what no HTTP client would send. */
export class RawSocket {
  readonly #socket: Socket;
  #received = '';
  #closed = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (data) => {
      this.#received += data.toString('latin1');
      this.#wake();
    });
    // Being reset is one of the answers.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  static async open(port: number): Promise<RawSocket> {
    const socket = connect(port, '127.0.0.1');
    const raw = new RawSocket(socket);
    await new Promise((resolve) => socket.once('connect', resolve));
    return raw;
  }

  get received(): string {
    return this.#received;
  }

  write(data: string | Uint8Array): void {
    this.#socket.write(data);
  }

  /** Writes as fast as the server reads, until all is written or the connection is gone. */
  async writeAll(chunk: Uint8Array, times: number): Promise<number> {
    let written = 0;
    while (written < times && !this.#closed) {
      written += 1;
      if (this.#socket.write(chunk)) continue;
      await new Promise<void>((resolve) => {
        this.#socket.once('drain', resolve);
        this.#socket.once('close', () => resolve());
      });
    }
    return written;
  }

  /** Waits until what was received passes the test; false when the connection ended first. */
  async until(test: (received: string) => boolean): Promise<boolean> {
    while (!test(this.#received)) {
      if (this.#closed) return false;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return true;
  }

  async untilClosed(): Promise<void> {
    await this.until(() => this.#closed);
  }

  /** The one answer of a connection: complete by its length, or by its end. */
  async answer(): Promise<RawAnswer> {
    await this.until((received) => isComplete(received));
    return parseAnswer(this.#received, this.#closed);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Says that nothing more will be sent. */
  end(): void {
    this.#socket.end();
  }

  /** Breaks the connection off, as a host does that knows nothing of it. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }
}

function isComplete(received: string): boolean {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const { headers, body } = parseAnswer(received, false);
  const length = headers.get('content-length');
  if (length !== undefined) return body.length >= Number(length);
  return headers.get('transfer-encoding') === 'chunked' && received.endsWith('0\r\n\r\n');
}

function parseAnswer(received: string, closed: boolean): RawAnswer {
  const [head = '', ...rest] = received.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const raw = rest.join('\r\n\r\n');
  const body = headers.get('transfer-encoding') === 'chunked' ? dechunk(raw) : raw;
  return { status: Number(statusLine.split(' ')[1] ?? 0), headers, body, closed };
}

function dechunk(raw: string): string {
  let body = '';
  for (let at = 0; at < raw.length; ) {
    const end = raw.indexOf('\r\n', at);
    const size = Number.parseInt(raw.slice(at, end), 16);
    if (end === -1 || !(size > 0)) break;
    body += raw.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
  return body;
}
