import { expect, test } from 'bun:test';
import type { KvCommand } from '../../src/kv/command.ts';
import { digestOfCommand } from '../../src/kv/digest.ts';
import { b, ABSENT, changedAt, del, put } from './support/commands.ts';

test('the same request sent again has the same digest, whenever and under whatever name', () => {
  const first = put('a', '1', { requestId: 'c.1', at: 5 });
  const again = put('a', '1', { requestId: 'c.2', at: 9 });
  expect(digestOfCommand(first)).toBe(digestOfCommand(again));
  expect(digestOfCommand(first)).toMatch(/^[0-9a-f]{16}$/);
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
    del('a'),
    del('a', { end: b('') }),
    del('a', { end: b('1') }),
    del('a', { open: true }),
    del('a', { end: b('1'), open: true }),
    del('a', { prev: true }),
    del('a', { condition: ABSENT }),
  ];
  expect(new Set(commands.map(digestOfCommand)).size).toBe(commands.length);
});
