/** The quick quorum against a slow one that is obviously right, in all cases of up to 7 voters. */
import { describe, expect, test } from 'bun:test';
import type { MemberId } from '../../src/lib/ids.ts';
import { hasQuorum, majority, quorumIndex, tally } from '../../src/raft/quorum.ts';
import { idOf } from '../support/raft-members.ts';

const SIZES = [1, 2, 3, 4, 5, 6, 7];

describe('of every size', () => {
  for (const size of SIZES) {
    const voters = Array.from({ length: size }, (_, i) => idOf(i + 1));

    test(`${size}: a majority is more than half, and not one too many`, () => {
      expect(majority(size) * 2).toBeGreaterThan(size);
      expect((majority(size) - 1) * 2).toBeLessThanOrEqual(size);
    });

    test(`${size}: a quorum is any majority of the voters, and nobody else counts`, () => {
      for (const holders of everyWay(size, [true, false])) {
        const holds = (id: MemberId) => Number(id) > size || holders[Number(id) - 1] === true;
        const count = holders.filter(Boolean).length;
        expect(hasQuorum(voters, holds)).toBe(count * 2 > size);
      }
    });

    test(`${size}: the quorum index is the largest that more than half have reached`, () => {
      for (const values of everyWay(size, [0, 2, 5])) {
        const reached = [0, 2, 5].filter((index) => {
          return values.filter((value) => value >= index).length * 2 > size;
        });
        const expected = Math.max(...reached);
        const actual = quorumIndex(voters, (id) => values[Number(id) - 1] ?? 0);
        expect(actual).toBe(expected);
      }
    });

    test(`${size}: an election is lost once the open votes cannot win it`, () => {
      for (const votes of everyWay(size, [true, false, null])) {
        const given = new Map<MemberId, boolean>([[idOf(9), true]]);
        for (const [i, vote] of votes.entries()) if (vote !== null) given.set(idOf(i + 1), vote);
        const yes = votes.filter((vote) => vote === true).length;
        const open = votes.filter((vote) => vote === null).length;
        const expected = yes * 2 > size ? 'won' : (yes + open) * 2 > size ? 'open' : 'lost';
        expect(tally(voters, given)).toBe(expected);
      }
    });
  }
});

test('any two majorities of neighbouring configurations overlap (thesis §4.1)', () => {
  for (const size of SIZES) {
    expect(majority(size) + majority(size + 1)).toBeGreaterThan(size + 1);
  }
});

test('without voters there is no quorum, and nothing is committed', () => {
  expect(hasQuorum([], () => true)).toBe(false);
  expect(quorumIndex([], () => 7)).toBe(0);
  expect(tally([], new Map())).toBe('lost');
});

/** Every way to fill `length` places with these values. */
function everyWay<T>(length: number, values: readonly T[]): T[][] {
  if (length === 0) return [[]];
  return everyWay(length - 1, values).flatMap((rest) => values.map((value) => [value, ...rest]));
}
