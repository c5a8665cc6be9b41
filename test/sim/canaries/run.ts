/**
 * `bun run sim:canaries [--only text] [--seeds 400] [--starts 3] [--brief] [--open] [--markdown]`
 *
 * Puts every canary in, one at a time, and lets the simulator look for it, from several starting
 * points. Prints what noticed it, and how long that took; ends with 1 when one was not found.
 * `--brief` looks in worlds that end sooner first; `--markdown` writes the table into
 * docs/canaries.md. `--open` tries those that nothing has found yet, and of which nothing is asked.
 */
import { parseArgs } from 'node:util';
import { AREAS, OPEN } from './all.ts';
import type { Finding } from '../support/hunt.ts';
import type { Canary } from './canary.ts';
import { isFound, release } from './release.ts';
import { type Row, rowOf, writePage } from './table.ts';

/** Starting points are so far apart. */
const APART = 1_000_000;

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seeds: { type: 'string', default: '400' },
    starts: { type: 'string', default: '1' },
    brief: { type: 'boolean', default: false },
    open: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  const rows: Row[] = [];
  for (const [area, canaries] of AREAS) {
    for (const canary of canaries) {
      if ((canary.isOpen === true) !== flags.open) continue;
      if (!`${area}: ${canary.name} ${canary.file}`.includes(flags.only)) continue;
      const row = await tryOut(area, canary);
      rows.push(row);
      const { found, of, seeds, seconds, invariants } = row;
      const how = found === of ? 'found    ' : 'NOT FOUND';
      const what = `${seeds} seeds, ${seconds.toFixed(1)} s, ${invariants.join('; ')}`;
      say(`${how} ${area}: ${canary.name}; ${what}`);
    }
  }
  for (const { name } of flags.open ? [] : OPEN) say(`open: ${name}`);
  const missed = rows.filter(({ found, of }) => found < of).length;
  if (flags.markdown) await writePage(rows, process.argv.slice(2).join(' '));
  say(`${rows.length - missed} passed, ${missed} failed`);
  return missed > 0 || rows.length === 0 ? 1 : 0;
}

async function tryOut(area: string, canary: Canary): Promise<Row> {
  const findings = [];
  for (let start = 0; start < Number(flags.starts); start += 1) {
    const seeds = { from: 1 + start * APART, count: Number(flags.seeds) };
    const brief = flags.brief ? await release(canary, { ...seeds, brief: true }) : null;
    const finding =
      brief !== null && isFound(brief) ? brief : sum(brief, await release(canary, seeds));
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
