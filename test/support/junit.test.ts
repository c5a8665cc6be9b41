import { describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judge, parseReport, type Report } from './junit.ts';

function report(tests: number, failed: number, skipped: number, ...files: string[]): Report {
  return { tests, failed, skipped, files: new Set(files) };
}

describe('a verdict', () => {
  test('is the real counts when all is well', () => {
    expect(judge(report(5, 0, 0, 'a', 'b'), 0, ['a', 'b'])).toEqual({
      passed: 5,
      failed: 0,
      complaints: [],
    });
    expect(judge(report(5, 2, 0, 'a'), 1, ['a'])).toEqual({ passed: 3, failed: 2, complaints: [] });
  });

  test.each([
    ['a run without a report', null, 0, ['a']],
    ['a run that was ended', null, null, ['a']],
    ['a file without a test', report(5, 0, 0, 'a'), 0, ['a', 'b']],
    ['an exit code without a failed test', report(5, 0, 0, 'a'), 1, ['a']],
    ['a skipped test', report(5, 0, 1, 'a'), 0, ['a']],
  ])('counts %s as failed', (_what, result, exitCode, files) => {
    const verdict = judge(result, exitCode, files);
    expect(verdict.failed).toBe(1);
    expect(verdict.complaints).toHaveLength(1);
  });
});

describe('a report', () => {
  test('is null when it is not whole', () => {
    expect(parseReport('')).toBeNull();
    expect(parseReport('<testsuites tests="3" failures="0">')).toBeNull();
    expect(parseReport('<testsuites></testsuites>')).toBeNull();
  });

  test('that bun writes is read: what passes, fails, and is left out', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'abcd-junit-'));
    try {
      const good = "test('good', () => { expect(1).toBe(1); });";
      const bad = "test('bad \"<&>\\'', () => { expect(1).toBe(2); });";
      const off = "test['skip']('off', () => {});";
      const begin = "import { expect, test } from 'bun:test';";
      await Bun.write(join(folder, 'a.test.ts'), [begin, good, bad, off].join('\n'));
      const outfile = join(folder, 'report.xml');
      const child = Bun.spawn(
        [process.execPath, 'test', '--reporter=junit', `--reporter-outfile=${outfile}`],
        { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'] },
      );
      expect(await child.exited).toBe(1);
      const read = parseReport(await Bun.file(outfile).text());
      expect(read).toEqual(report(3, 1, 1, 'a.test.ts'));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
