/**
 * `bun run sim:mutants [--count 100] [--seed 1] [--seeds 60] [--only part-of-path] [--json file]
 * [--simulator-alone] [--own] [--by-hand]`
 *
 * Puts small mistakes into the source, one at a time, drawn by the seed, and lets the unit tests
 * and the simulator look for each, or the simulator alone. Prints those that nothing finds, and the
 * share that is found, by folder. Who is not found is not always a bug: some make no difference, or
 * only one of speed.
 *
 * `--own` asks no unit tests but those of the folder itself. What the file of `--json` tells of
 * already is not tried again. `--by-hand` tries the mistakes that were thought out (by-hand/), of
 * which `--only` is a part of file or name.
 */
import { appendFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Source } from '../../tidy/source.ts';
import { MISTAKES } from './by-hand/all.ts';
import { mistaken } from './by-hand/mistake.ts';
import { Compiler } from './compiler.ts';
import { type Hunting, judge, type Verdict } from './judge.ts';
import { type Mutant, mutated } from './operators.ts';
import { drawMutants, partOf, sourcesUnder } from './sample.ts';

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '60' },
    only: { type: 'string', default: '' },
    json: { type: 'string', default: '' },
    'simulator-alone': { type: 'boolean', default: false },
    'by-hand': { type: 'boolean', default: false },
    own: { type: 'boolean', default: false },
  },
});

interface Score {
  tried: number;
  found: number;
}

function huntingOf(): Hunting {
  const { seeds, own } = flags;
  return { seeds: Number(seeds), units: !flags['simulator-alone'], own };
}

async function tryByHand(): Promise<number> {
  const hunting = huntingOf();
  let tried = 0;
  let found = 0;
  for (const mistake of MISTAKES) {
    if (!`${mistake.file} ${mistake.name}`.includes(flags.only)) continue;
    const { by, what, runs, seconds } = await judge(await mistaken(mistake), hunting);
    const how = by === null ? 'SURVIVES' : 'found';
    const noticed = by === null ? '' : `; ${by}: ${what}`;
    say(
      `${how} ${mistake.file}: ${mistake.name}; ${runs} seeds, ${seconds.toFixed(1)} s${noticed}`,
    );
    tried += 1;
    if (by !== null) found += 1;
  }
  say(`${found} of ${tried} mistakes found`);
  return tried > 0 ? 0 : 1;
}

async function main(): Promise<number> {
  if (flags['by-hand']) return await tryByHand();
  const sources = await sourcesUnder(flags.only);
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const mutants = drawMutants(sources, Number(flags.seed));
  say(`${mutants.length} mutants in ${sources.length} files`);
  const compiler = new Compiler();
  const scores = new Map<string, Score>();
  const known = await knownMutants();
  const hunting = huntingOf();
  let tried = 0;
  try {
    for (const mutant of mutants) {
      if (tried >= Number(flags.count)) break;
      const source = byPath.get(mutant.file);
      if (source === undefined || known.has(nameOf(mutant))) continue;
      const replacement = { file: mutant.file, text: mutated(source.text, mutant) };
      if (!(await compiler.accepts(replacement))) continue;
      tried += 1;
      const verdict = await judge(replacement, hunting);
      await tell(source, mutant, verdict);
      const part = partOf(mutant.file) ?? '';
      const score = scores.get(part) ?? { tried: 0, found: 0 };
      score.tried += 1;
      if (verdict.by !== null) score.found += 1;
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

async function tell(source: Source, mutant: Mutant, verdict: Verdict): Promise<void> {
  const { file, line, operator, start, end, replacement } = mutant;
  const before = shortened(source.text.slice(start, end));
  const change = `${before} → ${shortened(replacement)}`;
  const { by, what, runs, seconds } = verdict;
  const how = by === null ? 'SURVIVES' : 'found';
  const noticed = by === null ? '' : `; ${by}: ${what}`;
  const cost = `${runs} seeds, ${seconds.toFixed(1)} s`;
  say(`${how} ${file}:${line} ${operator}: ${change}; ${cost}${noticed}`);
  if (flags.json === '') return;
  await appendFile(flags.json, `${JSON.stringify({ ...mutant, before, ...verdict })}\n`);
}

/** Those that an earlier run has told of. */
async function knownMutants(): Promise<Set<string>> {
  const file = Bun.file(flags.json);
  if (flags.json === '' || !(await file.exists())) return new Set();
  const lines = (await file.text()).split('\n').filter((line) => line !== '');
  return new Set(lines.map((line) => nameOf(JSON.parse(line) as Mutant)));
}

function nameOf({ file, start, end, replacement }: Mutant): string {
  return `${file} ${start} ${end} ${replacement}`;
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 90 ? `${line.slice(0, 90)}…` : line;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
