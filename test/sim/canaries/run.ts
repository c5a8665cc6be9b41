/**
 * `bun run sim:canaries [--only text] [--seeds 400] [--starts 3] [--brief] [--simulator]
 * [--markdown]`
 *
 * Puts every canary in, one at a time, and lets the simulator look for it, from several starting
 * points; or a test, where one is named. Prints what noticed it, and how long that took; ends with
 * 1 when one was not found. `--brief` looks in worlds that end sooner first; `--simulator` tries
 * those alone that a test finds, without it; `--markdown` writes the table into docs/canaries.md.
 */
import { parseArgs } from 'node:util';
import { AREAS } from './all.ts';
import type { Finding } from '../support/hunt.ts';
import type { Canary } from './canary.ts';
import { isFound, seedsOf, testOf } from './release.ts';
import { type Row, rowOf, writePage } from './table.ts';

/** Starting points are so far apart. */
const APART = 1_000_000;

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seeds: { type: 'string', default: '400' },
    starts: { type: 'string', default: '1' },
    brief: { type: 'boolean', default: false },
    simulator: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  const rows: Row[] = [];
  for (const [area, canaries] of AREAS) {
    for (const canary of canaries) {
      if (flags.simulator && canary.foundBy === undefined) continue;
      if (!`${area}: ${canary.name} ${canary.file}`.includes(flags.only)) continue;
      const row =
        flags.simulator || canary.foundBy === undefined
          ? await tryOut(area, canary)
          : rowOf(area, canary, [await testOf(canary, canary.foundBy)]);
      rows.push(row);
      const { found, of, seeds, seconds, invariants } = row;
      const how = found === of ? 'found    ' : 'NOT FOUND';
      const where = seeds === 0 ? (canary.foundBy ?? '') : `${seeds} seeds`;
      const what = `${where}, ${seconds.toFixed(1)} s, ${invariants.join('; ')}`;
      say(`${how} ${area}: ${canary.name}; ${what}`);
    }
  }
  const missed = rows.filter(({ found, of }) => found < of).length;
  if (flags.markdown) await writePage(rows, process.argv.slice(2).join(' '));
  say(`${rows.length - missed} passed, ${missed} failed`);
  return missed > 0 || rows.length === 0 ? 1 : 0;
}

async function tryOut(area: string, canary: Canary): Promise<Row> {
  const findings = [];
  for (let start = 0; start < Number(flags.starts); start += 1) {
    const seeds = { from: 1 + start * APART, count: Number(flags.seeds) };
    const brief = flags.brief ? await seedsOf(canary, { ...seeds, brief: true }) : null;
    const finding =
      brief !== null && isFound(brief) ? brief : sum(brief, await seedsOf(canary, seeds));
    if (!isFound(finding)) say(`  ${finding.invariant ?? 'nothing'}: ${finding.message}`);
    findings.push(finding);
  }
  return rowOf(area, canary, findings);
}

/** What brief worlds did not show was looked for in whole ones. */
function sum(brief: Finding | null, whole: Finding): Finding {
  if (brief === null) return whole;
  return { ...whole, runs: brief.runs + whole.runs, seconds: brief.seconds + whole.seconds };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
