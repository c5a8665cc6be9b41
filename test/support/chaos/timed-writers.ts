/** WRITERS whose acknowledgements have a time of the wall clock, to be held against a trace. */
import type { Prng } from '../../../src/lib/prng.ts';
import type { NodeProcess } from '../node-process.ts';
import { attempt } from './http-call.ts';

export interface Acknowledged {
  readonly key: string;
  readonly value: string;
  /** Ms of the wall clock; not before the answer was here. */
  readonly at: number;
}

export class TimedWriters {
  readonly acknowledged: Acknowledged[] = [];
  readonly #running: Promise<void>[];
  #stopping = false;

  constructor(nodes: readonly NodeProcess[], prng: Prng, count: number) {
    this.#running = Array.from({ length: count }, (_, i) => this.#write(nodes, prng.fork(), i));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#running);
  }

  /** What was acknowledged up to a moment. */
  upTo(ms: number): ReadonlyMap<string, string> {
    const before = this.acknowledged.filter(({ at }) => at <= ms);
    return new Map(before.map(({ key, value }) => [key, value]));
  }

  async #write(nodes: readonly NodeProcess[], prng: Prng, writer: number): Promise<void> {
    for (let n = 0; !this.#stopping; n += 1) {
      const key = `w${writer}/${n}`;
      // Of all sizes, so that batches end anywhere in a sector.
      const value = `${key} `.padEnd(prng.between(10, prng.chance(0.1) ? 20_000 : 1000), 'x');
      const { url } = prng.pick(nodes);
      const ask = { type: 'put', key, value, condition: null } as const;
      const how = { url, timeoutMs: 2000, patienceMs: 2500, idempotencyKey: null };
      const outcome = await attempt(ask, how);
      // The clock counts whole milliseconds: the answer came within this one.
      if (outcome.type === 'ok') this.acknowledged.push({ key, value, at: Date.now() + 1 });
      else await Bun.sleep(20);
    }
  }
}
