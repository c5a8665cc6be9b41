import { describe, expect, test } from 'bun:test';
import type { MemberId } from '../../src/lib/ids.ts';
import { Prng } from '../../src/lib/prng.ts';
import { drawPartition, type Partition } from '../../src/sim/partitions.ts';

const FIRST = '1' as MemberId;
const IDS = [FIRST, '2', '3', '4', '5'] as MemberId[];

function drawn(first: MemberId | null = null): Partition[] {
  return Array.from({ length: 500 }, (_, seed) => drawPartition(new Prng(seed), IDS, first));
}

function isCut({ cuts }: Partition, from: MemberId, to: MemberId): boolean {
  return cuts.some(([some, others]) => some.includes(from) && others.includes(to));
}

/** With itself, in both directions. */
function seenBy(partition: Partition, id: MemberId): MemberId[] {
  return IDS.filter((to) => !isCut(partition, id, to) && !isCut(partition, to, id));
}

describe('partitions', () => {
  test('of every kind are drawn, in one direction about as often as in both', () => {
    const all = drawn();
    const kinds = new Set(all.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual([
      'partition-alone',
      'partition-bridge',
      'partition-groups',
      'partition-halves',
      'partition-ring',
    ]);
    const split = all.filter(({ kind }) => kind === 'partition-alone');
    const oneWay = split.filter(({ isOneWay }) => isOneWay).length;
    expect(oneWay / split.length).toBeGreaterThan(0.35);
    expect(oneWay / split.length).toBeLessThan(0.65);
  });

  test('that go one way let everything pass the other way', () => {
    for (const partition of drawn().filter(({ isOneWay }) => isOneWay)) {
      for (const from of IDS) {
        for (const to of IDS) {
          const isSplit = isCut(partition, from, to) && isCut(partition, to, from);
          expect(isSplit).toBeFalse();
        }
      }
    }
  });

  test('of the other kinds are what they are called', () => {
    const of = (kind: Partition['kind']) =>
      drawn(FIRST).filter((one) => one.kind === kind && !one.isOneWay);
    for (const one of of('partition-alone')) expect(seenBy(one, FIRST)).toEqual([FIRST]);
    for (const one of of('partition-ring')) {
      const majorities = IDS.map((id) => seenBy(one, id).join(''));
      expect(majorities.every((seen) => seen.length >= 3)).toBeTrue();
      expect(new Set(majorities).size).toBe(IDS.length);
    }
    for (const one of of('partition-bridge')) {
      expect(seenBy(one, FIRST)).toEqual(IDS);
      for (const id of IDS.slice(1)) expect(seenBy(one, id)).toHaveLength(3);
    }
  });
});
