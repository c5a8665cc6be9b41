import { expect, test } from 'bun:test';
import { idOfBytes, idOfWords, isId, parseClusterId, parseMemberId } from '../../src/lib/ids.ts';

test.each(['1', '9007199254740993', '9223372036854775807'])('%s is an id', (text) => {
  expect(isId(text)).toBeTrue();
  expect(parseMemberId(text) as string | null).toBe(text);
  expect(parseClusterId(text) as string | null).toBe(text);
});

test.each([
  '',
  '0',
  '01',
  '-1',
  '+1',
  '1.0',
  '1e3',
  ' 1',
  '1\n',
  '0x1',
  '9223372036854775808',
  '٣',
])('%p is none', (text) => {
  expect(isId(text)).toBeFalse();
  expect(parseMemberId(text)).toBeNull();
  expect(parseClusterId(text)).toBeNull();
});

test('an id of bytes is the first eight of them, without the sign, and never zero', () => {
  expect(idOfBytes(Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 2))).toBe('258');
  expect(idOfWords(0, 258)).toBe('258');
  expect(idOfWords(1, 0)).toBe('4294967296');
  expect(idOfBytes(new Uint8Array(8).fill(0xff))).toBe('9223372036854775807');
  expect(idOfBytes(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 7, 9, 9))).toBe('7');
  expect(idOfBytes(new Uint8Array(8))).toBe('1');
  expect(idOfBytes(Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0))).toBe('1');
});
