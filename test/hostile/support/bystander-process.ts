/**
 * THE BYSTANDER, in a process of its own: a client that writes and reads its key all the time, and
 * wants to be served whatever others do. Told `go` it begins, told `rest` it stops, and says how it
 * fared in a line of JSON.
 *
 * Arguments: port, key, ids of the processes that serve.
 */
import type { Report } from './bystander.ts';
import { Threads } from './threads.ts';

const PAUSE_MS = 2;
const SERVED_WITHIN_MS = 10_000;

/** One connection, one request at a time, no thread beside: what it measures is the server. */
class Connection {
  #socket: Bun.Socket | null = null;
  #received = '';
  #answered: PromiseWithResolvers<string> = Promise.withResolvers();

  async exchange(port: number, request: string): Promise<string> {
    this.#received = '';
    this.#answered = Promise.withResolvers();
    this.#socket ??= await this.#open(port);
    this.#socket.write(request);
    const late = setTimeout(() => this.#fail('not answered'), SERVED_WITHIN_MS);
    return await this.#answered.promise.finally(() => clearTimeout(late));
  }

  close(): void {
    this.#socket?.terminate();
    this.#socket = null;
  }

  #open(port: number): Promise<Bun.Socket> {
    return Bun.connect({
      hostname: '127.0.0.1',
      port,
      socket: {
        data: (_, bytes) => this.#take(bytes),
        close: () => this.#fail('closed'),
        error: (_, error) => this.#fail(error.message),
      },
    });
  }

  #take(bytes: Buffer): void {
    this.#received += bytes.toString('latin1');
    const end = this.#received.indexOf('\r\n\r\n');
    const length = /content-length: (\d+)/i.exec(this.#received)?.[1];
    const size = end + 4 + Number(length ?? Number.NaN);
    if (end !== -1 && this.#received.length >= size) this.#answered.resolve(this.#received);
  }

  #fail(why: string): void {
    this.close();
    this.#answered.reject(new Error(why));
  }
}

/** Served since it was told to go. */
class Tally {
  readonly times: number[] = [];
  readonly failures: string[] = [];
  ownMs = 0;
  writes = 0;

  add(ms: number, ownMs: number): void {
    this.times.push(ms);
    this.ownMs = Math.max(this.ownMs, ownMs);
  }

  report(): Report {
    const { failures, writes } = this;
    const sorted = this.times.toSorted((a, b) => a - b);
    return {
      times: sorted.map((ms) => Math.round(ms * 100) / 100),
      ownMs: this.ownMs,
      failures,
      writes,
    };
  }
}

async function main([port = '', key = '', ...pids]: readonly string[]): Promise<void> {
  const threads = new Threads(pids.map(Number));
  const connection = new Connection();
  let tally = new Tally();
  let going = false;
  let wake: () => void = () => undefined;
  let value = 0;

  const ask = async (request: string, isRight: (answer: string) => boolean): Promise<boolean> => {
    const before = threads.read();
    const begun = performance.now();
    try {
      const answer = await connection.exchange(Number(port), request);
      const ms = performance.now() - begun;
      tally.add(ms, threads.ownOf(ms, before, threads.read()));
      if (isRight(answer)) return true;
      tally.failures.push(answer.slice(0, 300));
    } catch (error) {
      tally.failures.push(String(error));
    }
    return false;
  };
  const pair = async (): Promise<void> => {
    value += 1;
    const text = String(value);
    const head = `HTTP/1.1\r\nHost: localhost\r\n`;
    const put = `PUT /kv/${key} ${head}Content-Length: ${text.length}\r\n\r\n${text}`;
    if (await ask(put, (answer) => /^HTTP\/1.1 20[01] /.test(answer))) tally.writes += 1;
    await ask(`GET /kv/${key}?raw ${head}\r\n`, (answer) => answer.endsWith(`\r\n\r\n${text}`));
  };
  const work = async (): Promise<never> => {
    for (;;) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      for (; going; await Bun.sleep(PAUSE_MS)) await pair();
      await pair();
      process.stdout.write(`${JSON.stringify(tally.report())}\n`);
      tally = new Tally();
    }
  };
  // Before it is told to go it has a connection, and its code has run.
  for (let n = 0; n < 50; n += 1) await pair();
  const first = tally.report();
  tally = new Tally();
  void work();
  process.stdout.write(`${JSON.stringify(first)}\n`);
  for await (const bytes of Bun.stdin.stream()) {
    // What is sent in one piece is to be done in one: a write and a read.
    const words = Buffer.from(bytes).toString().trim().split('\n');
    going = words.at(-1) === 'go';
    if (words.includes('go')) wake();
  }
}

await main(process.argv.slice(2));
