/** PUTS A CANARY IN and lets the simulator, or the test that is named, look for it. */
import { join } from 'node:path';
import { type Finding, hunt, NO_END, NO_START, type Seeds } from '../support/hunt.ts';
import type { Replacement } from '../support/replaced-source.ts';
import { huntByTest } from '../support/test-hunt.ts';
import type { Canary } from './canary.ts';

const ROOT = join(import.meta.dir, '../../..');

/** The source with the canary in it. @throws when there is no place for it, or more than one */
export async function replacementsOf(canary: Canary): Promise<Replacement[]> {
  const texts = new Map<string, string>();
  for (const { file, find, replace } of [canary, ...(canary.also ?? [])]) {
    const text = texts.get(file) ?? (await Bun.file(join(ROOT, file)).text());
    const places = text.split(find).length - 1;
    if (places !== 1) throw new Error(`"${canary.name}" has ${places} places in ${file}`);
    texts.set(
      file,
      text.replace(find, () => replace),
    );
  }
  return [...texts].map(([file, text]) => ({ file, text }));
}

/** Runs seeds from one on until one fails; or the test that finds this one. */
export function release(canary: Canary, seeds: Seeds): Promise<Finding> {
  const { foundBy } = canary;
  return foundBy === undefined ? seedsOf(canary, seeds) : testOf(canary, foundBy);
}

export async function seedsOf(canary: Canary, seeds: Seeds): Promise<Finding> {
  return await hunt(await replacementsOf(canary), seeds);
}

export async function testOf(canary: Canary, file: string): Promise<Finding> {
  return await huntByTest(await replacementsOf(canary), file);
}

/** Whether it was found: that a program does not run at all is no finding. */
export function isFound({ invariant }: Finding): boolean {
  return invariant !== null && invariant !== NO_START && invariant !== NO_END;
}
