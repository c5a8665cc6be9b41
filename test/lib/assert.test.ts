import { expect, test } from 'bun:test';
import { assert, AssertionError, must, unreachable } from '../../src/lib/assert.ts';

test('assert throws only when the condition is false, and builds its message only then', () => {
  let built = 0;
  const message = (): string => {
    built += 1;
    return 'term 3 -> 2';
  };
  assert(true, message);
  expect(built).toBe(0);
  expect(() => assert(false, message)).toThrow(new AssertionError('term 3 -> 2'));
  expect(() => assert(false, 'plain')).toThrow('plain');
  expect(built).toBe(1);
});

test('must passes everything but null and undefined', () => {
  expect(must(0, 'zero')).toBe(0);
  expect(must('', 'empty')).toBe('');
  expect(must(false, 'false')).toBe(false);
  expect(() => must(null, 'the entry')).toThrow('missing: the entry');
  expect(() => must(undefined, 'the entry')).toThrow(AssertionError);
});

test('unreachable names what came', () => {
  expect(() => unreachable('other' as never)).toThrow('unreachable: "other"');
});
