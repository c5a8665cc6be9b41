/** PUTS A CANARY IN and lets the simulator look for it. */
import { join } from 'node:path';
import { type Finding, hunt, NO_END, NO_START, type Seeds } from '../support/hunt.ts';
import type { Replacement } from '../support/replaced-source.ts';
import type { Canary } from './canary.ts';

const ROOT = join(import.meta.dir, '../../..');

/** The source with the canary in it. @throws when there is no place for it, or more than one */
export async function replacementOf({ name, file, find, replace }: Canary): Promise<Replacement> {
  const text = await Bun.file(join(ROOT, file)).text();
  const places = text.split(find).length - 1;
  if (places !== 1) throw new Error(`"${name}" has ${places} places in ${file}`);
  return { file, text: text.replace(find, () => replace) };
}

/** Runs seeds from one on, until one fails. */
export async function release(canary: Canary, seeds: Seeds): Promise<Finding> {
  return await hunt(await replacementOf(canary), seeds);
}

/** Whether the simulator has found it: that a program does not run at all is no finding. */
export function isFound({ invariant }: Finding): boolean {
  return invariant !== null && invariant !== NO_START && invariant !== NO_END;
}
