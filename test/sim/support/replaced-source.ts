/**
 * REPLACED SOURCE: preloaded by a process (`bun --preload`), it lets one source file have another
 * text than the one on disk. So a bug can be put in without a copy of the program, and without a
 * switch in it. The process finds what to replace in the file that its environment names.
 */
import { plugin } from 'bun';

/** A source file, by its path from the top of the repository, and what it says instead. */
export interface Replacement {
  readonly file: string;
  readonly text: string;
}

/** Names the file that holds a `Replacement` as JSON. */
export const REPLACEMENT_VARIABLE = 'ABCD_TEST_REPLACEMENT';

const path = process.env[REPLACEMENT_VARIABLE];
if (path !== undefined) {
  const { file, text } = (await Bun.file(path).json()) as Replacement;
  const escaped = file.replaceAll(/[.]/g, String.raw`\.`);
  plugin({
    name: 'replaced source',
    setup(build) {
      build.onLoad({ filter: new RegExp(`/${escaped}$`) }, () => ({
        contents: text,
        loader: 'ts',
      }));
    },
  });
}
