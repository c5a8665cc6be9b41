import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { LeaseId } from '../../src/kv/command.ts';
import { MAX_TXN_ANSWER_BYTES } from '../../src/kv/apply-txn.ts';
import { Store } from '../../src/kv/store.ts';
import { b, compare, delOp, getOp, grant, id, put, putOp, txn, txnOp } from './support/commands.ts';
import { anyKey } from './support/arbitrary.ts';
import { Rig } from './support/rig.ts';

const MIB = 2 ** 20;

/** Keys a to d, of a MiB each. */
function large(): Rig {
  const rig = new Rig();
  rig.apply(grant('7'));
  for (const key of ['a', 'b', 'c', 'd']) rig.apply(put(key, 'x'.repeat(MIB)));
  rig.changes.length = 0;
  return rig;
}

describe('a transaction that would answer more than 4 MiB', () => {
  test.each([
    ['in one read', [getOp('a', { open: true })]],
    ['in many', [getOp('a'), getOp('b'), getOp('a'), getOp('b')]],
    ['in a nested one', [getOp('a', { end: b('c') }), txnOp([], [getOp('c'), getOp('d')])]],
    ['of what it deletes', [delOp('a', { open: true, prev: true })]],
    [
      'of what it writes over',
      [
        getOp('a', { end: b('d') }),
        putOp('d', '', { prev: true, lease: id('7') }),
        delOp('a', { end: b('c') }),
        putOp('new', 'y'),
      ],
    ],
  ])('%s has no effect', (_name, ops) => {
    const rig = large();
    const hash = rig.machine.hash();
    expect(rig.apply(txn(ops, { grant: { id: id('8'), ttl: 5 } }))).toEqual({
      type: 'answer-too-large',
      revision: 5,
    });
    expect([rig.machine.hash(), rig.changes.length, rig.view.leaseCount]).toEqual([hash, 0, 1]);
    expect(rig.copy().machine.hash()).toBe(hash);
    expect(rig.apply(txn([putOp('e', 'y')]))).toMatchObject({ revision: 6 });
  });

  test('is remembered as any answer is', () => {
    const rig = large();
    const named = txn([getOp('a', { open: true })], { requestId: 'c.1' });
    const first = rig.apply(named);
    rig.apply(txn([delOp('a', { open: true })]));
    for (const one of [rig, rig.copy()]) expect(one.apply(named)).toEqual(first);
  });

  test.each([
    ['without the values', [getOp('a', { open: true, keysOnly: true })]],
    ['counted', [getOp('a', { open: true, countOnly: true })]],
    ['with a limit', [getOp('a', { open: true, limit: 3 })]],
    ['after they are gone', [delOp('a', { open: true }), getOp('a', { open: true })]],
    ['on the way that is not taken', [txnOp([], [], [getOp('a', { open: true })])]],
    ['deleted without being asked for', [delOp('a', { open: true })]],
  ])('does not when they are %s', (_name, ops) => {
    expect(large().apply(txn(ops)).type).toBe('txn');
  });

  test('small pairs count by their number too', () => {
    const rig = new Rig();
    const pairs = MAX_TXN_ANSWER_BYTES / 128 / 100;
    for (let i = 0; i <= pairs; i += 1) rig.apply(put(`k${i}`, ''));
    const reads = Array.from({ length: 128 }, () => getOp('k', { open: true }));
    expect(rig.apply(txn(reads)).type).toBe('answer-too-large');
  });
});

describe('a transaction that only reads', () => {
  test('gives by the view what it gives through the log', () => {
    const rig = large();
    const ops = [
      getOp('a', { end: b('d'), keysOnly: true }),
      txnOp([], [getOp('d', { limit: 1 })]),
    ];
    for (const compares of [[], [compare('a', 'version', '=', 2)]]) {
      const command = txn(ops, { compare: compares, failure: [getOp('b')] });
      expect(rig.view.readTxn(command)).toEqual(rig.apply(command) as never);
    }
    const tooLarge = rig.view.readTxn(txn([getOp('a', { open: true })]));
    expect(tooLarge).toEqual({ type: 'answer-too-large', revision: 5 });
    const future = rig.view.readTxn(txn([getOp('a', { revision: 6 })]));
    expect(future).toEqual({ type: 'future-revision', revision: 5 });
  });

  test('is none if it might write', () => {
    const { view } = new Rig();
    const write = [putOp('a', '')];
    const never = [compare('a', 'version', '>', 5)];
    expect(() => view.readTxn(txn([], { failure: write }))).toThrow('writes');
    expect(() => view.readTxn(txn([txnOp(never, [], write)]))).toThrow('writes');
    expect(() => view.readTxn(txn([delOp('a')]))).toThrow('writes');
  });
});

const anyWrite = fc.record({
  key: anyKey,
  value: fc.option(anyKey, { nil: null }),
  lease: fc.constantFrom(null, id('1'), id('2')),
});
const anyTurn = fc.record({
  writes: fc.uniqueArray(anyWrite, { selector: ({ key }) => key, maxLength: 6 }),
  isKept: fc.boolean(),
});

function write(store: Store, writes: readonly { key: never; value: never; lease: never }[]): void {
  for (const { key, value, lease } of writes) {
    if (value === null) store.delete({ key });
    else store.put(key, value, lease);
  }
}

/** All that a store says of itself. */
function stateOf(store: Store): object {
  return {
    hash: store.hash(),
    bytes: [store.presentBytes, store.historyBytes],
    retained: store.retained,
    now: store.range(b(''), null, 1000),
    past: Array.from({ length: store.revision }, (_, i) => store.rangeAt(b(''), null, i, 1000)),
    leases: (['1', '2'] as LeaseId[]).map((lease) => store.keysOf(lease)),
  };
}

test('what is taken back leaves no trace, then or later', () => {
  fc.assert(
    fc.property(fc.array(anyTurn, { maxLength: 20 }), (turns) => {
      const [store, twin] = [Store.empty(), Store.empty()];
      for (const { writes, isKept } of turns) {
        write(store, writes as never);
        if (isKept) {
          const change = store.commit();
          write(twin, writes as never);
          expect(twin.commit()).toEqual(change);
        } else store.rollback();
        expect(store.nextRevision).toBe(twin.revision);
      }
      expect(stateOf(store)).toEqual(stateOf(twin));
      const revision = Math.ceil(store.revision / 2);
      expect(store.compact(revision)).toEqual(twin.compact(revision));
      expect(store.hash()).toEqual(twin.hash());
    }),
    { seed: 1, numRuns: 200 },
  );
});
