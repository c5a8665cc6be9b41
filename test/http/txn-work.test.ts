import { expect, test } from 'bun:test';
import type { Compare, TxnOp } from '../../src/kv/command.ts';
import type { StoreView } from '../../src/node/api.ts';
import { requireBearable } from '../../src/http/txn-work.ts';
import { b, compare, delOp, getOp, putOp, txn, txnOp } from '../kv/support/commands.ts';
import { testApp } from '../support/http.ts';

/** A store in which every range has 600,000 keys. */
function largeStore(): StoreView {
  return { ...testApp().node.store, count: () => 600_000 };
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
