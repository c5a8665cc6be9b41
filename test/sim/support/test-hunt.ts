/** A HUNT by tests, of a file or of a folder: one must fail with a bug in the source. */
import { join } from 'node:path';
import { type Finding, NO_END, NO_START, withReplacement } from './hunt.ts';
import type { Replacement } from './replaced-source.ts';

const ROOT = join(import.meta.dir, '../../..');
const PRELOAD = join(import.meta.dir, 'replaced-source.ts');
/** Far more than the tests of any folder take. */
const PATIENCE_MS = 120_000;
const ERROR_LENGTH = 2_000;

/**
 * @param path from the top of the repository.
 * @param flags further ones of `bun test`.
 */
export function huntByTest(
  replacement: Replacement | readonly Replacement[],
  path: string,
  flags: readonly string[] = [],
): Promise<Finding> {
  return withReplacement(replacement, async (env) => {
    const started = Bun.nanoseconds();
    const test = ['test', `--preload=${PRELOAD}`, '--bail', ...flags];
    const command = [process.execPath, ...test, `./${path}`];
    const child = Bun.spawn(command, {
      cwd: ROOT,
      env,
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
    });
    let hung = false;
    const timer = setTimeout(() => {
      hung = true;
      child.kill('SIGKILL');
    }, PATIENCE_MS);
    const said = await new Response(child.stderr).text();
    await child.exited;
    clearTimeout(timer);
    const rest = { runs: 0, seconds: (Bun.nanoseconds() - started) / 1e9 };
    if (hung) return { invariant: NO_END, message: '', ...rest };
    if (child.exitCode === 0) return { invariant: null, message: '', ...rest };
    const failed = /^\(fail\) (.*?)(?: \[[\d.]+m?s\])?$/m.exec(said)?.[1];
    if (failed !== undefined) return { invariant: failed, message: '', ...rest };
    return { invariant: NO_START, message: said.slice(-ERROR_LENGTH), ...rest };
  });
}
