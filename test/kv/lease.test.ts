import { describe, expect, test } from 'bun:test';
import type { KvCommand } from '../../src/kv/command.ts';
import {
  b,
  checkpoint,
  del,
  expire,
  grant,
  id,
  keepAlive,
  pair,
  put,
  putOp,
  revoke,
  stone,
  txn,
} from './support/commands.ts';
import { Rig } from './support/rig.ts';

/** Lease 7, granted at index 1, with b at 2 and a at 3; c at 4 belongs to lease 8. */
function filled(): Rig {
  const rig = new Rig();
  rig.apply(grant('7', 60), grant('8', 60));
  rig.apply(put('b', '1', { lease: id('7') }), put('a', '1', { lease: id('7') }));
  rig.apply(put('c', '1', { lease: id('8') }), put('d', '1'));
  rig.changes.length = 0;
  return rig;
}

const LEASE = { id: id('7'), ttl: 60, remaining: 60_000, epoch: 1 };

describe('grant', () => {
  test('makes a lease, and no revision', () => {
    const rig = new Rig();
    expect(rig.apply(grant('7', 60))).toEqual({
      type: 'lease-granted',
      revision: 1,
      id: id('7'),
      ttl: 60,
    });
    expect(rig.view.lease(id('7'))).toEqual(LEASE);
    expect([rig.view.leaseCount, rig.view.revision, rig.changes.length]).toEqual([1, 1, 0]);
  });

  test('an id that is taken is refused', () => {
    const rig = filled();
    expect(rig.apply(grant('7', 5))).toEqual({ type: 'lease-exists', revision: 5 });
    expect(rig.view.lease(id('7'))).toEqual(LEASE);
  });
});

describe('the end of a lease deletes its keys, in their order and one revision', () => {
  test.each<[string, KvCommand, string]>([
    ['revoked', revoke('7'), 'lease-revoked'],
    ['expired', expire('7', 1, 1), 'lease-expired'],
  ])('%s', (_name, command, type) => {
    const rig = filled();
    const result = { type, revision: 6, id: id('7'), deleted: 2 };
    expect(rig.apply(command)).toEqual(result as never);
    expect(rig.changes).toEqual([
      {
        revision: 6,
        events: [
          { type: 'delete', kv: stone('a', 6), prev: pair('a', '1', [3, 3, 1], '7') },
          { type: 'delete', kv: stone('b', 6), prev: pair('b', '1', [2, 2, 1], '7') },
        ],
      },
    ]);
    expect(rig.view.lease(id('7'))).toBeUndefined();
    expect(rig.view.keysOf(id('7'))).toEqual([]);
    expect(rig.apply(command)).toEqual({ type: 'lease-not-found', revision: 6 });
    expect(rig.apply(put('a', '', { lease: id('7') })).type).toBe('lease-not-found');
  });

  test('without keys it makes no revision', () => {
    const rig = filled();
    rig.apply(grant('9'));
    expect(rig.apply(revoke('9'))).toMatchObject({ revision: 5, deleted: 0 });
    expect([rig.view.revision, rig.changes.length]).toEqual([5, 0]);
  });
});

describe('which keys a lease has', () => {
  test.each<[string, KvCommand, readonly string[], readonly string[]]>([
    ['as put', put('x', ''), ['a', 'b'], ['c']],
    ['a put moves a key', put('a', '', { lease: id('8') }), ['b'], ['a', 'c']],
    ['a put without one takes it off', put('a', ''), ['b'], ['c']],
    ['a put may keep it', put('a', '', { ignoreLease: true }), ['a', 'b'], ['c']],
    ['again', put('a', '', { lease: id('7') }), ['a', 'b'], ['c']],
    ['a delete takes it off', del('a'), ['b'], ['c']],
    ['a range too', del('b', { open: true }), ['a'], []],
    ['in a transaction', txn([putOp('', '', { lease: id('8') })]), ['a', 'b'], ['', 'c']],
  ])('%s', (_name, command, seven, eight) => {
    const rig = filled();
    rig.apply(command);
    for (const one of [rig, rig.copy()]) {
      expect(one.view.keysOf(id('7'))).toEqual(seven.map(b));
      expect(one.view.keysOf(id('8'))).toEqual(eight.map(b));
    }
    const revision = rig.view.revision + 1;
    expect(rig.apply(revoke('7'))).toMatchObject({ revision, deleted: seven.length });
  });

  test('ids are told apart, those that begin alike too', () => {
    const rig = new Rig();
    rig.apply(grant('1'), grant('11'), put('1a', '', { lease: id('1') }));
    rig.apply(put('a', '', { lease: id('11') }));
    expect(rig.view.keysOf(id('1'))).toEqual([b('1a')]);
    expect(rig.view.keysOf(id('11'))).toEqual([b('a')]);
  });
});

describe('keepalive', () => {
  test('makes the whole time the remaining one again, in a new epoch', () => {
    const rig = filled();
    rig.apply(checkpoint('7', 100, 1, 1));
    expect(rig.apply(keepAlive('7'))).toEqual({
      type: 'lease-kept',
      revision: 5,
      id: id('7'),
      ttl: 60,
    });
    expect(rig.view.lease(id('7'))).toEqual({ ...LEASE, epoch: rig.machine.appliedIndex });
  });

  test('of what is not there', () => {
    expect(filled().apply(keepAlive('9'))).toEqual({ type: 'lease-not-found', revision: 5 });
  });
});

describe('what defeats an expiry', () => {
  const alive = { type: 'lease-alive', revision: 5, id: id('7') } as const;

  test('a keepalive that the log has before it', () => {
    const rig = filled();
    rig.apply(keepAlive('7'));
    expect(rig.apply(expire('7', 1, 1))).toEqual(alive);
    expect(rig.view.keysOf(id('7'))).toHaveLength(2);
  });

  test('a newer leader, by any entry of its term', () => {
    const rig = filled();
    rig.machine.skip(rig.machine.appliedIndex + 1, 2);
    rig.term = 2;
    expect(rig.apply(expire('7', 1, 1))).toEqual(alive);
    expect(rig.copy().apply(expire('7', 1, 1))).toEqual(alive);
    expect(rig.apply(expire('7', 1, 2)).type).toBe('lease-expired');
  });

  test('another lease under the same id', () => {
    const rig = filled();
    rig.apply(revoke('7'), grant('7'));
    expect(rig.apply(expire('7', 1, 1)).type).toBe('lease-alive');
  });

  test('a checkpoint does not', () => {
    const rig = filled();
    rig.apply(checkpoint('7', 0, 1, 1));
    expect(rig.apply(expire('7', 1, 1)).type).toBe('lease-expired');
  });
});

describe('checkpoints', () => {
  test.each<[string, KvCommand, number, number]>([
    ['less time', checkpoint('7', 30_000, 1, 1), 1, 30_000],
    ['none left', checkpoint('7', 0, 1, 1), 1, 0],
    ['as much', checkpoint('7', 60_000, 1, 1), 0, 60_000],
    ['time does not come back', checkpoint('7', 70_000, 1, 1), 0, 60_000],
    ['of another life', checkpoint('7', 30_000, 2, 1), 0, 60_000],
    ['of an older leader', checkpoint('7', 30_000, 1, 0), 0, 60_000],
    ['of no lease', checkpoint('9', 30_000, 1, 1), 0, 60_000],
  ])('%s', (_name, command, count, remaining) => {
    const rig = filled();
    expect(rig.apply(command)).toEqual({ type: 'lease-checkpointed', revision: 5, count });
    for (const one of [rig, rig.copy()]) {
      expect(one.view.lease(id('7'))).toEqual({ ...LEASE, remaining });
    }
  });

  test('many at once', () => {
    const rig = filled();
    const leases = ['7', '9', '8'].map((lease, i) => ({
      id: id(lease),
      epoch: i === 0 ? 1 : 2,
      remaining: 5,
    }));
    expect(rig.apply({ ...checkpoint('7', 0, 1, 1), leases })).toMatchObject({ count: 2 });
  });
});

test('the list, in pages', () => {
  const rig = new Rig();
  for (const lease of ['10', '9', '100', '1', '2']) rig.apply(grant(lease));
  const pages: string[][] = [];
  for (let after: ReturnType<typeof id> | '' = ''; ; ) {
    const page = rig.view.leases(after, 2);
    if (page.length === 0) break;
    pages.push(page.map((lease) => lease.id));
    after = page.at(-1)?.id ?? '';
  }
  expect(pages).toEqual([['1', '10'], ['100', '2'], ['9']]);
  expect([...rig.view.allLeases()]).toHaveLength(5);
});

test('leases count towards the size', () => {
  const rig = new Rig();
  rig.apply(grant('1'));
  const one = rig.view.sizeBytes;
  rig.apply(grant('2'));
  expect(one).toBeGreaterThan(0);
  expect(rig.view.sizeBytes).toBe(2 * one);
  rig.apply(revoke('1'), revoke('2'));
  expect(rig.view.sizeBytes).toBe(0);
});

test('the first answer to a grant is given again, even when the lease has ended', () => {
  const rig = new Rig();
  const named = grant('7', 60, { requestId: 'c.1' });
  const answer = rig.apply(named);
  rig.apply(revoke('7'));
  for (const one of [rig, rig.copy()]) {
    expect(one.apply(named)).toEqual(answer);
    expect(one.view.leaseCount).toBe(0);
  }
});
