import { describe, expect, test } from 'bun:test';
import type { KvCommand } from '../../../src/kv/command.ts';
import { growthOf } from '../../../src/node/space/growth.ts';
import { compare, del, grant, id, put, putOp, txn, txnOp } from '../../kv/support/commands.ts';
import { Rig } from '../../kv/support/rig.ts';

/** What a command says that it adds, and what it then does. */
function growth(command: KvCommand) {
  const rig = new Rig();
  rig.apply(grant('7', 60), put('small', 'v'), put('large', 'v'.repeat(5000)));
  const { view } = rig;
  const before = { total: view.sizeBytes, history: view.historyBytes };
  const said = growthOf(command, view);
  rig.apply(command);
  const total = view.sizeBytes - before.total;
  return { said, done: { present: total - (view.historyBytes - before.history), total } };
}

const LARGE = 'w'.repeat(9000);

describe('what a write adds is known beforehand, to the byte', () => {
  test.each<[string, KvCommand]>([
    ['a new key', put('new', LARGE)],
    ['a larger value for a smaller one', put('small', LARGE)],
    ['a value of the same size', put('small', 'w')],
    ['a new lease for the value there is', put('large', '', { ignoreValue: true, lease: id('7') })],
    [
      'a put that is granted its lease',
      put('new', LARGE, { lease: id('8'), grant: { id: id('8'), ttl: 1 } }),
    ],
    ['the puts of a transaction', txn([putOp('new', LARGE), putOp('small', LARGE)])],
    [
      'those of the branch that is taken, where it adds more',
      txn([txnOp([compare('small', 'version', '=', 1)], [putOp('new', LARGE)], [putOp('x', 'y')])]),
    ],
  ])('%s', (_, command) => {
    const { said, done } = growth(command);
    expect(said).toEqual(done);
  });
});

describe('it never adds more', () => {
  test.each<[string, KvCommand]>([
    ['a smaller value for a larger one', put('large', 'v')],
    ['the branch that adds less', txn([txnOp([], [putOp('x', 'y')], [putOp('new', LARGE)])])],
    ['a transaction that deletes as well', txn([{ type: 'delete', key: put('large', '').key }])],
    ['a delete', del('large')],
  ])('%s', (_, command) => {
    const { said, done } = growth(command);
    expect(said.present).toBeGreaterThanOrEqual(Math.max(0, done.present));
    if (command.kind === 'put') expect(said).toEqual({ present: 0, total: done.total });
  });
});
