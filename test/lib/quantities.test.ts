import { expect, test } from 'bun:test';
import {
  formatDuration,
  formatSize,
  parseCount,
  parseDuration,
  parseSize,
} from '../../src/lib/quantities.ts';

test.each([
  ['0', 0],
  ['42', 42],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ['9007199254740992', null],
  ['99999999999999999999', null],
  ['007', null],
  ['+1', null],
  ['-1', null],
  ['1.0', null],
  ['1e3', null],
  [' 1', null],
  ['', null],
])('count %p', (text, count) => {
  expect(parseCount(text)).toBe(count);
});

test.each([
  ['100ms', 100],
  ['2s', 2000],
  ['1.5s', 1500],
  ['10m', 600_000],
  ['1h', 3_600_000],
  ['0s', 0],
  ['100', null],
  ['-1s', null],
  ['1.0005s', null],
  ['1 s', null],
  ['s', null],
  ['', null],
  ['1e3ms', null],
  ['999999999999999h', null],
])('duration %p', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  ['512', 512],
  ['512B', 512],
  ['4KiB', 4096],
  ['1.5MiB', 1_572_864],
  ['1kB', 1000],
  ['2GB', 2_000_000_000],
  ['1mib', null],
  ['0.1', null],
  ['-1', null],
])('size %p', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test('what is written is read back', () => {
  for (const ms of [0, 1, 999, 1000, 1500, 60_000, 90_000]) {
    expect(parseDuration(formatDuration(ms))).toBe(ms);
  }
  for (const bytes of [0, 1, 1024, 1025, 64 * 2 ** 20, 3 * 2 ** 30]) {
    expect(parseSize(formatSize(bytes))).toBe(bytes);
  }
  expect([formatDuration(1500), formatSize(1536 * 1024)]).toEqual(['1500ms', '1536KiB']);
});
