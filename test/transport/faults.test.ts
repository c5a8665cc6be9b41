import { expect, test } from 'bun:test';
import { Prng } from '../../src/lib/prng.ts';
import type { Fault, FaultControl } from '../../src/node/api.ts';
import { FaultTable } from '../../src/transport/faults.ts';
import { ApiError } from '../../src/wire/errors.ts';
import { ManualClock } from './manual-clock.ts';
import { A, B } from './samples.ts';

const fault = (change: Partial<Fault>): Fault => ({
  peer: A,
  direction: 'out',
  cut: false,
  dropRate: 0,
  delayMs: 0,
  ttlSeconds: 10,
  ...change,
});

function create() {
  const clock = new ManualClock();
  const prng = new Prng(4);
  const table = new FaultTable(clock, (probability) => prng.chance(probability));
  // The node's port: this assignment is the test that it fits.
  const control: FaultControl = table;
  return { clock, table, control };
}

test('a cut is for one peer and one direction', () => {
  const { table, control } = create();
  control.set([fault({ cut: true })]);
  expect(table.judge(A, 'out')).toEqual({ lost: true, delayMs: 0 });
  expect(table.judge(A, 'in')).toEqual({ lost: false, delayMs: 0 });
  expect(table.judge(B, 'out')).toEqual({ lost: false, delayMs: 0 });
});

test('several faults add up, and `set` replaces them all', () => {
  const { table } = create();
  table.set([fault({ delayMs: 5 }), fault({ delayMs: 7 })]);
  expect(table.judge(A, 'out')).toEqual({ lost: false, delayMs: 12 });
  table.set([fault({ direction: 'in', delayMs: 1 })]);
  expect(table.judge(A, 'out')).toEqual({ lost: false, delayMs: 0 });
  table.clear();
  expect(table.list()).toEqual([]);
});

test('a drop rate is a rate', () => {
  const { table } = create();
  table.set([fault({ dropRate: 0.25 })]);
  let lost = 0;
  for (let i = 0; i < 10_000; i += 1) if (table.judge(A, 'out').lost) lost += 1;
  expect(lost).toBeGreaterThan(2300);
  expect(lost).toBeLessThan(2700);
});

test('a fault ends by itself', () => {
  const { clock, table } = create();
  table.set([fault({ cut: true, ttlSeconds: 2 })]);
  clock.advance(1500);
  expect(table.list()).toEqual([fault({ cut: true, ttlSeconds: 1 })]);
  expect(table.judge(A, 'out').lost).toBe(true);
  clock.advance(500);
  expect(table.judge(A, 'out').lost).toBe(false);
  expect(table.list()).toEqual([]);
});

test('values out of range change nothing', () => {
  const { table } = create();
  table.set([fault({ cut: true })]);
  const bad: Partial<Fault>[] = [
    { dropRate: 1.1 },
    { dropRate: -0.1 },
    { dropRate: Number.NaN },
    { delayMs: -1 },
    { delayMs: Number.POSITIVE_INFINITY },
    { ttlSeconds: 0 },
    { ttlSeconds: Number.POSITIVE_INFINITY },
  ];
  for (const change of bad) expect(() => table.set([fault(change)])).toThrow(ApiError);
  expect(table.list()).toEqual([fault({ cut: true })]);
});
