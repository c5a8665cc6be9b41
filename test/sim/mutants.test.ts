import { expect, test } from 'bun:test';
import { MISTAKES } from './mutants/by-hand/all.ts';
import { mistaken } from './mutants/by-hand/mistake.ts';
import { judge } from './mutants/judge.ts';

test('every mistake that was thought out has its place in the source', async () => {
  for (const mistake of MISTAKES) {
    const { file, text } = await mistaken(mistake);
    expect([mistake.name, text.includes(mistake.edits[0]?.[1] ?? '')]).toEqual([
      mistake.name,
      true,
    ]);
    expect(new Bun.Transpiler({ loader: 'ts' }).transformSync(text)).not.toBe('');
    expect(file).toStartWith('src/');
  }
});

test('no two of them have the same name', () => {
  const names = MISTAKES.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test('the judge lets a source pass that says the same, and notices one that does not', async () => {
  const file = 'src/wire/raft-codec.ts';
  const text = await Bun.file(file).text();
  const hunting = { seeds: 0, units: true, own: true };
  expect(await judge({ file, text: `${text}\n// No more.\n` }, hunting)).toMatchObject({
    by: null,
  });
  const broken = text.replace('let lastTerm = prevTerm;', 'let lastTerm = term;');
  expect(await judge({ file, text: broken }, hunting)).toMatchObject({ by: 'wire' });
});
