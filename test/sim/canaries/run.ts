/**
 * `bun run sim:canaries [--only text] [--seeds 400] [--starts 3] [--brief] [--open] [--markdown]`
 *
 * Puts every canary in, one at a time, and lets the simulator look for it, from several starting
 * points. Prints what noticed it, and how long that took; ends with 1 when one was not found.
 * `--brief` lets each world end sooner, for a first look; `--markdown` writes the table into
 * docs/canaries.md. `--open` tries those that nothing has found yet, and of which nothing is asked.
 */
import { parseArgs } from 'node:util';
import { AREAS, OPEN } from './all.ts';
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
    const from = 1 + start * APART;
    const count = Number(flags.seeds);
    const finding = await release(canary, { from, count, brief: flags.brief });
    if (!isFound(finding)) say(`  ${finding.invariant ?? 'nothing'}: ${finding.message}`);
    findings.push(finding);
  }
  return rowOf(area, canary, findings);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
