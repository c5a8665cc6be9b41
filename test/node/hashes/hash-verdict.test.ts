import { describe, expect, test } from 'bun:test';
import { type HashReports, judgeHashes } from '../../../src/node/hashes/hash-verdict.ts';
import { idOf } from '../support/node-cluster.ts';

type Points = Readonly<Record<number, string>>;

/** What members 1, 2, … say; null for one that says nothing. */
function reportsOf(...points: readonly (Points | null)[]): HashReports {
  const reports = points.map((said, at) => {
    const known = Object.entries(said ?? {}).map(([index, hash]) => [Number(index), hash] as const);
    return [idOf(at + 1), new Map(known)] as const;
  });
  return new Map(reports);
}

function votersOf(count: number) {
  return Array.from({ length: count }, (_, at) => idOf(at + 1));
}

/** Who is said to be wrong, and equal; whether somebody is and it is not known who. */
function judge(voters: number, ...points: readonly (Points | null)[]) {
  const { divergent, equal, undecided } = judgeHashes(votersOf(voters), reportsOf(...points));
  const wrong = divergent.map(({ member, index }) => `${member}@${index}`);
  return { wrong, equal: equal.map(String), undecided: undecided?.index ?? null };
}

describe('a majority of all voters decides', () => {
  test('all have the same', () => {
    const same = { 128: 'a', 200: 'b' };
    expect(judge(3, same, same, same)).toEqual({
      wrong: [],
      equal: ['1', '2', '3'],
      undecided: null,
    });
  });

  test('one of three differs, the leader or another', () => {
    expect(judge(3, { 10: 'a' }, { 10: 'a' }, { 10: 'x' }).wrong).toEqual(['3@10']);
    expect(judge(3, { 10: 'x' }, { 10: 'a' }, { 10: 'a' }).wrong).toEqual(['1@10']);
  });

  test('two of five differ, from each other too', () => {
    const all = [{ 9: 'a' }, { 9: 'x' }, { 9: 'a' }, { 9: 'y' }, { 9: 'a' }];
    expect(judge(5, ...all).wrong).toEqual(['2@9', '4@9']);
  });

  test('a learner has no say, and is judged', () => {
    expect(judge(3, { 9: 'a' }, { 9: 'a' }, null, { 9: 'x' }).wrong).toEqual(['4@9']);
    const learners = judge(3, { 9: 'a' }, { 9: 'x' }, null, { 9: 'x' }, { 9: 'x' });
    expect(learners).toEqual({ wrong: [], equal: [], undecided: 9 });
  });
});

describe('nobody is judged', () => {
  test('by less than a majority of all voters, heard or not', () => {
    expect(judge(3, { 9: 'a' }, { 9: 'x' }, null)).toEqual({ wrong: [], equal: [], undecided: 9 });
    expect(judge(2, { 9: 'a' }, { 9: 'x' }).undecided).toBe(9);
    expect(judge(5, { 9: 'a' }, { 9: 'a' }, { 9: 'x' }).wrong).toEqual([]);
    expect(judge(4, { 9: 'a' }, { 9: 'a' }, { 9: 'x' }, { 9: 'x' }).undecided).toBe(9);
  });

  test('at an index that no majority has', () => {
    const behind = judge(3, { 9: 'a', 20: 'b' }, { 9: 'a', 20: 'b' }, { 8: 'x', 21: 'y' });
    expect(behind).toEqual({ wrong: [], equal: ['1', '2'], undecided: null });
  });

  test('when nothing is known of the others', () => {
    expect(judge(3, { 9: 'a' }, null, null)).toEqual({ wrong: [], equal: [], undecided: null });
    expect(judge(3)).toEqual({ wrong: [], equal: [], undecided: null });
  });
});

describe('among several indexes', () => {
  test('a member is judged where it was seen last beside a majority', () => {
    const all = [
      { 128: 'a', 256: 'b', 300: 'c' },
      { 128: 'a', 256: 'b', 300: 'c' },
      { 128: 'x', 256: 'b', 299: 'y' },
    ];
    expect(judge(3, ...all)).toEqual({ wrong: [], equal: ['1', '2', '3'], undecided: null });
    const wrong = judge(3, { 128: 'a', 300: 'c' }, { 128: 'a', 300: 'c' }, { 128: 'x', 299: 'y' });
    expect(wrong.wrong).toEqual(['3@128']);
  });

  test('that two differ now is said, though all agreed before', () => {
    const differ = judge(3, { 128: 'a', 300: 'c' }, { 128: 'a', 300: 'y' }, { 128: 'a' });
    expect(differ).toMatchObject({ wrong: [], undecided: 300 });
  });

  test('who is known to be wrong explains what no majority has seen', () => {
    const known = judge(3, { 256: 'b', 300: 'c' }, { 256: 'b' }, { 256: 'x', 300: 'y' });
    expect(known).toMatchObject({ wrong: ['3@256'], undecided: null });
  });
});

test('both hashes are told', () => {
  const { divergent } = judgeHashes(votersOf(3), reportsOf({ 9: 'a' }, { 9: 'a' }, { 9: 'x' }));
  expect(divergent).toEqual([{ member: idOf(3), index: 9, hash: 'x', majorityHash: 'a' }]);
});
