import { expect, test } from 'bun:test';
import { histogram, percentile } from './write-gap.ts';

test('percentiles are values that were measured', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  expect([50, 90, 99, 100].map((p) => percentile(hundred, p))).toEqual([50, 90, 99, 100]);
  expect(percentile([7], 99)).toBe(7);
});

test('a histogram has a bar for every 50 ms that has something', () => {
  expect(histogram('gaps', [410, 420, 449, 612.4])).toBe(
    [
      'gaps: 4 times, p50 420 ms, p90 612 ms, p99 612 ms, max 612 ms',
      `   400 ms     3 ${'#'.repeat(50)}`,
      `   600 ms     1 ${'#'.repeat(17)}`,
    ].join('\n'),
  );
});
