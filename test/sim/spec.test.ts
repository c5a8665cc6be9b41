/**
 * SPEC.md AND THE CODE say the same: every check of the simulator is named on the page, and what
 * the page names stands where it says.
 */
import { beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { Glob } from 'bun';
import type { Node } from 'typescript/unstable/ast';
import {
  isCallExpression,
  isIdentifier,
  isNewExpression,
  isPropertyAccessExpression,
  isStringLiteral,
} from 'typescript/unstable/ast';
import { parseSources, type Source, visit } from '../tidy/source.ts';

const ROOT = join(import.meta.dir, '../..');
/** What names a check, and which of its arguments is the name. */
const NAMING: Readonly<Record<string, number>> = {
  check: 1,
  SimFailure: 0,
  '#await': 1,
  served: 0,
  '#settle': 0,
  '#agree': 0,
};

interface Row {
  readonly number: string;
  readonly name: string;
  readonly predicate: string;
  readonly places: readonly { readonly file: string; readonly names: readonly string[] }[];
}

let rows: Row[] = [];
/** By file, the names of its checks. */
const checks = new Map<string, string[]>();

beforeAll(async () => {
  rows = rowsOf(await Bun.file(join(ROOT, 'SPEC.md')).text());
  const files = [];
  for await (const path of new Glob('src/sim/**/*.ts').scan({ cwd: ROOT })) {
    files.push({ path, text: await Bun.file(join(ROOT, path)).text() });
  }
  for (const source of await parseSources(files)) checks.set(source.path, namesIn(source));
});

describe('SPEC.md', () => {
  test('has every number once, each with a name, a sentence and a place', () => {
    const numbers = (letter: string, count: number): string[] =>
      Array.from({ length: count }, (_, at) => `${letter}${at + 1}`);
    const due = [...numbers('I', 44), ...numbers('W', 13), 'A1'];
    expect(rows.map(({ number }) => number).toSorted()).toEqual(due.toSorted());
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    for (const { number, predicate, places } of rows) {
      expect(`${number} ${predicate}`).toMatch(/^\w+ .+\.$/);
      expect(places, number).not.toBeEmpty();
      for (const { names } of places) expect(names, number).not.toBeEmpty();
    }
  });

  test('names what stands where it says', async () => {
    const missing: string[] = [];
    for (const { number, places } of rows) {
      for (const { file, names } of places) {
        const text = await Bun.file(join(ROOT, file)).text();
        for (const name of names) {
          const stands = checks.get(file)?.includes(name) ?? text.includes(name);
          if (!stands) missing.push(`${number}: ${file} "${name}"`);
        }
      }
    }
    expect(missing).toEqual([]);
  });

  test('names every check of the simulator, in its file', () => {
    const named = new Set(
      rows.flatMap(({ places }) =>
        places.flatMap(({ file, names }) => names.map((name) => `${file} "${name}"`)),
      ),
    );
    const all = [...checks].flatMap(([file, names]) => names.map((name) => `${file} "${name}"`));
    expect(all.filter((one) => !named.has(one))).toEqual([]);
    expect(all.length).toBeGreaterThan(60);
  });
});

/** The rows of all tables, without their heads. */
function rowsOf(page: string): Row[] {
  return page
    .split('\n')
    .filter((line) => /^\| [A-Z]\d+ \|/.test(line))
    .map((line) => {
      const cells = line.split('|').map((cell) => cell.trim());
      const [, number = '', name = '', predicate = '', , where = ''] = cells;
      return { number, name, predicate, places: placesOf(where) };
    });
}

/** "`file` "name", "name"; `file` "name"". */
function placesOf(where: string): Row['places'] {
  return [...where.matchAll(/`([^`]+)`((?:,? "[^"]+")+)/g)].map(([, file = '', names = '']) => ({
    file,
    names: [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name),
  }));
}

function namesIn(source: Source): string[] {
  const names: string[] = [];
  visit(source.ast, (node) => {
    if (!isCallExpression(node) && !isNewExpression(node)) return;
    const at = NAMING[calledName(node.expression)];
    const name = at === undefined ? undefined : node.arguments?.[at];
    if (name !== undefined && isStringLiteral(name)) names.push(name.text);
  });
  return names;
}

function calledName(called: Node): string {
  if (isIdentifier(called)) return called.text;
  return isPropertyAccessExpression(called) ? called.name.text : '';
}
