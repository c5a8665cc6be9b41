/**
 * Histories that are right, drawn by chance: calls that overlap take effect in some order, each at
 * a moment of its own, and some never learn it. What checkers must accept, and, with one thing
 * changed, refuse.
 */
import type { Prng } from '../../../src/lib/prng.ts';
import type { Answer, Ask, Call, Pair } from './call.ts';
import { type Change, type Event, FIRST_REVISION } from './changes.ts';

const KEYS = ['g/a', 'g/b'];

export interface History {
  readonly calls: Call[];
  readonly changes: Change[];
}

export class HonestStore {
  readonly pairs = new Map<string, Pair>();
  readonly changes: Change[] = [];
  #revision = FIRST_REVISION - 1;

  carryOut(ask: Ask): Answer {
    switch (ask.type) {
      case 'put':
      case 'delete':
        return this.#write(ask);
      case 'get':
        return { type: 'get', pair: this.#pair(ask.key), revision: this.#revision };
      case 'range': {
        const pairs = [...this.pairs.values()].filter(({ key }) => key.startsWith(ask.prefix));
        return { type: 'range', pairs, revision: this.#revision };
      }
      case 'txn':
        return this.#txn(ask);
    }
  }

  #write(ask: Extract<Ask, { type: 'put' | 'delete' }>): Answer {
    const before = this.#pair(ask.key);
    const { condition } = ask;
    const wanted = condition?.type === 'revision' ? condition.revision : 0;
    if (condition !== null && (before?.modRevision ?? 0) !== wanted) {
      return { type: 'condition-failed', revision: this.#revision };
    }
    if (ask.type === 'put') {
      this.#change([this.#put(ask.key, ask.value)]);
      return { type: 'put', created: before === null, revision: this.#revision };
    }
    if (before === null) return { type: 'delete', deleted: 0, revision: this.#revision };
    this.pairs.delete(ask.key);
    const modRevision = this.#revision + 1;
    const gone = { key: ask.key, value: '', createRevision: 0, modRevision, version: 0 };
    this.#change([{ type: 'delete', ...gone }]);
    return { type: 'delete', deleted: 1, revision: this.#revision };
  }

  #txn(ask: Extract<Ask, { type: 'txn' }>): Answer {
    const succeeded = ask.compare.every(
      ({ key, revision }) => (this.#pair(key)?.modRevision ?? 0) === revision,
    );
    if (succeeded) this.#change(ask.success.map(({ key, value }) => this.#put(key, value)));
    const read = succeeded ? [] : ask.failure.map(({ key }) => this.#pair(key));
    return { type: 'txn', succeeded, read, revision: this.#revision };
  }

  #put(key: string, value: string): Event {
    const before = this.#pair(key);
    const modRevision = this.#revision + 1;
    const createRevision = before?.createRevision ?? modRevision;
    const pair = { key, value, createRevision, modRevision, version: (before?.version ?? 0) + 1 };
    this.pairs.set(key, pair);
    return { type: 'put', ...pair };
  }

  #change(events: readonly Event[]): void {
    this.#revision += 1;
    this.changes.push({ revision: this.#revision, events });
  }

  #pair(key: string): Pair | null {
    return this.pairs.get(key) ?? null;
  }
}

/** Calls on one group of two keys by some clients at a time. */
export function honestHistory(prng: Prng, count: number, clients = 4): History {
  const store = new HonestStore();
  const calls: Call[] = [];
  const free = Array.from({ length: clients }, () => 0);
  for (let i = 0; i < count; i += 1) {
    // Effects happen at the whole numbers; a call begins and ends somewhere around its own.
    const at = i + 1;
    const client = free.findIndex((since) => since < at);
    if (client === -1) continue;
    const ask = drawAsk(prng, store, `v${i}`);
    const invokedAt = Math.max(free[client] ?? 0, at - prng.unit() * clients) + 0.001;
    const returnedAt = at + prng.unit() * clients;
    free[client] = returnedAt;
    const call = { client, group: 'g', ask, invokedAt, returnedAt, node: 'n1' };
    if (prng.chance(0.05)) {
      calls.push({ ...call, outcome: { type: 'no', code: 'no-leader' } });
    } else if (prng.chance(0.1)) {
      if (prng.chance(0.5)) store.carryOut(ask);
      calls.push({ ...call, outcome: { type: 'unknown', code: 'timeout' } });
    } else {
      calls.push({ ...call, outcome: { type: 'ok', answer: store.carryOut(ask) } });
    }
  }
  return { calls, changes: store.changes };
}

function drawAsk(prng: Prng, store: HonestStore, value: string): Ask {
  const key = prng.pick(KEYS);
  const revision = store.pairs.get(key)?.modRevision ?? 1;
  const condition = prng.pick([
    null,
    { type: 'absent' } as const,
    { type: 'revision', revision } as const,
  ]);
  switch (prng.between(0, 7)) {
    case 0:
    case 1:
      return { type: 'put', key, value, condition };
    case 2:
      return { type: 'delete', key, condition: null };
    case 3:
    case 4:
      return { type: 'get', key };
    case 5:
      return { type: 'range', prefix: 'g/' };
    default:
      return {
        type: 'txn',
        compare: [{ key, revision: prng.chance(0.8) ? revision : 0 }],
        success: KEYS.map((one, n) => {
          return { type: 'put', key: one, value: `${value}/${n}`, condition: null };
        }),
        failure: KEYS.map((one) => ({ type: 'get', key: one })),
      };
  }
}
