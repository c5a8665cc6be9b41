/**
 * CLIENTS that are written down: some at a time, through every node, each with one call under way.
 * Keys come in groups of two, and a group is left for a new one after some calls, so that the
 * search for an order of its calls stays short.
 */
import type { Prng } from '../../../src/lib/prng.ts';
import type { Ask, Call, Condition, Get, Outcome, Put } from '../linearizability/call.ts';
import { attempt } from './http-call.ts';

const GROUPS_AT_A_TIME = 4;
const CALLS_OF_A_GROUP = 120;
const ATTEMPTS = 6;
const TIMEOUTS_MS = [300, 1000, 3000];

export interface ClientOptions {
  /** Where the nodes are now; members may come and go. */
  readonly urls: () => readonly string[];
  readonly prng: Prng;
  readonly count?: number;
  /** The longest pause of a client between two calls. */
  readonly pauseMs?: number;
}

interface Group {
  readonly name: string;
  calls: number;
}

export class Clients {
  readonly calls: Call[] = [];
  readonly #urls: () => readonly string[];
  readonly #pauseMs: number;
  readonly #clients: number;
  readonly #running: Promise<void>[];
  readonly #groups: Group[] = [];
  /** Calls under way at each node. */
  readonly #open = new Map<string, number>();
  /** What was last seen of a key, for conditions that have a chance. */
  readonly #revisions = new Map<string, number>();
  #opened = 0;
  #values = 0;
  #stopping = false;

  constructor({ urls, prng, count = 8, pauseMs = 24 }: ClientOptions) {
    this.#urls = urls;
    this.#pauseMs = pauseMs;
    for (let i = 0; i < GROUPS_AT_A_TIME; i += 1) this.#groups.push(this.#openGroup());
    this.#clients = count;
    this.#running = Array.from({ length: count }, (_, i) => this.#client(i, prng.fork()));
  }

  /** Writes and reads that were answered. */
  get acknowledged(): number {
    return this.calls.filter(({ outcome }) => outcome.type === 'ok').length;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#running);
  }

  async #client(client: number, prng: Prng): Promise<void> {
    while (!this.#stopping) {
      const group = this.#groupFor(prng);
      const ask = this.#draw(group.name, prng);
      const invokedAt = performance.now();
      const { outcome, node } = await this.#call(ask, prng);
      const returnedAt = performance.now();
      this.calls.push({ client, group: group.name, ask, invokedAt, returnedAt, outcome, node });
      this.#learn(ask, outcome);
      await Bun.sleep(outcome.type === 'ok' ? prng.unit() * this.#pauseMs : 20);
    }
  }

  /** Some writes have a name, and are sent again through other nodes until there is an answer. */
  async #call(ask: Ask, prng: Prng): Promise<{ outcome: Outcome; node: string }> {
    const isNamed = ask.type !== 'get' && ask.type !== 'range' && prng.chance(0.4);
    const idempotencyKey = isNamed ? `${prng.uint32().toString(36)}-${this.#values}` : null;
    let mayHaveEffect = false;
    for (let attempts = 1; ; attempts += 1) {
      const url = this.#nodeFor(prng);
      const timeoutMs = prng.pick(TIMEOUTS_MS);
      const isHasty = prng.chance(isNamed && attempts === 1 ? 0.2 : 0.02);
      const patienceMs = isHasty ? prng.between(1, 20) : timeoutMs + 500;
      this.#open.set(url, (this.#open.get(url) ?? 0) + 1);
      const outcome = await attempt(ask, { url, timeoutMs, patienceMs, idempotencyKey });
      this.#open.set(url, (this.#open.get(url) ?? 0) - 1);
      if (outcome.type === 'unknown') mayHaveEffect = true;
      const isLast = !isNamed || attempts === ATTEMPTS || this.#stopping;
      if (outcome.type === 'ok') return { outcome, node: url };
      if (isLast) {
        const isOpen = mayHaveEffect && outcome.type === 'no';
        return { outcome: isOpen ? { type: 'unknown', code: outcome.code } : outcome, node: url };
      }
      await Bun.sleep(prng.between(1, 100));
    }
  }

  /**
   * Any node, but not all clients wait for the same: the others go on, and what a node that stood
   * still says when it wakes is held against what they have seen meanwhile.
   */
  #nodeFor(prng: Prng): string {
    const urls = this.#urls();
    const share = Math.ceil(this.#clients / urls.length);
    const free = urls.filter((url) => (this.#open.get(url) ?? 0) < share);
    return prng.pick(free.length === 0 ? urls : free);
  }

  #draw(group: string, prng: Prng): Ask {
    const keys = [`${group}/a`, `${group}/b`];
    const key = prng.pick(keys);
    const what = prng.unit();
    if (what < 0.25) return { type: 'get', key };
    if (what < 0.35) return { type: 'range', prefix: `${group}/` };
    const condition = this.#condition(key, prng);
    if (what < 0.45) return { type: 'delete', key, condition };
    if (what < 0.8) return { type: 'put', key, value: this.#value(), condition };
    const revision = this.#revisions.get(key) ?? 0;
    const value = this.#value();
    return {
      type: 'txn',
      compare: prng.chance(0.8) ? [{ key, revision }] : [],
      success: keys.map((one, i): Put => {
        return { type: 'put', key: one, value: `${value}/${i}`, condition: null };
      }),
      failure: keys.map((one): Get => ({ type: 'get', key: one })),
    };
  }

  #condition(key: string, prng: Prng): Condition | null {
    const revision = this.#revisions.get(key) ?? 0;
    if (prng.chance(0.5)) return null;
    return revision === 0 || prng.chance(0.1) ? { type: 'absent' } : { type: 'revision', revision };
  }

  #learn(ask: Ask, outcome: Outcome): void {
    if (outcome.type !== 'ok') return;
    const { answer } = outcome;
    if (answer.type === 'put' && ask.type === 'put') this.#revisions.set(ask.key, answer.revision);
    if (answer.type === 'delete' && ask.type === 'delete') this.#revisions.set(ask.key, 0);
    if (answer.type === 'get' && ask.type === 'get') {
      this.#revisions.set(ask.key, answer.pair?.modRevision ?? 0);
    }
    if (answer.type !== 'txn' || ask.type !== 'txn') return;
    for (const [i, { key }] of ask.success.entries()) {
      const revision = answer.succeeded ? answer.revision : (answer.read[i]?.modRevision ?? 0);
      this.#revisions.set(key, revision);
    }
  }

  #groupFor(prng: Prng): Group {
    const at = prng.between(0, this.#groups.length);
    let group = this.#groups[at];
    if (group === undefined || group.calls >= CALLS_OF_A_GROUP) {
      group = this.#openGroup();
      this.#groups[at] = group;
    }
    group.calls += 1;
    return group;
  }

  #openGroup(): Group {
    this.#opened += 1;
    return { name: `g${this.#opened}`, calls: 0 };
  }

  #value(): string {
    this.#values += 1;
    return `v${this.#values}`;
  }
}
