/** WHICH MUTANTS are tried: drawn from a seed, the same number from every part of the source. */
import { join } from 'node:path';
import { Glob } from 'bun';
import { Prng } from '../../../src/lib/prng.ts';
import { parseSources, type Source } from '../../tidy/source.ts';
import { type Mutant, mutantsOf } from './operators.ts';

const ROOT = join(import.meta.dir, '../../..');

/** The parts of the code, by the beginning of the path. */
export const PARTS = [
  'src/raft/',
  'src/storage/',
  'src/kv/',
  'src/node/loop/',
  'src/node/leader/',
  'src/node/leases/',
  'src/node/locks/',
  'src/node/snapshots/',
  'src/node/watch/',
  'src/node/hashes/',
  'src/node/space/',
  'src/node/',
  'src/wire/',
  'src/transport/',
] as const;

/** Its twin stands in for it in the simulator, or it is no part of what a cluster does. */
const ELSEWHERE = [
  /\/(?:memory-|node-disk|libc|lock\.ts|pace)/,
  /^src\/node\/(?:telemetry|clock|options|api)/,
  /\/(?:trace|invariants)\.ts/,
];

export function partOf(file: string): string | undefined {
  return PARTS.find((part) => file.startsWith(part));
}

export async function sourcesUnder(only: string): Promise<Source[]> {
  const paths = await Array.fromAsync(
    new Glob('src/{raft,storage,kv,node,wire,transport}/**/*.ts').scan(ROOT),
  );
  const wanted = paths
    .filter((path) => path.includes(only) && !ELSEWHERE.some((one) => one.test(path)))
    .toSorted();
  const files = wanted.map(async (path) => ({
    path,
    text: await Bun.file(join(ROOT, path)).text(),
  }));
  return await parseSources(await Promise.all(files));
}

/** All mutants in the order in which they are to be tried: one of each part, and again. */
export function drawMutants(sources: readonly Source[], seed: number): Mutant[] {
  const prng = new Prng(seed);
  const byPart = new Map<string, Mutant[]>();
  for (const mutant of sources.flatMap(mutantsOf)) {
    const part = partOf(mutant.file) ?? '';
    byPart.set(part, [...(byPart.get(part) ?? []), mutant]);
  }
  const piles = [...byPart.values()].map((pile) => shuffled(pile, prng));
  const drawn: Mutant[] = [];
  for (let at = 0; piles.some((pile) => at < pile.length); at += 1) {
    drawn.push(...piles.flatMap((pile) => pile[at] ?? []));
  }
  return drawn;
}

function shuffled<T>(items: readonly T[], prng: Prng): T[] {
  return items
    .map((item) => ({ item, at: prng.unit() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
