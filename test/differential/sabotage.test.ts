/** That mistakes are found: one is planted in a state machine, which poses as abcd or as etcd. */
import { describe, expect, test } from 'bun:test';
import { OF_ETCD, OF_HTTP } from './differences.ts';
import type { Answer } from './support/answer.ts';
import { campaign } from './support/campaign.ts';
import { MachineSystem } from './support/machine-system.ts';
import { type Sabotage, Saboteur, twistGet, twistGets } from './support/saboteur.ts';

const SABOTAGES: Readonly<Record<string, Sabotage>> = {
  'a put does not tell the pair before': {
    answer: (answer) => (answer.type === 'put' ? { ...answer, prev: null } : answer),
  },
  'a limit is one too high': {
    ask: (op) => twistGet(op, (get) => (get.limit ? { ...get, limit: get.limit + 1 } : get)),
  },
  'it is not said that there is more': {
    answer: (answer) => twistGets(answer, (get) => ({ ...get, more: false })),
  },
  'the count is of what is shown': {
    answer: (answer) => twistGets(answer, (get) => ({ ...get, count: get.kvs.length })),
  },
  'values are shown where they were not asked for': {
    ask: (op) => twistGet(op, (get) => without(get, 'keysOnly')),
  },
  'a filter is forgotten': {
    ask: (op) => twistGet(op, (get) => without(get, 'maxCreateRevision')),
  },
  'the order is forgotten': { ask: (op) => twistGet(op, (get) => without(get, 'order')) },
  'a range has its end': {
    ask: (op) =>
      op.type === 'delete' && op.end !== undefined && op.end !== ''
        ? { ...op, end: `${op.end}\0` as typeof op.end }
        : op,
  },
  'the past is one revision too late': {
    ask: (op) =>
      twistGet(op, (get) => (get.revision ? { ...get, revision: get.revision + 1 } : get)),
  },
  'a forgotten revision counts as one to come': {
    answer: (answer) => refusal(answer, 'compacted', 'future-revision'),
  },
  'a lost lease counts as a lost key': {
    answer: (answer, { type }) =>
      type === 'lease-revoke' ? refusal(answer, 'lease-not-found', 'key-not-found') : answer,
  },
  'less is less or equal': {
    ask: (op) =>
      op.type === 'txn'
        ? {
            ...op,
            compare: op.compare.map((one) =>
              one.op === '<' && one.target === 'version' ? { ...one, value: one.value + 1 } : one,
            ),
          }
        : op,
  },
  'a compare of a range looks at its first key': {
    ask: (op) =>
      op.type === 'txn'
        ? { ...op, compare: op.compare.map((one) => without(without(one, 'end'), 'open')) }
        : op,
  },
  'compares do not count': {
    ask: (op) => (op.type === 'txn' ? { ...op, compare: [] } : op),
  },
  'a transaction does only one thing': {
    ask: (op) => (op.type === 'txn' ? { ...op, success: op.success.slice(0, 1) } : op),
  },
  'a key is not attached to its lease': {
    ask: (op) => (op.type === 'put' ? without(op, 'lease') : op),
  },
  'a lease is not revoked': {
    ask: (op) => (op.type === 'lease-revoke' ? { type: 'lease-get', id: op.id } : op),
    answer: (answer, op) =>
      op.type === 'lease-revoke' && answer.type === 'lease-get'
        ? { type: 'lease-revoke', revision: 0 }
        : answer,
  },
  'a compaction forgets nothing': {
    ask: (op) => (op.type === 'compact' ? { type: 'lease-list' } : op),
    answer: (answer, op) => (op.type === 'compact' ? { type: 'compact' } : answer),
  },
  'a watch loses an event': { events: (events) => events.filter((_, i) => i !== 3) },
  'a watch tells an event twice': {
    events: (events) => events.flatMap((event, i) => (i === 2 ? [event, event] : [event])),
  },
  'a watch tells a revision backwards': {
    events: (events) =>
      events.toSorted((a, b) => a.pair.modRevision - b.pair.modRevision || compare(b, a)),
  },
  'a watch does not tell the pair before': {
    events: (events) => events.map((event) => ({ ...event, prev: null })),
  },
  'a watch begins one revision too late': {
    watch: (watch) => (watch.from ? { ...watch, from: watch.from + 1 } : watch),
  },
  'a watch tells of everything': { watch: (watch) => without(watch, 'only') },
};

describe.each([
  ['abcd', OF_HTTP],
  ['etcd', OF_ETCD],
] as const)('as %s, it is found that', (_who, differences) => {
  test('nothing is wrong', async () => {
    const honest = new Saboteur(new MachineSystem(), {}, differences);
    expect((await campaign({ ...FEW, seeds: [1] }, [honest])).events).toBeGreaterThan(20);
  });

  test.each(Object.entries(SABOTAGES))('%s', async (_what, sabotage) => {
    const saboteur = new Saboteur(new MachineSystem(), sabotage, differences);
    const found = await campaign(FEW, [saboteur]).catch((error: unknown) => error);
    expect(found).toBeInstanceOf(Error);
    expect(String(found)).toMatch(/^Error: seed \d+, 250 operations\. First: saboteur, /);
  });
});

const FEW = { seeds: [1, 2, 3, 4, 5, 6], length: 250, patienceMs: 0 };

test('what was found is made short, and told with both answers', async () => {
  const sabotage = SABOTAGES['it is not said that there is more'] ?? {};
  const saboteur = new Saboteur(new MachineSystem(), sabotage);
  let report = '';
  await campaign({ ...FEW, patienceMs: 4000 }, [saboteur]).catch((error: unknown) => {
    report = String(error);
  });
  const [first = '', count = '', ...rest] = report.split('\n');
  expect(first).toMatch(/operation \d+: \{/);
  // Three keys, and to ask for two.
  expect(count).toBe('shrunk to 4:');
  expect(rest.map((line) => line.trim().slice(0, 20))).toEqual([
    '0: {"type":"put","ke',
    '1: {"type":"put","ke',
    '2: {"type":"put","ke',
    '3: {"type":"get","ke',
    'saboteur, operation ',
    'expected: {"type":"g',
    'actual:   {"type":"g',
  ]);
  expect(rest[3]).toContain('"limit":2');
  expect(rest[5]).toEndWith('"more":true}');
  expect(rest[6]).toEndWith('"more":false}');
});

function without<T extends object, K extends string>(from: T, name: K): T {
  return Object.fromEntries(Object.entries(from).filter(([key]) => key !== name)) as T;
}

function refusal(answer: Answer, from: string, to: 'future-revision' | 'key-not-found'): Answer {
  return answer.type === 'failed' && answer.kind === from ? { type: 'failed', kind: to } : answer;
}

function compare(a: { pair: { key: string } }, b: { pair: { key: string } }): number {
  if (a.pair.key === b.pair.key) return 0;
  return a.pair.key < b.pair.key ? -1 : 1;
}
