import { readFileSync } from 'node:fs';
import { put } from './client.ts';
import { ProcessCluster } from './process-cluster.ts';

/** How many connections are being opened at the same time. */
const OPENING = 100;

export interface CrowdOptions {
  readonly port: number;
  readonly size: number;
  /** What the n-th asks for. */
  readonly query: (n: number) => string;
  /** Lines instead of server-sent events. */
  readonly lines?: boolean;
}

/** Many watchers, each over a connection of its own, with as little work for each as can be. */
export class WatchCrowd {
  readonly #sockets: Bun.Socket<Watcher>[] = [];
  #opened = 0;
  #events = 0;
  #wake: () => void = () => undefined;

  /** Opens all, and waits until each has the headers of its answer. */
  static async open(options: CrowdOptions): Promise<WatchCrowd> {
    const crowd = new WatchCrowd();
    let next = 0;
    const work = async (): Promise<void> => {
      for (let n = next++; n < options.size; n = next++) await crowd.#connect(n, options);
    };
    await Promise.all(Array.from({ length: OPENING }, work));
    return crowd;
  }

  get size(): number {
    return this.#opened;
  }

  /** Changes that all of them together were told of. */
  get events(): number {
    return this.#events;
  }

  async told(events: number): Promise<void> {
    while (this.#events < events) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  async #connect(n: number, { port, query, lines = false }: CrowdOptions): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const accept = lines ? 'Accept: application/x-ndjson\r\n' : '';
    const socket = await Bun.connect<Watcher>({
      hostname: '127.0.0.1',
      port,
      data: { opened: resolve, isOpen: false },
      socket: {
        open: (opened) => {
          opened.write(`GET /watch?${query(n)} HTTP/1.1\r\nHost: localhost\r\n${accept}\r\n`);
        },
        data: (receiver, bytes) => this.#received(receiver.data, bytes),
        error: (_, error) => reject(error),
        close: () => reject(new Error('closed')),
      },
    });
    this.#sockets.push(socket);
    await promise;
  }

  #received(watcher: Watcher, bytes: Buffer): void {
    if (!watcher.isOpen) {
      watcher.isOpen = true;
      this.#opened += 1;
      watcher.opened();
    }
    for (let at = bytes.indexOf('"events":'); at !== -1; at = bytes.indexOf('"events":', at + 1)) {
      this.#events += 1;
    }
    this.#wake();
  }
}

interface Watcher {
  readonly opened: () => void;
  isOpen: boolean;
}

/** Bytes of memory of a process. */
export function memoryOf(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) * 1024;
}

export interface CrowdFigures {
  readonly form: string;
  readonly watchers: number;
  readonly openMs: number;
  readonly bytesPerWatcher: number;
  /** From the start of a write to the last of those who are told of it, at best and at worst. */
  readonly toAllMs: readonly [number, number];
  /** The same of a write that one of them is told of. */
  readonly toOneMs: readonly [number, number];
}

/** What so many watchers of one node cost, of the same keys and each of its own. */
export async function measureCrowd(size: number, lines: boolean): Promise<readonly CrowdFigures[]> {
  await using cluster = await ProcessCluster.start({ size: 1 });
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('no node');
  const figures: CrowdFigures[] = [];
  const forms: readonly (readonly [string, (n: number) => string])[] = [
    ['the same prefix', () => 'prefix=shared/'],
    ['own keys', (n) => `key=own/${n}`],
  ];
  for (const [form, query] of forms) {
    const before = memoryOf(node.pid);
    const begun = performance.now();
    const crowd = await WatchCrowd.open({ port: node.port, size, query, lines });
    const openMs = performance.now() - begun;
    const toEach = async (keyOf: (round: number) => string, events: number) => {
      const times: number[] = [];
      for (let round = 0; round < 10; round += 1) {
        const start = performance.now();
        const expected = crowd.events + events;
        await Promise.all([put(node.url, keyOf(round), 'x'.repeat(100)), crowd.told(expected)]);
        times.push(performance.now() - start);
        if (crowd.events > expected) throw new Error(`${crowd.events} events, not ${expected}`);
      }
      return [Math.round(Math.min(...times)), Math.round(Math.max(...times))] as const;
    };
    const isShared = form === 'the same prefix';
    const toAllMs = isShared ? await toEach((n) => `shared/${n}`, size) : ([0, 0] as const);
    const toOneMs = isShared ? ([0, 0] as const) : await toEach((n) => `own/${n}`, 1);
    const bytesPerWatcher = Math.round((memoryOf(node.pid) - before) / size);
    const watchers = crowd.size;
    figures.push({ form, watchers, openMs: Math.round(openMs), bytesPerWatcher, toAllMs, toOneMs });
    crowd.close();
  }
  return figures;
}

if (import.meta.main) {
  const [size = '10000', form = 'events'] = process.argv.slice(2);
  for (const figures of await measureCrowd(Number(size), form === 'lines')) {
    process.stdout.write(`${JSON.stringify(figures)}\n`);
  }
}
