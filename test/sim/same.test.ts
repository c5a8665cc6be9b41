import { describe, expect, test } from 'bun:test';
import { isSame } from '../../src/sim/checkers/same.ts';

describe('isSame', () => {
  test('finds equal what is equal, whatever the order of fields and what is undefined', () => {
    const a = { x: 1, y: [{ z: null }, 'text'], w: undefined };
    expect(isSame(a, { y: [{ z: null }, 'text'], x: 1 })).toBe(true);
    expect(isSame({ y: [{ z: null }, 'text'], x: 1 }, a)).toBe(true);
    expect(isSame(undefined, undefined)).toBe(true);
  });

  test.each([
    [1, 2],
    [null, {}],
    [undefined, null],
    [{}, []],
    [[], {}],
    [{ x: 1 }, { x: 2 }],
    [{ x: 1 }, {}],
    [{}, { x: 1 }],
    [{ x: { y: 1 } }, { x: {} }],
    [{ x: {} }, { x: { y: 1 } }],
    [[1, 2], [1]],
    [[1], [1, 2]],
    [
      [1, 2],
      [2, 1],
    ],
    ['1', 1],
  ])('tells %j from %j', (a, b) => {
    expect(isSame(a, b)).toBe(false);
  });
});
