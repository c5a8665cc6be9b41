import { expect, test } from 'bun:test';
import { exp, ln } from '../../src/lib/exact-math.ts';

const SAMPLES = [
  1e-12,
  1e-3,
  0.1,
  0.5,
  0.7071,
  0.999,
  1,
  1.0001,
  1.4142,
  2,
  Math.E,
  10,
  12345,
  1e12,
];

test.each(SAMPLES)('ln(%d) is the natural logarithm', (x) => {
  expect(Math.abs(ln(x) - Math.log(x))).toBeLessThan(1e-12 * (1 + Math.abs(Math.log(x))));
});

test.each([-30, -1, -0.3466, -1e-9, 0, 0.3466, 1, 5.5, 30])('exp(%d) is the power of e', (x) => {
  expect(Math.abs(exp(x) / Math.exp(x) - 1)).toBeLessThan(1e-12);
});

const LOGARITHMS = [
  -27.631021115928547, -6.907755278982137, -2.3025850929940455, -0.6931471805599453,
  -0.3465831803719537, -0.0010005003335835344, 0, 0.00009999500033329732, 0.3465640001879916,
  0.6931471805599453, 0.9999999999999984, 2.3025850929940455, 9.42100640177928, 27.631021115928547,
];
const POWERS = [1.1051709180756477, 2.7182818284590455, 1408.1048482046956];

/** So every machine must have them, to the last bit. */
test('the bits are these', () => {
  expect(SAMPLES.map(ln)).toEqual(LOGARITHMS);
  expect([0.1, 1, 7.25].map(exp)).toEqual(POWERS);
});
