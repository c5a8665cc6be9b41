/** Ways to cut a network. */
import type { MemberId } from '../lib/ids.ts';
import type { Prng } from '../lib/prng.ts';

type Ids = readonly MemberId[];

export interface Partition {
  readonly kind: 'partition-one-way' | 'partition-ring' | 'other';
  /** Nothing gets from the first group to the second. */
  readonly cuts: readonly (readonly [Ids, Ids])[];
}

/** @param first a member that is alone, or in the smaller part, if anyone is; null for no one. */
export function drawPartition(prng: Prng, members: Ids, first: MemberId | null): Partition {
  const drawn = shuffled(prng, members);
  const ids = first === null ? drawn : [first, ...drawn.filter((id) => id !== first)];
  const size = prng.chance(0.4) ? 1 : prng.between(1, Math.max(2, ids.length));
  const one = ids.slice(0, size);
  const other = ids.slice(size);
  switch (prng.between(0, 5)) {
    case 0:
      return { kind: 'partition-one-way', cuts: [[one, other]] };
    case 1:
      return { kind: 'partition-ring', cuts: ring(ids) };
    case 2:
      return { kind: 'other', cuts: bridge(ids) };
    default:
      return {
        kind: 'other',
        cuts: [
          [one, other],
          [other, one],
        ],
      };
  }
}

/** Everyone sees a majority, and no two the same one. */
function ring(ids: Ids): [Ids, Ids][] {
  const reach = Math.floor(ids.length / 4) + 1;
  return ids.flatMap((id, at): [Ids, Ids][] => {
    const far = ids.filter((_, other) => {
      const distance = Math.abs(at - other);
      return Math.min(distance, ids.length - distance) > reach;
    });
    return [[[id], far]];
  });
}

/** Two halves that see each other only through one member. */
function bridge(ids: Ids): [Ids, Ids][] {
  const rest = ids.slice(1);
  const one = rest.slice(0, Math.floor(rest.length / 2));
  const other = rest.slice(one.length);
  return [
    [one, other],
    [other, one],
  ];
}

function shuffled(prng: Prng, ids: Ids): Ids {
  const left = [...ids];
  const drawn: MemberId[] = [];
  while (left.length > 0) drawn.push(...left.splice(prng.between(0, left.length), 1));
  return drawn;
}
