/**
 * `bun run sim:mutants [--count 100] [--seed 1] [--seeds 60] [--only part-of-path] [--json file]`
 *
 * Puts small mistakes into the source, one at a time, drawn by the seed, and lets the simulator
 * look for each. Prints those that it does not find, and the share that it does, by folder. Who is
 * not found is not always a bug: some make no difference, or only one of speed.
 */
import { appendFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Finding, hunt } from '../support/hunt.ts';
import type { Source } from '../../tidy/source.ts';
import { Compiler } from './compiler.ts';
import { type Mutant, mutated } from './operators.ts';
import { drawMutants, partOf, sourcesUnder } from './sample.ts';

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '60' },
    only: { type: 'string', default: '' },
    json: { type: 'string', default: '' },
  },
});

interface Score {
  tried: number;
  found: number;
}

async function main(): Promise<number> {
  const sources = await sourcesUnder(flags.only);
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const mutants = drawMutants(sources, Number(flags.seed));
  say(`${mutants.length} mutants in ${sources.length} files`);
  const compiler = new Compiler();
  const scores = new Map<string, Score>();
  let tried = 0;
  try {
    for (const mutant of mutants) {
      if (tried >= Number(flags.count)) break;
      const source = byPath.get(mutant.file);
      if (source === undefined) continue;
      const replacement = { file: mutant.file, text: mutated(source.text, mutant) };
      if (!(await compiler.accepts(replacement))) continue;
      tried += 1;
      const finding = await hunt(replacement, { from: 1, count: Number(flags.seeds), brief: true });
      await tell(source, mutant, finding);
      const part = partOf(mutant.file) ?? '';
      const score = scores.get(part) ?? { tried: 0, found: 0 };
      score.tried += 1;
      if (finding.invariant !== null) score.found += 1;
      scores.set(part, score);
    }
  } finally {
    await compiler.close();
  }
  for (const [part, { tried: of, found }] of scores) say(`${part}: ${found} of ${of} found`);
  const found = [...scores.values()].reduce((sum, score) => sum + score.found, 0);
  say(`${found} of ${tried} mutants found`);
  return tried > 0 ? 0 : 1;
}

async function tell(source: Source, mutant: Mutant, finding: Finding): Promise<void> {
  const { file, line, operator, start, end, replacement } = mutant;
  const before = shortened(source.text.slice(start, end));
  const change = `${before} → ${shortened(replacement)}`;
  const { invariant, message, runs, seconds } = finding;
  const how = invariant === null ? 'SURVIVES' : 'found';
  const by = invariant === null ? '' : `; ${invariant}`;
  say(`${how} ${file}:${line} ${operator}: ${change}; ${runs} seeds, ${seconds.toFixed(1)} s${by}`);
  if (flags.json === '') return;
  const record = { ...mutant, before, invariant, message, runs, seconds };
  await appendFile(flags.json, `${JSON.stringify(record)}\n`);
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 90 ? `${line.slice(0, 90)}…` : line;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
