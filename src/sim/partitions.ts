/** Ways to cut a network. */
import type { MemberId } from '../lib/ids.ts';
import type { Prng } from '../lib/prng.ts';

type Ids = readonly MemberId[];

export type PartitionKind =
  | 'partition-alone'
  | 'partition-halves'
  | 'partition-groups'
  | 'partition-ring'
  | 'partition-bridge';

export interface Partition {
  readonly kind: PartitionKind;
  /** What is cut is cut in one direction only. */
  readonly isOneWay: boolean;
  /** Nothing gets from the first group to the second. */
  readonly cuts: readonly (readonly [Ids, Ids])[];
}

/** @param first a member that is alone, or in the smaller part, if anyone is; null for no one. */
export function drawPartition(prng: Prng, members: Ids, first: MemberId | null): Partition {
  const drawn = shuffled(prng, members);
  const ids = first === null ? drawn : [first, ...drawn.filter((id) => id !== first)];
  const kind = prng.pick<PartitionKind>([
    'partition-alone',
    'partition-alone',
    'partition-halves',
    'partition-groups',
    'partition-ring',
    'partition-bridge',
  ]);
  switch (kind) {
    case 'partition-alone':
      return between(prng, kind, [ids.slice(0, 1), ids.slice(1)]);
    case 'partition-halves': {
      const size = prng.between(1, Math.max(2, ids.length));
      return between(prng, kind, [ids.slice(0, size), ids.slice(size)]);
    }
    case 'partition-groups':
      return between(prng, kind, groups(prng, ids));
    case 'partition-ring':
      if (ids.length > 3) return { kind, isOneWay: false, cuts: ring(ids) };
      return { kind: 'partition-bridge', isOneWay: false, cuts: bridge(ids) };
    case 'partition-bridge':
      return { kind, isOneWay: false, cuts: bridge(ids) };
  }
}

/** Nothing passes between the parts; or of any two, one still reaches the other. */
function between(prng: Prng, kind: PartitionKind, parts: readonly Ids[]): Partition {
  const isOneWay = prng.chance(0.5);
  const cuts: [Ids, Ids][] = [];
  for (const [at, one] of parts.entries()) {
    for (const other of parts.slice(at + 1)) {
      const isDeaf = prng.chance(0.5);
      if (!isOneWay || !isDeaf) cuts.push([one, other]);
      if (!isOneWay || isDeaf) cuts.push([other, one]);
    }
  }
  return { kind, isOneWay, cuts };
}

/** Everyone is in any of up to as many groups as there are members. */
function groups(prng: Prng, ids: Ids): Ids[] {
  const count = prng.between(2, Math.max(3, ids.length + 1));
  const made: MemberId[][] = Array.from({ length: count }, () => []);
  for (const id of ids) prng.pick(made).push(id);
  return made;
}

/** Everyone sees a majority, and no two the same one; of three that is not possible. */
function ring(ids: Ids): [Ids, Ids][] {
  const reach = Math.ceil(Math.floor(ids.length / 2) / 2);
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
