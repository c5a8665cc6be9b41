/**
 * MISTAKES THOUGHT OUT BY HAND: each is small, compiles, and breaks a promise only in a case that
 * is easily forgotten. They are no canaries, which the simulator alone must find: any of the
 * default tests may find them.
 */
import { join } from 'node:path';
import type { Replacement } from '../../support/replaced-source.ts';

const ROOT = join(import.meta.dir, '../../../..');

export interface Mistake {
  readonly name: string;
  readonly file: string;
  /** What is found, exactly once each, and what stands there instead. */
  readonly edits: readonly (readonly [find: string, replace: string])[];
}

/** The source with the mistake in it. @throws when there is no place for it, or more than one */
export async function mistaken({ name, file, edits }: Mistake): Promise<Replacement> {
  let text = await Bun.file(join(ROOT, file)).text();
  for (const [find, replace] of edits) {
    const places = text.split(find).length - 1;
    if (places !== 1) throw new Error(`"${name}" has ${places} places in ${file}`);
    text = text.replace(find, () => replace);
  }
  return { file, text };
}
