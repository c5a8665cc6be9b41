import { expect } from 'bun:test';
import { getRaw, put } from './client.ts';
import type { NodeProcess } from './node-process.ts';

/** Clients that write keys of their own as fast as they can, and note what was acknowledged. */
export class Writers implements AsyncDisposable {
  /** Acknowledged writes: value by key. */
  readonly acknowledged = new Map<string, string>();
  readonly #prefix: string;
  readonly #nodes: readonly NodeProcess[];
  readonly #running: Promise<void>[];
  #stopping = false;

  /** @param prefix what every key begins with. */
  constructor(nodes: readonly NodeProcess[], prefix: string, count = 8) {
    this.#nodes = nodes;
    this.#prefix = prefix;
    this.#running = Array.from({ length: count }, (_, writer) => this.#write(writer));
  }

  /** Ends the load; open requests are waited for. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#running);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #write(writer: number): Promise<void> {
    for (let n = 0; !this.#stopping; n += 1) {
      const key = `${this.#prefix}/${writer}/${n}`;
      const value = `value of ${key}`;
      const running = this.#nodes.filter((node) => node.isRunning);
      const node = running[(writer + n) % Math.max(1, running.length)];
      const outcome =
        node === undefined ? null : await put(node.url, key, value, { timeoutMs: 2000 });
      if (outcome?.type === 'ok') this.acknowledged.set(key, value);
      else await Bun.sleep(20);
    }
  }
}

/** Writes pairs through the nodes in turn, several at a time, each until it is acknowledged. */
export async function writeAll(
  nodes: readonly NodeProcess[],
  pairs: Iterable<readonly [string, string]>,
  concurrency: number,
): Promise<void> {
  const rest = Iterator.from(pairs);
  const worker = async (number: number): Promise<void> => {
    for (let turn = number; ; turn += 1) {
      const next = rest.next();
      if (next.done === true) return;
      await writeOne(nodes, turn, ...next.value);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, (_, number) => worker(number)));
}

async function writeOne(
  nodes: readonly NodeProcess[],
  first: number,
  key: string,
  value: string,
): Promise<void> {
  const end = performance.now() + 30_000;
  for (let turn = first; performance.now() < end; turn += 1) {
    const url = nodes[turn % nodes.length]?.url ?? '';
    const outcome = await put(url, key, value, { timeoutMs: 2000 });
    if (outcome.type === 'ok') return;
    await Bun.sleep(20);
  }
  throw new Error(`${key} could not be written within 30 s`);
}

/** Every pair is on every node, byte for byte. */
export async function expectKept(
  nodes: readonly NodeProcess[],
  pairs: Iterable<readonly [string, string]>,
): Promise<void> {
  const expected = [...pairs];
  for (const node of nodes) {
    const wrong: string[] = [];
    const rest = expected.values();
    const reader = async (): Promise<void> => {
      for (const [key, value] of rest) {
        const found = await getRaw(node.url, key);
        if (found === null || !Buffer.from(value).equals(found)) wrong.push(key);
      }
    };
    await Promise.all(Array.from({ length: 16 }, reader));
    expect({ node: node.url, wrong }).toEqual({ node: node.url, wrong: [] });
  }
}

/** The hash of each node's store. */
export async function storeHashes(nodes: readonly NodeProcess[]): Promise<string[]> {
  return await Promise.all(
    nodes.map(async (node) => {
      const response = await fetch(`${node.url}/hash`, { signal: AbortSignal.timeout(5000) });
      return ((await response.json()) as { hash: string }).hash;
    }),
  );
}
