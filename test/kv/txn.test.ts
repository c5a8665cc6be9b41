import { describe, expect, test } from 'bun:test';
import type { Compare, TxnOp } from '../../src/kv/command.ts';
import {
  b,
  compact,
  compare,
  del,
  delOp,
  getOp,
  grant,
  id,
  pair,
  put,
  putOp,
  stone,
  txn,
  txnOp,
} from './support/commands.ts';
import { Rig } from './support/rig.ts';

/** a=1 at 2, attached to lease 7, again at 3; b=2 at 4. */
function filled(): Rig {
  const rig = new Rig();
  rig.apply(grant('7'), grant('10'), put('a', '0'), put('a', '1', { lease: id('7') }));
  rig.apply(put('b', '2'));
  return rig;
}

const A = pair('a', '1', [2, 3, 2], '7');
const B = pair('b', '2', [4, 4, 1]);

describe('compares', () => {
  const all = { end: b('c') };
  test.each<[boolean, Compare]>([
    [true, compare('a', 'value', '=', '1')],
    [false, compare('a', 'value', '=', '2')],
    [true, compare('a', 'value', '!=', '10')],
    [true, compare('a', 'value', '<', '10')],
    [true, compare('a', 'value', '>', '')],
    [false, compare('a', 'value', '>', '1')],
    [true, compare('a', 'version', '=', 2)],
    [true, compare('a', 'version', '>', 1)],
    [false, compare('a', 'version', '<', 2)],
    [true, compare('a', 'create', '=', 2)],
    [false, compare('a', 'create', '!=', 2)],
    [true, compare('a', 'mod', '=', 3)],
    [true, compare('a', 'mod', '<', 4)],
    [true, compare('a', 'lease', '=', '7')],
    // As numbers, not as texts.
    [true, compare('a', 'lease', '<', '10')],
    [false, compare('a', 'lease', '>', '10')],
    [true, compare('b', 'lease', '=', '0')],
    [true, compare('b', 'lease', '<', '1')],
    // A key that does not exist has the number 0 of everything, but no value.
    [true, compare('x', 'version', '=', 0)],
    [true, compare('x', 'create', '<', 1)],
    [true, compare('x', 'mod', '=', 0)],
    [true, compare('x', 'lease', '=', '0')],
    [false, compare('x', 'lease', '!=', '0')],
    [false, compare('x', 'value', '=', '')],
    [false, compare('x', 'value', '!=', '1')],
    // All keys of a range must satisfy it.
    [true, compare('a', 'mod', '>', 2, all)],
    [false, compare('a', 'mod', '>', 3, all)],
    [true, compare('a', 'value', '!=', '3', all)],
    [true, compare('a', 'version', '<', 3, { open: true })],
    [false, compare('a', 'version', '=', 2, { open: true })],
    [true, compare('x', 'mod', '=', 0, { open: true })],
    [false, compare('x', 'value', '!=', '1', { open: true })],
    [false, compare('b', 'mod', '>', 0, { end: b('a') })],
  ])('%p: %p', (succeeded, one) => {
    const result = filled().apply(txn([], { compare: [one] }));
    expect(result).toEqual({ type: 'txn', revision: 4, succeeded, results: [] });
  });

  test('all of them must hold, and none is none', () => {
    const [yes, no] = [compare('a', 'version', '=', 2), compare('a', 'version', '=', 1)];
    const succeeded = [[], [yes], [yes, yes], [yes, no], [no, yes]].map((compares) =>
      filled().apply(txn([], { compare: compares })),
    );
    expect(succeeded.map((result) => result.type === 'txn' && result.succeeded)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('operations', () => {
  test('are carried out in order, and reads see what was written before them', () => {
    const rig = filled();
    rig.changes.length = 0;
    const result = rig.apply(
      txn([
        getOp('c'),
        putOp('c', '3', { prev: true }),
        getOp('a', { open: true, limit: 2, order: 'desc' }),
        delOp('a', { prev: true }),
        getOp('a', { open: true, keysOnly: true }),
        putOp('b', 'x', { prev: true, lease: id('10') }),
        getOp('a', { open: true, revision: 3 }),
        delOp('x', { end: b('z') }),
      ]),
    );
    const C = pair('c', '3', [5, 5, 1]);
    expect(result).toEqual({
      type: 'txn',
      revision: 5,
      succeeded: true,
      results: [
        { type: 'get', revision: 4, count: 0, kvs: [], more: false },
        { type: 'put', revision: 5, created: true, prev: null },
        { type: 'get', revision: 5, count: 3, kvs: [C, B], more: true },
        { type: 'delete', revision: 5, deleted: 1, prev: [A] },
        {
          type: 'get',
          revision: 5,
          count: 2,
          kvs: [pair('b', '', [4, 4, 1]), pair('c', '', [5, 5, 1])],
          more: false,
        },
        { type: 'put', revision: 5, created: false, prev: B },
        { type: 'get', revision: 5, count: 1, kvs: [A], more: false },
        { type: 'delete', revision: 5, deleted: 0, prev: [] },
      ],
    });
    expect(rig.changes).toEqual([
      {
        revision: 5,
        events: [
          { type: 'put', kv: C, prev: null },
          { type: 'delete', kv: stone('a', 5), prev: A },
          { type: 'put', kv: pair('b', 'x', [4, 5, 2], '10'), prev: B },
        ],
      },
    ]);
  });

  test('reads of a revision do not see them', () => {
    const rig = filled();
    const all = { open: true, revision: 4 };
    const ops = [delOp('a'), putOp('b', 'x'), putOp('c', ''), getOp('', all)];
    const reads = [getOp('', { ...all, order: 'desc' }), getOp('', { ...all, countOnly: true })];
    expect(rig.apply(txn([...ops, ...reads] as const))).toMatchObject({
      results: [{}, {}, {}, { count: 2, kvs: [A, B] }, { count: 2, kvs: [B, A] }, { count: 2 }],
    });
  });

  test('the other list when a compare fails', () => {
    const rig = filled();
    const failure = [getOp('a')];
    const no = [compare('a', 'version', '=', 1)];
    expect(rig.apply(txn([putOp('c', '')], { compare: no, failure }))).toEqual({
      type: 'txn',
      revision: 4,
      succeeded: false,
      results: [{ type: 'get', revision: 4, count: 1, kvs: [A], more: false }],
    });
    expect(rig.view.get(b('c'))).toBeUndefined();
  });

  test.each<[string, readonly TxnOp[]]>([
    ['nothing', []],
    ['reads only', [getOp('a'), txnOp([], [getOp('b', { open: true })])]],
    ['deletes of nothing', [delOp('x'), delOp('x', { open: true })]],
  ])('%s makes no revision', (_name, ops) => {
    const rig = filled();
    const hash = rig.machine.hash();
    rig.changes.length = 0;
    expect(rig.apply(txn(ops))).toMatchObject({ type: 'txn', revision: 4, succeeded: true });
    expect([rig.view.revision, rig.machine.hash(), rig.changes.length]).toEqual([4, hash, 0]);
  });

  test('deletes may overlap: each key goes once', () => {
    const rig = filled();
    const result = rig.apply(txn([delOp('b'), delOp('a', { open: true }), delOp('b')]));
    expect(result).toMatchObject({ results: [{ deleted: 1 }, { deleted: 1 }, { deleted: 0 }] });
    expect(rig.changes.at(-1)?.events.map(({ kv }) => kv.key)).toEqual([b('b'), b('a')]);
  });
});

describe('nested transactions', () => {
  test('decide by the state before the whole, but read what was written before them', () => {
    const absent = [compare('c', 'version', '=', 0)];
    const result = filled().apply(
      txn([putOp('c', '3'), txnOp(absent, [getOp('c')], [putOp('d', '')])]),
    );
    expect(result).toEqual({
      type: 'txn',
      revision: 5,
      succeeded: true,
      results: [
        { type: 'put', revision: 5, created: true, prev: null },
        {
          type: 'txn',
          revision: 5,
          succeeded: true,
          results: [
            { type: 'get', revision: 5, count: 1, kvs: [pair('c', '3', [5, 5, 1])], more: false },
          ],
        },
      ],
    });
  });

  test('write in the same revision', () => {
    const rig = filled();
    const no = [compare('c', 'version', '>', 0)];
    rig.apply(txn([txnOp([], [putOp('c', '')]), txnOp(no, [], [txnOp([], [putOp('d', '')])])]));
    expect(rig.view.revision).toBe(5);
    expect(rig.changes.at(-1)?.events.map(({ kv }) => kv.key)).toEqual([b('c'), b('d')]);
  });
});

describe('one operation that cannot be carried out keeps all from it', () => {
  test.each<[string, TxnOp, object]>([
    ['an unknown lease', putOp('c', '', { lease: id('8') }), { type: 'lease-not-found' }],
    ['no value to keep', putOp('c', '', { ignoreValue: true }), { type: 'key-not-found' }],
    ['no lease to keep', putOp('c', '', { ignoreLease: true }), { type: 'key-not-found' }],
    // Nor is what the transaction itself writes there to be read.
    ['a revision to come', getOp('a', { revision: 5 }), { type: 'future-revision' }],
    [
      'a forgotten one',
      getOp('a', { revision: 2, countOnly: true }),
      { type: 'compacted', compactRevision: 3 },
    ],
  ])('%s', (_name, op, failed) => {
    for (const ops of [
      [putOp('x', ''), op],
      [putOp('x', ''), txnOp([], [delOp('a'), op])],
      [putOp('x', ''), txnOp([compare('x', 'version', '=', 1)], [], [op])],
    ]) {
      const rig = filled();
      rig.apply(compact(3));
      rig.changes.length = 0;
      expect(rig.apply(txn(ops))).toEqual({ revision: 4, ...failed } as never);
      expect([rig.view.revision, rig.changes.length]).toEqual([4, 0]);
      expect(rig.view.get(b('x'))).toBeUndefined();
    }
  });

  test('on the way that is not taken it does no harm', () => {
    const rig = filled();
    const bad = putOp('c', '', { lease: id('8') });
    const never = [compare('a', 'version', '=', 9)];
    expect(rig.apply(txn([txnOp(never, [bad]), putOp('x', '')], { failure: [bad] }))).toMatchObject(
      {
        type: 'txn',
        revision: 5,
      },
    );
  });
});

test('the first answer is given again, with all its pairs', () => {
  const rig = filled();
  const named = txn(
    [putOp('a', '9', { prev: true }), getOp('a', { open: true }), delOp('b', { prev: true })],
    { requestId: 'c.1' },
  );
  const answer = rig.apply(named);
  rig.apply(del('', { open: true }), compact(6));
  for (const one of [rig, rig.copy()]) {
    expect(one.apply({ ...named, at: 5000 })).toEqual(answer);
    expect(one.view.revision).toBe(6);
    expect(one.apply({ ...named, success: [] })).toEqual({ type: 'request-mismatch', revision: 6 });
  }
});

test('a refused transaction is remembered as any answer is', () => {
  const rig = new Rig();
  const named = txn([putOp('a', '', { lease: id('7') })], { requestId: 'x' });
  expect(rig.apply(named).type).toBe('lease-not-found');
  rig.apply(grant('7'));
  expect(rig.apply(named)).toEqual({ type: 'lease-not-found', revision: 1 });
});
