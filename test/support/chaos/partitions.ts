/** PARTITIONS: which nodes stop hearing which, for a while. */
import type { Prng } from '../../../src/lib/prng.ts';
import type { NodeProcess } from '../node-process.ts';
import { type Fault, leaderOf } from './faults.ts';
import type { CutStyle, Namespaces } from './namespaces.ts';

/** Who is not heard by whom. */
type Cut = readonly [from: number, to: number];

export function partitions(
  nodes: () => readonly NodeProcess[],
  namespaces: Namespaces,
  longestMs: number,
): Fault[] {
  const leader = async (prng: Prng): Promise<number> => {
    const node = await leaderOf(nodes());
    return node === null ? prng.between(0, nodes().length) : nodes().indexOf(node);
  };
  const fault = (
    name: string,
    style: CutStyle | null,
    cuts: (prng: Prng) => Cut[] | Promise<Cut[]>,
  ): Fault => ({
    name,
    strike: async (prng) => {
      const how = style ?? prng.pick(['drop', 'reject']);
      const all = await cuts(prng);
      await Promise.all(all.map(([from, to]) => namespaces.cut(from, to, how)));
      await Bun.sleep(700 + prng.unit() * (longestMs - 700));
      await namespaces.heal();
    },
  });
  const others = (one: number): number[] => [...nodes().keys()].filter((i) => i !== one);
  const apart = (one: number): Cut[] =>
    others(one).flatMap((i): Cut[] => [
      [one, i],
      [i, one],
    ]);
  return [
    fault('leaders cut off, silently', 'drop', async (prng) => apart(await leader(prng))),
    fault('leaders cut off, refused', 'reject', async (prng) => apart(await leader(prng))),
    fault('leaders that are not heard', null, async (prng) => {
      const one = await leader(prng);
      return others(one).map((i): Cut => [one, i]);
    }),
    fault('leaders that hear nothing', null, async (prng) => {
      const one = await leader(prng);
      return others(one).map((i): Cut => [i, one]);
    }),
    fault('halves', null, (prng) => halves(nodes().length, prng)),
    fault('majority rings', null, () => ring(nodes().length)),
    fault('single links', null, (prng) => {
      const one = prng.between(0, nodes().length);
      return [[one, prng.pick(others(one))]];
    }),
  ];
}

/** Two groups that hear nothing of each other; one is a majority. */
function halves(size: number, prng: Prng): Cut[] {
  const mixed = [...Array(size).keys()].sort(() => prng.unit() - 0.5);
  const [few, many] = [mixed.slice(0, Math.floor(size / 2)), mixed.slice(Math.floor(size / 2))];
  return few.flatMap((a) =>
    many.flatMap((b): Cut[] => [
      [a, b],
      [b, a],
    ]),
  );
}

/** Everyone hears a majority, and no two the same: neighbours in a ring hear each other, only. */
function ring(size: number): Cut[] {
  const all = [...Array(size).keys()];
  const reach = Math.floor((Math.floor(size / 2) + 1) / 2);
  return all.flatMap((a) =>
    all.filter((b) => a !== b && distance(a, b, size) > reach).map((b): Cut => [a, b]),
  );
}

function distance(a: number, b: number, size: number): number {
  const steps = Math.abs(a - b);
  return Math.min(steps, size - steps);
}
