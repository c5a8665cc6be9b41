/**
 * SMALL SCOPE, EXHAUSTIVELY: short scripts on small clusters of real nodes, crashed at every
 * operation of every disk, with all that a crash may leave. What of it is run by default:
 *
 * - every script of one step, in clusters of one to three: every crash point, once as a kill and
 *   once with one of the other outcomes, others with each commit; shares of the rest (rules.ts);
 * - of every script of two steps some crash points, others with each commit.
 *
 * `bun run sim --scope all` is the whole of it.
 */
import { drainMicrotasks } from 'bun:jsc';
import { describe, expect, test } from 'bun:test';
import { must } from '../../src/lib/assert.ts';
import { ChoicePath } from '../../src/sim/small-scope/choice-path.ts';
import { planOfText, textOfPlan } from '../../src/sim/small-scope/crash-plan.ts';
import { explore } from '../../src/sim/small-scope/explore.ts';
import { outcomesOf } from '../../src/sim/small-scope/outcomes.ts';
import { Sampler } from '../../src/sim/small-scope/rules.ts';
import { runCase, type ScopeCase } from '../../src/sim/small-scope/scope-case.ts';
import { DAILY, type Group, scriptsOf } from '../../src/sim/small-scope/scripts.ts';
import { STEPS, stepOf } from '../../src/sim/small-scope/steps.ts';
import { flagsOf, Tally } from '../../src/sim/small-scope/tally.ts';
import { MemoryDisk } from '../../src/storage/memory-disk.ts';
import { seedOfCommit } from '../support/commit-seed.ts';

const PATIENCE_MS = 10 * 60_000;
/** Others with each commit; a failure names them. */
const OFFSET = seedOfCommit() % 2 ** 16;
const SEED = 1 + (OFFSET % 3);

function tallyOf(group: Group): Tally {
  const tally = new Tally();
  const sampler = new Sampler(must(DAILY[group], group), OFFSET);
  for (const { steps, size } of scriptsOf(group)) {
    const base = { script: steps, size, seed: SEED, crashes: [] };
    explore(base, { drain: drainMicrotasks, sampler, offset: OFFSET, tally });
  }
  const which = `${group}, seed ${SEED}, offset ${OFFSET}`;
  process.stdout.write(`${which}: ${JSON.stringify(tally.counts)}\n`);
  return tally;
}

function failuresOf(tally: Tally): string[] {
  return tally.failures.map(({ scopeCase, message }) => `${flagsOf(scopeCase)}: ${message}`);
}

test(
  'scripts of one step stand a crash at every point',
  () => {
    const tally = tallyOf('singles');
    expect(failuresOf(tally)).toEqual([]);
    expect(tally.counts['scripts']).toBe(48);
    expect(tally.counts['crash points']).toBeGreaterThan(1_500);
    expect(tally.of('point')).toBeGreaterThan(3_000);
    for (const kind of ['again', 'all', 'late', 'sent'] as const) {
      expect(tally.of(kind)).toBeGreaterThan(50);
    }
    expect(tally.counts['crash not reached']).toBe(0);
    expect(tally.counts['torn tails']).toBeGreaterThan(200);
    expect(tally.counts['starts that had to recover']).toBeGreaterThan(200);
  },
  PATIENCE_MS,
);

test(
  'scripts of two steps stand crashes at some points',
  () => {
    const tally = tallyOf('pairs');
    expect(failuresOf(tally)).toEqual([]);
    expect(tally.counts['scripts']).toBeGreaterThan(500);
    expect(tally.of('point')).toBeGreaterThan(500);
  },
  PATIENCE_MS,
);

describe('a case', () => {
  const put = STEPS.filter(({ name }) => name === 'put');
  const base: ScopeCase = { script: put, size: 3, seed: 1, crashes: [] };
  const trace = (scopeCase: ScopeCase): string[] => {
    const lines: string[] = [];
    runCase(scopeCase, { drain: drainMicrotasks, onLine: (line) => lines.push(line) });
    return lines;
  };

  test('is the same every time', () => {
    const plan = planOfText('n2:3:during:sectors:0.1');
    const again = { ...base, crashes: plan === null ? [] : [plan] };
    expect(trace(again)).toEqual(trace(again));
    expect(trace(again)).not.toEqual(trace(base));
  });

  test('is written as a command says it', () => {
    for (const text of [
      'n1:7:during:sectors:0.1.1',
      'n2:1:before:kill',
      'n3:12:sent:drop:late',
      'n1:2:after:prefix:3:late:all-keep',
    ]) {
      const plan = planOfText(text);
      expect(plan).not.toBeNull();
      if (plan !== null) expect(textOfPlan(plan)).toBe(text);
    }
    for (const text of ['', 'n1', 'n1:0:before:kill', 'n1:1:then:kill', 'n1:1:before:no']) {
      expect(planOfText(text)).toBeNull();
    }
  });

  test('that never gets to its crash says so', () => {
    const plan = planOfText('n1:1000:before:kill');
    const report = runCase(
      { ...base, crashes: plan === null ? [] : [plan] },
      { drain: drainMicrotasks },
    );
    expect([report.failure, report.fired]).toEqual([null, 0]);
  });
});

test('every step does what it is named for', () => {
  const doneBy = (name: string, size: number): string => {
    const step = stepOf(name);
    const lines: string[] = [];
    const script = step === null ? [] : [step];
    const options = { drain: drainMicrotasks, onLine: (line: string) => lines.push(line) };
    expect(runCase({ script, size, seed: 1, crashes: [] }, options).failure).toBeNull();
    return lines.join('\n');
  };
  expect(doneBy('compact', 3)).toContain('"type":"compact"');
  expect(doneBy('grant', 3)).toContain('"ttl":600');
  expect(doneBy('install', 3)).toContain('"code":"installed"');
  expect(doneBy('overwrite', 3)).toContain('"code":"truncated"');
  expect(doneBy('elect', 3)).toContain('"term":3');
  expect(doneBy('transfer', 3)).toContain('"code":"asked-by-leader"');
  expect(doneBy('join', 1)).toContain('"type":"add-learner"');
  expect(doneBy('promote', 3)).toContain('"type":"promote"');
  expect(doneBy('remove-leader', 3)).toContain('"type":"remove"');
  expect(doneBy('damage', 3)).toContain('"type":"recovery"');
});

describe('what a crash may leave', () => {
  test('is enumerated, each once', async () => {
    const disk = new MemoryDisk();
    const file = await disk.open('log', 'create');
    await disk.syncDirectory('.');
    await file.write(Buffer.from('a\n'));
    await file.sync();
    await file.write(Buffer.from('bc\n'));
    const left = outcomesOf(disk).map(({ mode, choices }) => {
      const after = disk.crash(new ChoicePath(choices), mode, {});
      return [mode, Buffer.from(after.contents('log')).toString()];
    });
    expect(left).toEqual([
      ['kill', 'a\nbc\n'],
      ['drop', 'a\n'],
      ['keep', 'a\nbc\n'],
      ['prefix', 'a\nb'],
      ['prefix', 'a\nbc'],
      ['sectors', 'a\n\0\0\0'],
      ['zeros', 'a\nb\0\0'],
      ['zeros', 'a\nbc\0'],
    ]);
  });

  test('includes names that were not synced, with any of them lost', async () => {
    const disk = new MemoryDisk();
    for (const name of ['a', 'b']) await disk.open(name, 'create');
    const left = outcomesOf(disk)
      .filter(({ mode }) => mode !== 'kill')
      .map(({ mode, choices }) => disk.crash(new ChoicePath(choices), mode, {}).paths().join());
    expect(left.sort()).toEqual(['', 'a', 'a,b', 'b']);
  });
});

test('a way through choices is followed by the next, to the last', () => {
  const ways: string[] = [];
  for (let way: readonly number[] | null = []; way !== null; ) {
    const path = new ChoicePath(way);
    const first = path.pick(['x', 'y']);
    const rest = first === 'x' ? String(path.chance()) : String(path.between(3, 6));
    ways.push(`${first} ${rest}`);
    way = path.next;
  }
  expect(ways).toEqual(['x true', 'x false', 'y 3', 'y 4', 'y 5']);
});
