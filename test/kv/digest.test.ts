import { expect, test } from 'bun:test';
import type { KvCommand } from '../../src/kv/command.ts';
import { digestOfCommand, digestOfRemembered } from '../../src/kv/digest.ts';
import {
  ABSENT,
  b,
  changedAt,
  checkpoint,
  compact,
  compare,
  del,
  delOp,
  expire,
  getOp,
  grant,
  id,
  keepAlive,
  put,
  putOp,
  revoke,
  txn,
  txnOp,
} from './support/commands.ts';

test('the same request sent again has the same digest, whenever and under whatever name', () => {
  const first = put('a', '1', { requestId: 'c.1', at: 5 });
  const again = put('a', '1', { requestId: 'c.2', at: 9 });
  expect(digestOfCommand(first)).toBe(digestOfCommand(again));
  expect(digestOfCommand(first)).toMatch(/^[0-9a-f]{16}$/);
});

test('the id of a lease of its own, drawn for a put, is not what was asked for', () => {
  const [one, other] = ['7', '8'].map((lease) =>
    digestOfCommand(put('a', '1', { lease: id(lease), grant: { id: id(lease), ttl: 5 } })),
  );
  expect(one).toBe(String(other));
});

test('an answer to be remembered is told by what was asked, not by what was answered', () => {
  const remember = (content: string, body: string): KvCommand => {
    const base = { v: 1, requestId: 'c.1', at: 5, by: null } as const;
    return { ...base, kind: 'remember', content, answer: { status: 200, body } };
  };
  expect(digestOfCommand(remember('x', '1'))).toBe(digestOfCommand(remember('x', '2')));
  expect(digestOfCommand(remember('x', '1'))).not.toBe(digestOfCommand(remember('y', '1')));
  expect(digestOfRemembered('x')).toBe(digestOfCommand(remember('x', '1')));
});

test('every other difference shows', () => {
  const commands: KvCommand[] = [
    put('a', '1'),
    put('b', '1'),
    put('a', '2'),
    put('a1', ''),
    put('', 'a1'),
    put('a', '1', { prev: true }),
    put('a', '1', { condition: ABSENT }),
    put('a', '1', { condition: changedAt(0) }),
    put('a', '1', { condition: changedAt(1) }),
    put('a', '1', { by: '' }),
    put('a', '1', { by: 'someone' }),
    put('a', '1', { lease: id('7'), grant: { id: id('7'), ttl: 5 } }),
    put('a', '1', { lease: id('7'), grant: { id: id('7'), ttl: 6 } }),
    txn([], { grant: { id: id('7'), ttl: 5 } }),
    txn([], { grant: { id: id('8'), ttl: 5 } }),
    del('a'),
    del('a', { end: b('') }),
    del('a', { end: b('1') }),
    del('a', { open: true }),
    del('a', { end: b('1'), open: true }),
    del('a', { prev: true }),
    del('a', { condition: ABSENT }),
    put('a', '1', { lease: id('1') }),
    put('a', '', { ignoreValue: true }),
    put('a', '1', { ignoreLease: true }),
    txn([]),
    txn([], { compare: [compare('a', 'mod', '=', 1)] }),
    txn([], { compare: [compare('a', 'create', '=', 1)] }),
    txn([], { compare: [compare('a', 'mod', '=', 1, { open: true })] }),
    txn([putOp('a', '1')]),
    txn([], { failure: [putOp('a', '1')] }),
    txn([putOp('a', '1'), putOp('b', '1')]),
    txn([putOp('b', '1'), putOp('a', '1')]),
    txn([txnOp([], [putOp('a', '1')])]),
    txn([txnOp([], [], [putOp('a', '1')])]),
    txn([getOp('a')]),
    txn([getOp('a', { limit: 1 })]),
    txn([getOp('a', { revision: 1 })]),
    txn([delOp('a')]),
    compact(1),
    compact(2),
    grant('1', 60),
    grant('1', 61),
    grant('6', 1),
    revoke('1'),
    keepAlive('1'),
    keepAlive('2'),
    expire('1', 2, 3),
    expire('1', 3, 2),
    checkpoint('1', 2, 3, 4),
    checkpoint('1', 3, 2, 4),
  ];
  expect(new Set(commands.map(digestOfCommand)).size).toBe(commands.length);
});

test('fields that say nothing may be missing, and stand in any order', () => {
  const plain = put('a', '1');
  const { key, ...rest } = put('a', '1', { lease: null, ignoreValue: false, ignoreLease: false });
  expect(digestOfCommand({ ...rest, key })).toBe(digestOfCommand(plain));
});
