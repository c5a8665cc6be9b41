/**
 * THE BYSTANDER, in a process of its own: a client that writes and reads its key all the time, and
 * wants to be served whatever others do. Told `go` it begins, told `rest` it stops, and says how it
 * fared in a line of JSON.
 *
 * Beside the time of each request it takes down for how much of it the processes that serve, and it
 * itself, stood ready to run without being given a core (`/proc/<pid>/task/<tid>/schedstat`). What
 * is left is the nodes' own: so a busy machine is told from an event loop that stands still.
 *
 * Arguments: port, key, ids of the processes that serve.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Report } from './bystander.ts';

const PAUSE_MS = 2;
const SERVED_WITHIN_MS = 10_000;
const NANOSECONDS_PER_MS = 1e6;

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

/** Milliseconds that the threads of a process have waited for a core since they began. */
class Waits {
  readonly #pids: readonly number[];

  constructor(pids: readonly number[]) {
    this.#pids = pids;
  }

  read(): readonly ReadonlyMap<string, number>[] {
    return this.#pids.map((pid) => {
      const folder = `/proc/${pid}/task`;
      return new Map(threadsOf(folder).map((thread) => [thread, waitOf(`${folder}/${thread}`)]));
    });
  }

  /** Of each process, what its main thread waited, and the one of the others that waited most. */
  between(before: ReturnType<Waits['read']>, after: ReturnType<Waits['read']>): number {
    return this.#pids.reduce((sum, pid, i) => {
      const waited = [...(after[i] ?? [])].map(([thread, ms]): readonly [string, number] => {
        return [thread, ms - (before[i]?.get(thread) ?? ms)];
      });
      const main = waited.find(([thread]) => thread === String(pid))?.[1] ?? 0;
      const others = waited.filter(([thread]) => thread !== String(pid)).map(([, ms]) => ms);
      return sum + main + Math.max(0, ...others);
    }, 0);
  }
}

function threadsOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function waitOf(thread: string): number {
  try {
    return Number(readFileSync(`${thread}/schedstat`, 'utf8').split(' ')[1]) / NANOSECONDS_PER_MS;
  } catch {
    return 0;
  }
}

/** Served since it was told to go. */
class Tally {
  readonly times: number[] = [];
  readonly failures: string[] = [];
  ownMs = 0;
  writes = 0;

  add(ms: number, waitedMs: number): void {
    this.times.push(ms);
    this.ownMs = Math.max(this.ownMs, ms - waitedMs);
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
  const waits = new Waits([...pids.map(Number), process.pid]);
  const connection = new Connection();
  let tally = new Tally();
  let going = false;
  let wake: () => void = () => undefined;
  let value = 0;

  const ask = async (request: string, isRight: (answer: string) => boolean): Promise<boolean> => {
    const before = waits.read();
    const begun = performance.now();
    try {
      const answer = await connection.exchange(Number(port), request);
      tally.add(performance.now() - begun, waits.between(before, waits.read()));
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
