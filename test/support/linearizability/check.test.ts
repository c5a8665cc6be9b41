import { describe, expect, test } from 'bun:test';
import { Prng } from '../../../src/lib/prng.ts';
import type { Answer, Ask, Call, Condition, Outcome, Pair } from './call.ts';
import type { Change } from './changes.ts';
import { checkHistory } from './check.ts';
import { HonestStore, honestHistory } from './honest-store.ts';
import { search } from './search.ts';

const KEY = 'g/a';
const SEARCH_MS = 5000;

function call(from: number, to: number, ask: Ask, outcome: Outcome | Answer): Call {
  const isOutcome = ['ok', 'no', 'unknown'].includes(outcome.type);
  const told = (isOutcome ? outcome : { type: 'ok', answer: outcome }) as Outcome;
  const common = { client: 1, group: 'g', node: 'n1' };
  return { ...common, ask, outcome: told, invokedAt: from, returnedAt: to };
}

function put(value: string, condition: Condition | null = null): Ask {
  return { type: 'put', key: KEY, value, condition };
}

const GET: Ask = { type: 'get', key: KEY };
const DELETE: Ask = { type: 'delete', key: KEY, condition: null };
const UNKNOWN: Outcome = { type: 'unknown', code: 'timeout' };

function wrote(revision: number, created = false): Answer {
  return { type: 'put', created, revision };
}

function pair(value: string, modRevision: number, version: number, createRevision = 2): Pair {
  return { key: KEY, value, createRevision, modRevision, version };
}

function saw(one: Pair | null, revision = one?.modRevision ?? 1): Answer {
  return { type: 'get', pair: one, revision };
}

/** The changes that puts of these values make, one after another. */
function changesOf(...values: string[]): Change[] {
  const store = new HonestStore();
  for (const value of values) store.carryOut(put(value));
  return store.changes;
}

function orderOf(...calls: Call[]): string {
  return search(calls, SEARCH_MS).type;
}

describe('what is right is accepted', () => {
  test.each([
    ['a read during a write sees it', call(0, 9, put('1'), wrote(2, true)), saw(pair('1', 2, 1))],
    ['a read during a write does not', call(0, 9, put('1'), wrote(2, true)), saw(null)],
    ['a write without an answer is seen', call(0, 1, put('1'), UNKNOWN), saw(pair('1', 2, 1))],
    ['a write without an answer is not seen', call(0, 1, put('1'), UNKNOWN), saw(null)],
    [
      'a write without an answer takes effect late',
      call(0, 1, put('1'), UNKNOWN),
      saw(pair('1', 7, 1, 7)),
    ],
  ])('%s', (_what, write, seen) => {
    expect(orderOf(write, call(2, 3, GET, seen))).toBe('linearizable');
  });

  test('histories of an honest store, with and without the changes as a witness', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const { calls, changes } = honestHistory(new Prng(seed), 60);
      expect(checkHistory(calls, changes, SEARCH_MS).problems, `seed ${seed}`).toEqual([]);
      expect(search(calls, SEARCH_MS).type, `seed ${seed}`).toBe('linearizable');
    }
  });
});

describe('a violation is found', () => {
  const first = call(0, 1, put('1'), wrote(2, true));
  const second = call(2, 3, put('2'), wrote(3));

  test.each<[string, ...Call[]]>([
    ['lost write: absent after it', first, call(2, 3, GET, saw(null, 2))],
    ['stale read', first, second, call(4, 5, GET, saw(pair('1', 2, 1), 3))],
    [
      'stale read of a node that lags: its revision is old too',
      first,
      second,
      call(4, 5, GET, saw(pair('1', 2, 1))),
    ],
    [
      'reads that go back',
      call(0, 9, put('1'), wrote(2, true)),
      call(1, 2, GET, saw(pair('1', 2, 1))),
      call(3, 4, GET, saw(null)),
    ],
    [
      'dirty read: of a write that was refused',
      call(0, 1, put('1'), { type: 'no', code: 'no-leader' }),
      call(2, 3, GET, saw(pair('1', 2, 1))),
    ],
    [
      'read of a value before it is written',
      call(0, 1, GET, saw(pair('1', 2, 1))),
      { ...first, invokedAt: 2, returnedAt: 3 },
    ],
    ['double effect: the version says so', first, call(2, 3, GET, saw(pair('1', 3, 2)))],
    [
      'wrong refusal: the condition holds',
      first,
      call(2, 3, put('2', { type: 'revision', revision: 2 }), {
        type: 'condition-failed',
        revision: 2,
      }),
    ],
    [
      'wrong success: the condition does not hold',
      first,
      second,
      call(4, 5, put('3', { type: 'revision', revision: 2 }), wrote(4)),
    ],
    ['created twice', first, call(2, 3, put('2', { type: 'absent' }), wrote(3, true))],
    ['not created, though it was', call(0, 1, put('1'), wrote(2, false))],
    ['two writes of one revision', first, call(2, 3, put('2'), wrote(2))],
    [
      'deleted twice',
      first,
      call(2, 3, DELETE, { type: 'delete', deleted: 1, revision: 3 }),
      call(4, 5, DELETE, { type: 'delete', deleted: 1, revision: 4 }),
    ],
    [
      'a deletion that undoes itself',
      first,
      call(2, 3, DELETE, { type: 'delete', deleted: 1, revision: 3 }),
      call(4, 5, GET, saw(pair('1', 2, 1), 3)),
    ],
    [
      'half of a transaction is seen',
      call(
        0,
        1,
        {
          type: 'txn',
          compare: [],
          success: [
            { type: 'put', key: KEY, value: '1', condition: null },
            { type: 'put', key: 'g/b', value: '2', condition: null },
          ],
          failure: [],
        },
        { type: 'txn', succeeded: true, read: [], revision: 2 },
      ),
      call(
        2,
        3,
        { type: 'range', prefix: 'g/' },
        { type: 'range', pairs: [pair('1', 2, 1)], revision: 2 },
      ),
    ],
    [
      'a write whose outcome is unknown comes and goes',
      call(0, 1, put('1'), UNKNOWN),
      call(2, 3, GET, saw(pair('1', 2, 1))),
      call(4, 5, GET, saw(null, 2)),
    ],
  ])('%s', (_what, ...calls) => {
    expect(orderOf(...calls)).toBe('violation');
  });

  test('no order found in time is said, and is a problem', () => {
    const { calls, changes } = honestHistory(new Prng(1), 2000);
    let time = 0;
    const verdict = search(calls, 10, () => (time += 100));
    expect(verdict).toEqual({ type: 'out-of-time' });
    expect(checkHistory(calls, changes, -1).problems).toEqual([
      expect.stringContaining('no order of'),
    ]);
  });

  test('what could not follow is shown', () => {
    const report = search([first, call(2, 3, GET, saw(null, 2))], SEARCH_MS);
    expect(report).toMatchObject({ type: 'violation' });
    expect(JSON.stringify(report)).toContain('none of these can follow');
  });
});

describe('the changes are a second witness', () => {
  const first = call(0, 1, put('1'), wrote(2, true));

  test.each<[string, RegExp, Call[], Change[]]>([
    ['an acknowledged write is lost', /acknowledged, but revision 2/, [first], []],
    [
      'an acknowledged write is another one',
      /acknowledged, but revision 2/,
      [first, call(0, 9, put('2'), UNKNOWN)],
      changesOf('2'),
    ],
    [
      'a refused write took effect',
      /refused, and found in revision 2/,
      [call(0, 1, put('1'), { type: 'no', code: 'leader-changed' })],
      changesOf('1'),
    ],
    [
      'a write whose condition failed took effect',
      /refused, and found in revision 2/,
      [call(0, 1, put('1', { type: 'absent' }), { type: 'condition-failed', revision: 1 })],
      changesOf('1'),
    ],
    ['a write took effect twice', /double effect/, [first], changesOf('1', '1')],
    ['a write that nobody asked for', /nobody asked/, [first], changesOf('1', '2')],
    [
      'an unknown write took effect before it was asked for',
      /not linearizable/,
      [call(2, 3, put('1'), UNKNOWN), call(0, 1, GET, saw(pair('1', 2, 1)))],
      changesOf('1'),
    ],
    ['a revision is missing', /followed by 3/, [first], changesOf('1', '2').slice(1)],
  ])('%s', (_what, problem, calls, changes) => {
    expect(checkHistory(calls, changes).problems.join('\n')).toMatch(problem);
  });

  test('a deletion that nobody asked for', () => {
    const store = new HonestStore();
    store.carryOut(put('1'));
    store.carryOut(DELETE);
    const { problems } = checkHistory([first], store.changes);
    expect(problems.join('\n')).toMatch(/nobody asked/);
    const asked = checkHistory([first, call(0, 3, DELETE, UNKNOWN)], store.changes);
    expect(asked.problems).toEqual([]);
  });

  test('real time holds across groups', () => {
    const store = new HonestStore();
    store.carryOut({ type: 'put', key: 'h/a', value: '2', condition: null });
    store.carryOut(put('1'));
    const earlier = call(0, 1, put('1'), wrote(3, true));
    const other: Ask = { type: 'put', key: 'h/a', value: '2', condition: null };
    const later = { ...call(2, 3, other, wrote(2, true)), group: 'h' };
    const { problems } = checkHistory([earlier, later], store.changes);
    expect(problems).toHaveLength(1);
    expect(problems.join('\n')).toMatch(/came after/);
  });
});

describe('right histories with one thing changed', () => {
  /** Changes the n-th call that can be changed so; null when there is none. */
  type Sabotage = (call: Call) => Call | null;
  const answerOf = ({ outcome }: Call): Answer | null =>
    outcome.type === 'ok' ? outcome.answer : null;
  const sabotages: [string, Sabotage][] = [
    [
      'a read of a key is told to be absent',
      (one) => {
        const answer = answerOf(one);
        if (answer?.type !== 'get' || answer.pair === null) return null;
        return { ...one, outcome: { type: 'ok', answer: { ...answer, pair: null } } };
      },
    ],
    [
      'a version is one too high',
      (one) => {
        const answer = answerOf(one);
        if (answer?.type !== 'get' || answer.pair === null) return null;
        const wrong = { ...answer.pair, version: answer.pair.version + 1 };
        return { ...one, outcome: { type: 'ok', answer: { ...answer, pair: wrong } } };
      },
    ],
    [
      'a write is told to be refused',
      (one) => {
        if (one.ask.type !== 'put' || answerOf(one)?.type !== 'put') return null;
        return { ...one, outcome: { type: 'no', code: 'no-leader' } };
      },
    ],
    [
      'a transaction is told to have succeeded',
      (one) => {
        const answer = answerOf(one);
        if (answer?.type !== 'txn' || answer.succeeded) return null;
        return { ...one, outcome: { type: 'ok', answer: { ...answer, succeeded: true } } };
      },
    ],
    [
      'a write is told a revision of another',
      (one) => {
        const answer = answerOf(one);
        if (answer?.type !== 'put' || answer.revision < 4) return null;
        return {
          ...one,
          outcome: { type: 'ok', answer: { ...answer, revision: answer.revision - 1 } },
        };
      },
    ],
  ];

  test.each(sabotages)('%s', (_what, sabotage) => {
    let changed = 0;
    for (let seed = 1; seed <= 30; seed += 1) {
      const { calls, changes } = honestHistory(new Prng(seed), 60);
      for (const [i, one] of calls.entries()) {
        const wrong = sabotage(one);
        if (wrong === null) continue;
        changed += 1;
        const { problems } = checkHistory(calls.with(i, wrong), changes, SEARCH_MS);
        expect(problems.length, `seed ${seed}, call ${i}`).toBeGreaterThan(0);
      }
    }
    expect(changed).toBeGreaterThan(20);
  });
});
