/**
 * THE WRITE GAP: for how long no write is acknowledged when something happens to the leader, as a
 * client outside sees it that writes a new value every 10 ms and tries one node after another.
 */
import type { Prng } from '../../../src/lib/prng.ts';
import type { NodeProcess } from '../node-process.ts';
import { until } from '../poll.ts';
import { attempt } from './http-call.ts';
import type { Trial } from './scenario.ts';

const EVERY_MS = 10;
/** Writes that wait at the same time; beyond it no new one is begun. */
const OPEN_MAX = 8;
const TIMEOUT_MS = 400;
const RETRY_MS = 10;

export class GapClient {
  /** Value by key of what was acknowledged. */
  readonly acknowledged = new Map<string, string>();
  /** When, in order. */
  readonly #times: number[] = [];
  readonly #nodes: readonly NodeProcess[];
  readonly #prng: Prng;
  readonly #running: Promise<void>;
  #open = 0;
  #stopping = false;

  constructor(nodes: readonly NodeProcess[], prng: Prng) {
    this.#nodes = nodes;
    this.#prng = prng;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    await until('open writes end', () => this.#open === 0);
  }

  /** Waits until writes are acknowledged at a steady pace, all of it after a moment. */
  async steadySince(moment: number): Promise<void> {
    await until(
      'writes go on',
      () => {
        const [before, last] = [this.#times.at(-10) ?? 0, this.#times.at(-1) ?? 0];
        return before > moment && last - before < 30 * EVERY_MS;
      },
      60_000,
    );
  }

  /** The longest time without an acknowledgement that ends after a moment and before now. */
  gapSince(moment: number): number {
    const first = this.#times.findIndex((time) => time > moment);
    const times = this.#times.slice(Math.max(0, first - 1));
    return Math.max(...times.slice(1).map((time, i) => time - (times[i] ?? 0)));
  }

  async #run(): Promise<void> {
    for (let n = 0; !this.#stopping; n += 1) {
      if (this.#open < OPEN_MAX) void this.#write(`gap/${n}`, `value ${n}`);
      await Bun.sleep(EVERY_MS);
    }
  }

  async #write(key: string, value: string): Promise<void> {
    this.#open += 1;
    const ask = { type: 'put', key, value, condition: null } as const;
    const first = this.#prng.between(0, this.#nodes.length);
    for (let turn = first; !this.#stopping; turn += 1) {
      const url = this.#nodes[turn % this.#nodes.length]?.url ?? '';
      const how = { url, timeoutMs: TIMEOUT_MS, patienceMs: TIMEOUT_MS + 100 };
      const outcome = await attempt(ask, { ...how, idempotencyKey: null });
      if (outcome.type === 'ok') {
        this.acknowledged.set(key, value);
        this.#times.push(performance.now());
        break;
      }
      await Bun.sleep(RETRY_MS);
    }
    this.#open -= 1;
  }
}

const BUCKET_MS = 50;
const BAR_WIDTH = 50;

/** For tables: the percentiles of a kind of gap, in whole ms. */
export function countGaps(trial: Trial, what: string, gaps: readonly number[]): void {
  const sorted = gaps.toSorted((a, b) => a - b);
  for (const p of [50, 90, 99, 100]) {
    const name = p === 100 ? 'max' : `p${p}`;
    trial.count(`ms without writes, ${what}, ${name}`, Math.round(percentile(sorted, p)));
  }
}

/** Percentiles in one line, and a bar for every 50 ms. */
export function histogram(what: string, gaps: readonly number[]): string {
  const sorted = gaps.toSorted((a, b) => a - b);
  const buckets = new Map<number, number>();
  for (const gap of sorted) {
    const from = Math.floor(gap / BUCKET_MS) * BUCKET_MS;
    buckets.set(from, (buckets.get(from) ?? 0) + 1);
  }
  const highest = Math.max(1, ...buckets.values());
  const rows = [...buckets].map(([from, count]) => {
    const bar = '#'.repeat(Math.ceil((count / highest) * BAR_WIDTH));
    return `${String(from).padStart(6)} ms ${String(count).padStart(5)} ${bar}`;
  });
  return [`${what}: ${percentiles(sorted)}`, ...rows].join('\n');
}

/** The nearest rank: of a hundred values p99 is the 99th. */
export function percentile(sorted: readonly number[], p: number): number {
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? 0;
}

function percentiles(sorted: readonly number[]): string {
  const at = (p: number): string => `${Math.round(percentile(sorted, p))} ms`;
  return `${sorted.length} times, p50 ${at(50)}, p90 ${at(90)}, p99 ${at(99)}, max ${at(100)}`;
}
