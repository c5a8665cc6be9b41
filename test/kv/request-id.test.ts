import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  clientOfSlot,
  isNodeClient,
  isOpaqueSlot,
  numberOfSlot,
  parseRequestId,
  parseSlot,
  slotsOfClient,
} from '../../src/kv/request-id.ts';

describe('names that count', () => {
  test.each([
    ['c.0', 'c', 0],
    ['Some_client-1.42', 'Some_client-1', 42],
    ['__proto__.7', '__proto__', 7],
    [`${'x'.repeat(64)}.1`, 'x'.repeat(64), 1],
    ['~node-1.7', '~node-1', 7],
    ['c.9007199254740991', 'c', Number.MAX_SAFE_INTEGER],
  ])('%s', (name, client, number) => {
    const id = parseRequestId(name);
    expect(id).toEqual({ type: 'counted', client, number, slot: id.slot });
    expect(isOpaqueSlot(id.slot)).toBeFalse();
    expect(numberOfSlot(id.slot)).toBe(number);
    expect(clientOfSlot(id.slot)).toBe(client);
    expect(isNodeClient(client)).toBe(name.startsWith('~'));
    expect(parseSlot(id.slot)).toEqual(id);
  });
});

describe('opaque names', () => {
  test.each([
    '',
    'plain',
    'c.',
    '.1',
    'c.01',
    'c.0000000000000001',
    'c.-1',
    'c.1.2',
    '~.1',
    '~~c.1',
    'c.1\n',
    'c/.1',
    'c.9007199254740992',
    'c.10000000000000000',
    `${'x'.repeat(65)}.1`,
  ])('%p', (name) => {
    const id = parseRequestId(name);
    expect(id.type).toBe('opaque');
    expect(isOpaqueSlot(id.slot)).toBeTrue();
    expect(parseSlot(id.slot)).toEqual(id);
  });
});

test.each(['', 'plain', 'c.1', 'c.00000000000000001', '/c.1', 'c.000000000000000x'])(
  '%p is no slot',
  (text) => {
    expect(parseSlot(text)).toBeNull();
  },
);

test('two names never share a slot', () => {
  const part = fc.string({ unit: fc.constantFrom('a', '.', '0', '1', '/'), maxLength: 20 });
  fc.assert(
    fc.property(part, part, (a, b) => {
      fc.pre(a !== b);
      expect(parseRequestId(a).slot).not.toBe(parseRequestId(b).slot);
    }),
    { seed: 1, numRuns: 1000 },
  );
});

test('the slots of a client are one range, ordered by number', () => {
  const names = ['a.10', 'a.9', 'ab.1', 'a-.1', 'a_.1', 'A.1', 'a0.1', 'a', 'a.x', 'a.1000000000'];
  const [start, end] = slotsOfClient('a');
  const own = names
    .map((name) => parseRequestId(name).slot)
    .filter((slot) => slot >= start && slot < end)
    .toSorted();
  expect(own.map(numberOfSlot)).toEqual([9, 10, 1_000_000_000]);
});
