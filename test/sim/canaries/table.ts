/** THE TABLE of canaries, for people. */
import { join } from 'node:path';
import type { Finding } from '../support/hunt.ts';
import type { Canary } from './canary.ts';
import { isFound } from './release.ts';

const PAGE = join(import.meta.dir, '../../../docs/canaries.md');

/** What came of one canary. Numbers are medians over the starting points. */
export interface Row {
  readonly area: string;
  readonly canary: Canary;
  readonly found: number;
  readonly of: number;
  readonly seeds: number;
  readonly seconds: number;
  /** What noticed it, most often first. */
  readonly invariants: readonly string[];
}

export function rowOf(area: string, canary: Canary, findings: readonly Finding[]): Row {
  const counts = new Map<string, number>();
  for (const { invariant } of findings) {
    if (invariant !== null) counts.set(invariant, (counts.get(invariant) ?? 0) + 1);
  }
  const byCount = [...counts].toSorted(([, a], [, b]) => b - a);
  return {
    area,
    canary,
    found: findings.filter(isFound).length,
    of: findings.length,
    seeds: median(findings.map(({ runs }) => runs)),
    seconds: median(findings.map(({ seconds }) => seconds)),
    invariants: byCount.map(([invariant]) => invariant),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** @param flags those that the rows were made with, as they were given. */
export async function writePage(rows: readonly Row[], flags: string): Promise<void> {
  const bySeeds = rows.filter(({ canary }) => canary.foundBy === undefined);
  const areas = new Set(bySeeds.map(({ area }) => area));
  const sections = [...areas].map((area) => {
    const own = bySeeds.filter((row) => row.area === area);
    const title = area.charAt(0).toUpperCase() + area.slice(1);
    return [`## ${title}`, '', ...HEAD, ...own.map(lineOf), ''].join('\n');
  });
  const page = [introduction(rows, flags), ...sections, byTests(rows)].join('\n');
  await Bun.write(PAGE, page);
}

const HEAD = [
  '| canary | seen before | noticed by | seeds | seconds |',
  '| --- | --- | --- | ---: | ---: |',
];

function lineOf({ canary, seeds, seconds, invariants, found, of }: Row): string {
  const by = found === of ? invariants.join('; ') : `not found in ${of - found} of ${of}`;
  const cells = [canary.name, canary.known ?? '', by, `${seeds}`, seconds.toFixed(1)];
  return `| ${cells.join(' | ')} |`;
}

/** Those that a test finds. */
function byTests(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ canary, found, of }) => {
    if (canary.foundBy === undefined) return [];
    const by = found === of ? `\`${canary.foundBy}\`` : 'not found';
    return [`| ${[canary.name, canary.known ?? '', by, canary.seldom].join(' | ')} |`];
  });
  return `## Found by tests

What these do shows too seldom in a world of the simulator, or something else stands in for what
they take away. The test that is named fails with each. \`bun run sim:canaries --simulator\` lets
the simulator look for them all the same.

| canary | seen before | noticed by | why so |
| --- | --- | --- | --- |
${lines.join('\n')}
`;
}

function introduction(rows: readonly Row[], flags: string): string {
  const tests = rows.filter(({ canary }) => canary.foundBy !== undefined).length;
  return `# Bug canaries

Bugs that systems of this kind have had, or could well have, are put into abcd one at a time, by a
change of the source while it is loaded. The simulator has to find each, or the test that is named,
where a world of the simulator comes to it too seldom: what nothing finds, nothing would find in the
next change of the program either. The simulator finds ${rows.length - tests} of the
${rows.length}, a test ${tests}.

This page is written by \`bun run sim:canaries ${flags}\`.

The seeds are those that had to be run until one failed, and the seconds what that took, start of
the program included; with several starting points (\`--starts\`), medians over them. With
\`--brief\`, worlds that end sooner come first. "Seen before" says where it was seen in public, as
far as that is known; often it was there in another form.

Bugs of access control cannot be put back: nothing in abcd depends on who asks.
`;
}
