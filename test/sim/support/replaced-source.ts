/**
 * REPLACED SOURCE: preloaded by a process (`bun --preload`), it lets source files have other texts
 * than those on disk. So a bug can be put in without a copy of the program, and without a switch in
 * it. The process finds what to replace in the file that its environment names.
 */
import { plugin } from 'bun';

/** A source file, by its path from the top of the repository, and what it says instead. */
export interface Replacement {
  readonly file: string;
  readonly text: string;
}

/** A change of one place in a source file. */
export interface Edit {
  readonly file: string;
  /** Must be there exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** Names the file that holds a list of `Replacement`s as JSON. */
export const REPLACEMENT_VARIABLE = 'ABCD_TEST_REPLACEMENT';

const path = process.env[REPLACEMENT_VARIABLE];
if (path !== undefined) {
  for (const { file, text } of (await Bun.file(path).json()) as readonly Replacement[]) {
    const escaped = file.replaceAll(/[.]/g, String.raw`\.`);
    plugin({
      name: `replaced ${file}`,
      setup(build) {
        build.onLoad({ filter: new RegExp(`/${escaped}$`) }, () => ({
          contents: text,
          loader: 'ts',
        }));
      },
    });
  }
}
