/**
 * `bun run test [part of a path ...] [--option of bun test ...]`
 *
 * Runs the tests in suites, one process after another, and ends with one line: how many tests
 * passed and how many failed, counted from what each suite reports.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Glob } from 'bun';
import { judge, parseReport, type Report, type Verdict } from './junit.ts';
import { filesOf, type Suite, SUITES } from './suites.ts';
import { ensureCommands, searchPath } from './system-packages.ts';

const ROOT = join(import.meta.dir, '../..');

async function main(args: readonly string[]): Promise<number> {
  const firstOption = args.findIndex((arg) => arg.startsWith('-'));
  const filters = firstOption === -1 ? args : args.slice(0, firstOption);
  const options = firstOption === -1 ? [] : args.slice(firstOption);
  const files = (await Array.fromAsync(new Glob('test/**/*.test.ts').scan(ROOT))).toSorted();

  const verdicts: Verdict[] = [];
  for (const suite of SUITES) {
    const share = filesOf(suite, files, filters);
    if (share.length > 0) verdicts.push(await runSuite(suite, share, options));
  }
  if (verdicts.length === 0) say(`no test file matches ${filters.join(', ')}`);
  const passed = verdicts.reduce((sum, verdict) => sum + verdict.passed, 0);
  const failed = verdicts.reduce((sum, verdict) => sum + verdict.failed, 0);
  const bad = failed > 0 || passed === 0;
  say(`${passed} passed, ${bad ? Math.max(failed, 1) : 0} failed`);
  return bad ? 1 : 0;
}

async function runSuite(
  suite: Suite,
  files: readonly string[],
  options: readonly string[],
): Promise<Verdict> {
  say(`\n=== ${suite.name}: ${files.length} files`);
  const missing = await ensureCommands(suite.commands);
  if (missing !== null) {
    say(missing);
    return { passed: 0, failed: 1, complaints: [missing] };
  }
  const folder = await mkdtemp(join(tmpdir(), 'abcd-test-'));
  try {
    const report = join(folder, 'report.xml');
    const exitCode = await runBun(suite, files, [
      ...options,
      '--reporter=junit',
      `--reporter-outfile=${report}`,
    ]);
    // With a choice of tests by name, files without one are as expected.
    const expected = options.length === 0 ? files : [];
    const verdict = judge(await readReport(report), exitCode, expected);
    for (const complaint of verdict.complaints) say(`${suite.name}: ${complaint}`);
    say(`=== ${suite.name}: ${verdict.passed} passed, ${verdict.failed} failed`);
    return verdict;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs one suite with its output on the terminal; the exit code, or null if it was ended. */
async function runBun(
  suite: Suite,
  files: readonly string[],
  options: readonly string[],
): Promise<number | null> {
  const paths = files.map((file) => `./${file}`);
  const timeout = `--timeout=${suite.testTimeoutMs}`;
  const child = Bun.spawn([process.execPath, 'test', timeout, ...options, ...paths], {
    cwd: ROOT,
    env: { ...process.env, PATH: searchPath() },
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
  });
  const timer = setTimeout(() => {
    say(`${suite.name}: not over after ${suite.suiteTimeoutMs} ms, ended`);
    child.kill('SIGKILL');
  }, suite.suiteTimeoutMs);
  await child.exited;
  clearTimeout(timer);
  return child.exitCode;
}

async function readReport(path: string): Promise<Report | null> {
  const file = Bun.file(path);
  return (await file.exists()) ? parseReport(await file.text()) : null;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main(process.argv.slice(2));
