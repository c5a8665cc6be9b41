/** What came of a run, as its report tells. */
export interface Report {
  readonly tests: number;
  readonly failed: number;
  readonly skipped: number;
  /** Files of which at least one test is in the report. */
  readonly files: ReadonlySet<string>;
}

/** Reads a report in the JUnit format that `bun test` writes; null if it is not one. */
export function parseReport(xml: string): Report | null {
  const totals = /<testsuites\b[^>]*>/.exec(xml)?.[0];
  if (totals === undefined || !xml.trimEnd().endsWith('</testsuites>')) return null;
  const tests = count(totals, 'tests');
  const failed = count(totals, 'failures');
  if (tests === null || failed === null) return null;
  const files = new Set<string>();
  for (const [testcase] of xml.matchAll(/<testcase\b[^>]*>/g)) {
    const file = attribute(testcase, 'file');
    if (file !== null) files.add(file);
  }
  return { tests, failed, skipped: count(totals, 'skipped') ?? 0, files };
}

/** Tests that passed and that failed, a suite that did not run as it should counted as one. */
export interface Verdict {
  readonly passed: number;
  readonly failed: number;
  /** What was wrong beside failed tests. */
  readonly complaints: readonly string[];
}

/**
 * Judges a run by its report and its exit code. A run is never believed to be good because nothing
 * was heard of it: no report, a file without a test, or an exit code without a failed test are
 * failures of their own.
 */
export function judge(
  report: Report | null,
  exitCode: number | null,
  files: readonly string[],
): Verdict {
  if (report === null) {
    return { passed: 0, failed: 1, complaints: [`no report; it ended with ${exitCode}`] };
  }
  const complaints = files
    .filter((file) => !report.files.has(file))
    .map((file) => `${file} ran no test`);
  if (exitCode !== 0 && report.failed === 0) complaints.push(`it ended with ${exitCode}`);
  if (report.skipped > 0) complaints.push(`${report.skipped} tests were skipped`);
  return {
    passed: report.tests - report.failed - report.skipped,
    failed: report.failed + complaints.length,
    complaints,
  };
}

function attribute(tag: string, name: string): string | null {
  return new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? null;
}

function count(tag: string, name: string): number | null {
  const value = attribute(tag, name);
  return value !== null && /^\d+$/.test(value) ? Number(value) : null;
}
