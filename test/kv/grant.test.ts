import { describe, expect, test } from 'bun:test';
import type { KvCommand, LeaseId, PutCommand, TxnCommand } from '../../src/kv/command.ts';
import { LeaseTimers } from '../../src/kv/lease-timers.ts';
import {
  ABSENT,
  b,
  changedAt,
  compare,
  getOp,
  grant,
  id,
  put,
  putOp,
  revoke,
  txn,
  txnOp,
} from './support/commands.ts';
import { Rig } from './support/rig.ts';

/** A put with a lease of its own. */
function owning(lease: string, fields: Partial<PutCommand> = {}): PutCommand {
  return put('a', '1', { grant: { id: id(lease), ttl: 30 }, lease: id(lease), ...fields });
}

function granting(lease: string, ops: Parameters<typeof txn>[0], fields: Partial<TxnCommand> = {}) {
  return txn(ops, { grant: { id: id(lease), ttl: 30 }, ...fields });
}

const absent = [compare('a', 'version', '=', 0)];

describe('a command that grants itself a lease', () => {
  test.each<[string, KvCommand, object]>([
    ['a put', owning('7'), { type: 'put', revision: 2, created: true, prev: null }],
    [
      'a transaction',
      granting('7', [putOp('a', '1', { lease: id('7') })], { compare: absent }),
      { type: 'txn', revision: 2, succeeded: true },
    ],
    [
      'a transaction in which a nested one names it',
      granting('7', [txnOp(absent, [putOp('a', '1', { lease: id('7') })])]),
      { type: 'txn', revision: 2, succeeded: true },
    ],
  ])('%s: the lease begins with its entry, and has the key', (_name, command, result) => {
    const rig = new Rig();
    rig.apply(put('x', ''), revoke('5'));
    const { revision } = rig.view;
    expect(rig.apply(command)).toMatchObject({
      ...result,
      revision: revision + 1,
      granted: id('7'),
    });
    for (const one of [rig, rig.copy()]) {
      const lease = { id: id('7'), ttl: 30, remaining: 30_000, epoch: 3 };
      expect(one.view.lease(id('7'))).toEqual(lease);
      expect(one.view.keysOf(id('7'))).toEqual([b('a')]);
    }
    expect(rig.apply(revoke('7'))).toMatchObject({ type: 'lease-revoked', deleted: 1 });
    expect(rig.view.get(b('a'))).toBeUndefined();
  });

  test('a transaction may leave it without a key', () => {
    const rig = new Rig();
    expect(rig.apply(granting('7', []))).toMatchObject({ revision: 1, granted: id('7') });
    expect(rig.view.leaseCount).toBe(1);
  });

  test.each<[string, KvCommand, object]>([
    ['a condition', owning('7', { condition: changedAt(9) }), { type: 'condition-failed' }],
    ['another one', owning('7', { condition: ABSENT, key: b('x') }), { type: 'condition-failed' }],
    ['an id that is taken', owning('8'), { type: 'lease-exists' }],
    [
      'an id that is taken, in a transaction',
      granting('8', [putOp('a', '1')]),
      { type: 'lease-exists' },
    ],
    [
      'no value to keep',
      owning('7', { ignoreValue: true, value: b('') }),
      { type: 'key-not-found' },
    ],
    [
      'an operation that cannot be carried out',
      granting('7', [putOp('a', '', { lease: id('7') }), putOp('b', '', { lease: id('9') })]),
      { type: 'lease-not-found' },
    ],
    [
      'a revision to come',
      granting('7', [putOp('a', ''), getOp('a', { revision: 9 })]),
      { type: 'future-revision' },
    ],
  ])('%s keeps everything from it', (_name, command, failed) => {
    const rig = new Rig();
    rig.apply(grant('8'), put('x', ''));
    const hash = rig.machine.hash();
    expect(rig.apply(command)).toMatchObject({ ...failed, revision: 2 });
    expect([rig.view.leaseCount, rig.machine.hash()]).toEqual([1, hash]);
  });

  test('grants nothing where the compares do not hold', () => {
    const rig = new Rig();
    rig.apply(put('a', ''));
    const fields = { compare: absent, failure: [putOp('b', '')] };
    const result = rig.apply(granting('7', [], fields));
    expect(result).toMatchObject({ type: 'txn', succeeded: false, revision: 3 });
    expect('granted' in result).toBe(false);
    const named = { compare: absent, failure: [putOp('b', '', { lease: id('7') })] };
    expect(rig.apply(granting('7', [], named)).type).toBe('lease-not-found');
    expect(rig.view.leaseCount).toBe(0);
  });

  test.each<[string, (lease: string) => KvCommand]>([
    ['a put', (lease) => owning(lease, { requestId: 'c.1' })],
    ['a transaction', () => granting('7', [putOp('a', '1')], { requestId: 'c.1' })],
  ])('%s, sent again under its name, has the lease it was granted first', (_name, command) => {
    const rig = new Rig();
    const first = rig.apply(command('7'));
    rig.apply(revoke('7'));
    for (const one of [rig, rig.copy()]) {
      expect(one.apply(command('8'))).toEqual(first);
      expect(one.view.leaseCount).toBe(0);
    }
  });

  test('is watched from then on by a leader that leads already', () => {
    const rig = new Rig();
    const timers = new LeaseTimers((lease: LeaseId) => rig.view.lease(lease));
    timers.begin(0, rig.view.allLeases());
    timers.applied(rig.apply(owning('7')), 500);
    timers.applied(rig.apply(granting('8', [])), 900);
    expect([timers.remaining(id('7'), 1500), timers.remaining(id('8'), 900)]).toEqual([
      29_182, 30_000,
    ]);
    timers.applied(rig.apply(owning('7')), 1000);
    expect(timers.size).toBe(2);
  });
});
