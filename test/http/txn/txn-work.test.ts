import { describe, expect, test } from 'bun:test';
import type { Compare, TxnOp } from '../../../src/kv/command.ts';
import type { StoreView } from '../../../src/node/api.ts';
import { requireBearable } from '../../../src/http/txn/txn-work.ts';
import {
  b,
  compare,
  del,
  delOp,
  getOp,
  put,
  putOp,
  txn,
  txnOp,
} from '../../kv/support/commands.ts';
import { Rig } from '../../kv/support/rig.ts';
import { testApp } from '../../support/http.ts';

/** A store in which every range has 600,000 keys. */
function largeStore(): StoreView {
  const { store } = testApp().node;
  return { ...store, count: () => 600_000, countPast: () => 0, faultOf: () => null };
}

const all = { end: b('z') };
const sorted = getOp('a', { ...all, sort: 'mod' });
const filtered = getOp('a', { ...all, maxCreateRevision: 5 });
const past = getOp('a', { ...all, revision: 5 });
const compared = compare('a', 'mod', '>', 0, all);

test.each<[string, readonly Compare[], readonly TxnOp[]]>([
  ['two sorted reads', [], [sorted, sorted]],
  ['a filtered one and one of the past', [], [filtered, past]],
  ['compares of ranges', [compared, compared], []],
  ['a compare and a read', [compared], [sorted]],
  ['a nested one', [], [sorted, txnOp([], [sorted])]],
  ['the compares of a nested one', [compared], [txnOp([compared], [])]],
])('%s of so many keys are refused', (_name, compares, ops) => {
  for (const command of [
    txn(ops, { compare: compares }),
    txn([], { compare: compares, failure: ops }),
  ]) {
    expect(() => requireBearable(largeStore(), command)).toThrow('1200000 keys');
  }
});

test.each<[string, readonly Compare[], readonly TxnOp[]]>([
  ['one sorted read', [], [sorted]],
  ['reads that end at their limit', [], Array(128).fill(getOp('a', { ...all, limit: 10_000 }))],
  ['counts', [], Array(128).fill(getOp('a', { ...all, countOnly: true }))],
  [
    'writes and single keys',
    [compared],
    [delOp('a', all), putOp('a', ''), getOp('a', { revision: 5 })],
  ],
  ['an empty range', [compared, compare('z', 'mod', '=', 0, { end: b('a') })], []],
])('%s are not', (_name, compares, ops) => {
  requireBearable(largeStore(), txn(ops, { compare: compares }));
});

test('of the two ways through it the longer one counts', () => {
  requireBearable(largeStore(), txn([sorted], { failure: [sorted] }));
});

test('the client is told', async () => {
  const app = testApp();
  app.node.store.count = () => 2_000_000;
  const body = JSON.stringify({ success: [{ get: { key: 'a', end: 'b', sort: 'mod' } }] });
  const headers = { 'content-type': 'application/json' };
  const answer = await app.send('POST', '/txn', { headers, body });
  expect(await answer.json()).toMatchObject({ status: 400, code: 'too-many-keys', applied: 'no' });
});

describe('by what is stored', () => {
  const range = { end: b('z') };

  /** A store with these values, and so many keys that were deleted. */
  function storeOf(values: readonly string[], deleted = 0): StoreView {
    const rig = new Rig();
    for (const [i, value] of values.entries()) rig.apply(put(`key/${i}`, value));
    const names = Array.from({ length: deleted }, (_, i) => `old/${i}`);
    for (let i = 0; i < deleted; i += 100) {
      rig.apply(txn(names.slice(i, i + 100).map((name) => putOp(name, ''))));
    }
    rig.apply(del('old/', { end: b('old0') }));
    return rig.view;
  }

  test('values that are alike take long to sort, and to compare', () => {
    const store = storeOf(Array.from({ length: 20 }, (_, i) => `${'v'.repeat(500_000)}${i}`));
    const byValue = getOp('key/', { ...range, sort: 'value', limit: 1 });
    requireBearable(store, txn(Array(9).fill(byValue)));
    expect(() => requireBearable(store, txn(Array(11).fill(byValue)))).toThrow('take as long');
    const byKey = getOp('key/', { ...range, sort: 'mod', limit: 1 });
    requireBearable(store, txn(Array(128).fill(byKey)));
    const equal = compare('key/', 'value', '=', 'v'.repeat(500_000), range);
    requireBearable(store, txn([], { compare: Array(19).fill(equal) }));
    const many = txn([], { compare: Array(21).fill(equal) });
    expect(() => requireBearable(store, many)).toThrow('take as long');
  });

  test('keys of the past are sought one by one, those of both ways together', () => {
    const store = storeOf(['a'], 5000);
    const { revision } = store;
    const past = getOp('', { ...range, revision, limit: 1 });
    requireBearable(store, txn(Array(19).fill(past)));
    for (const many of [
      txn(Array(21).fill(past)),
      txn(Array(11).fill(past), { failure: Array(11).fill(past) }),
    ]) {
      expect(() => requireBearable(store, many)).toThrow('take as long');
    }
    const elsewhere = getOp('key/', { end: b('key0'), revision });
    const single = getOp('old/1', { revision });
    const forgotten = getOp('', { ...range, revision: revision + 5 });
    for (const read of [elsewhere, single, forgotten]) {
      requireBearable(store, txn(Array(128).fill(read)));
    }
  });
});
