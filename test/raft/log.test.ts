import { describe, expect, test } from 'bun:test';
import { Prng } from '../../src/lib/prng.ts';
import type { Term } from '../../src/raft/entry.ts';
import { compareLogEnds, RaftLog } from '../../src/raft/log.ts';
import { logOf, votersUpTo } from '../support/raft-members.ts';

const entriesOf = (terms: readonly Term[]) => logOf(votersUpTo(1), terms);

/** A log of these terms whose first `base` entries are compacted away. */
function logWith(terms: readonly Term[], base = 0): RaftLog {
  const log = new RaftLog(0, 0, entriesOf(terms));
  log.compact(base);
  return log;
}

describe('a log', () => {
  test('that is restored is durable up to its end', () => {
    const log = new RaftLog(2, 1, entriesOf([1, 1, 2]).slice(2));
    expect(log.end).toEqual({ lastIndex: 3, lastTerm: 2 });
    expect([log.baseIndex, log.firstIndex, log.durableIndex]).toEqual([2, 3, 3]);
  });

  test('that is empty ends at its base, in its base term', () => {
    expect(new RaftLog(7, 3, []).end).toEqual({ lastIndex: 7, lastTerm: 3 });
    expect(new RaftLog(0, 0, []).matches(0, 0)).toBe(true);
  });

  test('knows terms from its base to its end', () => {
    const log = logWith([1, 1, 2, 3], 2);
    expect([1, 2, 3, 4, 5].map((index) => log.term(index))).toEqual([null, 1, 2, 3, null]);
    expect(log.entry(3).term).toBe(2);
    expect(() => log.entry(2)).toThrow('log entry 2');
  });

  test('takes only what follows its end', () => {
    const log = logWith([1, 2]);
    expect(() => log.append(entriesOf([1, 2, 2, 2]).slice(3))).toThrow('append 4 after 2');
    expect(() => log.append(entriesOf([1, 2, 1]).slice(2))).toThrow('term falls from 2 to 1');
  });

  test('grows in memory first: durable is what the disk said', () => {
    const log = logWith([1]);
    log.append(entriesOf([1, 2, 2]).slice(1));
    expect(log.durableIndex).toBe(1);
    log.markDurable(2, 2);
    expect(log.durableIndex).toBe(2);
    log.markDurable(1, 1);
    expect(log.durableIndex).toBe(2);
    log.markDurable(3, 1);
    expect(log.durableIndex).toBe(2);
  });

  test('that is truncated is durable no further than what remains', () => {
    const log = logWith([1, 1, 1, 1]);
    log.truncateFrom(3);
    expect([log.lastIndex, log.durableIndex]).toEqual([2, 2]);
    expect(() => logWith([1, 1, 1], 2).truncateFrom(2)).toThrow('truncate 2 at or below base 2');
  });

  test('that is compacted keeps what is behind, and compacting twice changes nothing', () => {
    const log = logWith([1, 2, 3], 2);
    log.compact(1);
    expect([log.baseIndex, log.lastIndex, log.term(2)]).toEqual([2, 3, 2]);
    log.compact(3);
    expect(log.end).toEqual({ lastIndex: 3, lastTerm: 3 });
  });

  test('that is replaced by a snapshot is not durable until the disk says so', () => {
    const log = logWith([1, 1]);
    log.reset(9, 4);
    expect(log.durableIndex).toBe(0);
    log.markDurable(9, 4);
    expect([log.baseIndex, log.durableIndex, log.lastTerm]).toEqual([9, 9, 4]);
  });
});

describe('a slice', () => {
  const log = logWith([1, 1, 1, 1, 1]);
  const bytes = log.entry(3).json.length;

  test('ends before the byte limit is passed', () => {
    expect(log.slice(2, 5, 2 * bytes).map((entry) => entry.index)).toEqual([2, 3]);
    expect(log.slice(2, 5, 2 * bytes - 1).map((entry) => entry.index)).toEqual([2]);
  });

  test('holds one entry, however large', () => {
    expect(log.slice(2, 5, 1).map((entry) => entry.index)).toEqual([2]);
  });

  test('stays within the log', () => {
    expect(log.slice(2, 5)).toHaveLength(4);
    expect(() => log.slice(2, 6)).toThrow('slice to 6 beyond last 5');
    expect(() => logWith([1, 1, 1], 1).slice(1, 2)).toThrow('slice from 1 at or below base 1');
  });
});

test('log ends are ordered by last term, then by length (§5.4.1)', () => {
  const ordered = [
    { lastTerm: 1, lastIndex: 9 },
    { lastTerm: 2, lastIndex: 3 },
    { lastTerm: 2, lastIndex: 4 },
  ];
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) {
      expect(Math.sign(compareLogEnds(a, b))).toBe(Math.sign(i - j));
    }
  }
});

test('the search for where two logs agree skips no place where they may (§5.3)', () => {
  const prng = new Prng(1);
  for (let round = 0; round < 500; round += 1) {
    const terms = risingTerms(prng);
    const base = prng.between(0, terms.length + 1);
    const log = logWith(terms, base);
    const index = prng.between(base, terms.length + 3);
    const term = prng.between(0, 8);
    let expected = Math.min(index, log.lastIndex);
    while (expected >= base && (log.term(expected) ?? 0) > term) expected -= 1;
    expect(log.lastIndexNotAfterTerm(index, term)).toBe(expected);
  }
});

function risingTerms(prng: Prng): Term[] {
  let term = 1;
  return Array.from({ length: prng.between(1, 12) }, () => {
    if (prng.chance(0.4)) term += 1;
    return term;
  });
}
