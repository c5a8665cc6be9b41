/**
 * `bun run check`
 *
 * Everything about the code that can be told without running it: the format, the lint rules, the
 * types, and the rules of `test/tidy.test.ts`. All of them run, whichever fails first, and the last
 * line says how many passed.
 */
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');

interface Check {
  readonly name: string;
  readonly command: readonly string[];
}

const BUN = process.execPath;
const STRICT = ['--deny-warnings', '--report-unused-disable-directives'];
const CHECKS: readonly Check[] = [
  { name: 'format', command: [BUN, 'run', 'biome', 'format', '--error-on-warnings'] },
  {
    name: 'lint',
    command: [BUN, 'run', 'oxlint', '--type-aware', ...STRICT, 'src', 'test', 'docker'],
  },
  { name: 'types', command: [BUN, 'run', 'tsc', '--noEmit', '-p', '.'] },
  { name: 'tidy', command: [BUN, 'test', './test/tidy.test.ts'] },
];

let failed = 0;
for (const { name, command } of CHECKS) {
  process.stdout.write(`=== ${name}\n`);
  const child = Bun.spawn([...command], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  const code = await child.exited;
  if (code !== 0) failed += 1;
  process.stdout.write(`=== ${name}: ${code === 0 ? 'passed' : 'failed'}\n`);
}
process.stdout.write(`${CHECKS.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
