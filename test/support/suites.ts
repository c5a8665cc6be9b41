/** A part of the tests that runs in a process of its own. */
export interface Suite {
  readonly name: 'unit' | 'simulator' | 'differential' | 'hostile' | 'e2e';
  /** Folders under `test/`; the suite without any takes what the others leave. */
  readonly folders: readonly string[];
  /** What one test may take, unless it says otherwise. */
  readonly testTimeoutMs: number;
  /** After this the suite hangs: it is ended, and counts as failed. */
  readonly suiteTimeoutMs: number;
  /** Programs beyond Bun that its tests run. */
  readonly commands: readonly string[];
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** In the order they run: what is quick to tell comes first. */
export const SUITES: readonly Suite[] = [
  {
    name: 'unit',
    folders: [],
    testTimeoutMs: 5 * SECOND,
    suiteTimeoutMs: 5 * MINUTE,
    commands: [],
  },
  {
    name: 'simulator',
    folders: ['sim'],
    testTimeoutMs: MINUTE,
    suiteTimeoutMs: 25 * MINUTE,
    commands: [],
  },
  {
    name: 'differential',
    folders: ['differential'],
    testTimeoutMs: MINUTE,
    suiteTimeoutMs: 5 * MINUTE,
    commands: ['etcd'],
  },
  {
    name: 'hostile',
    folders: ['hostile'],
    testTimeoutMs: MINUTE,
    suiteTimeoutMs: 10 * MINUTE,
    commands: [],
  },
  {
    name: 'e2e',
    folders: ['e2e'],
    testTimeoutMs: MINUTE,
    suiteTimeoutMs: 15 * MINUTE,
    commands: ['strace', 'jq', 'iptables', 'ip'],
  },
];

/**
 * The suite's share of the test files. A filter is a part of a path, as for `bun test`; with none
 * every file is taken.
 */
export function filesOf(
  suite: Suite,
  files: readonly string[],
  filters: readonly string[],
): string[] {
  return files.filter(
    (file) =>
      suiteOf(file) === suite.name &&
      (filters.length === 0 || filters.some((filter) => file.includes(clean(filter)))),
  );
}

function suiteOf(file: string): Suite['name'] {
  const folder = file.split('/')[1] ?? '';
  return SUITES.find((suite) => suite.folders.includes(folder))?.name ?? 'unit';
}

function clean(filter: string): string {
  return filter.replace(/^\.\//, '');
}
