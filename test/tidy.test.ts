/**
 * STYLE IS A TEST
 *
 * What the project's style asks of every file, where the formatter, the linter and the compiler do
 * not ask it already. Each check lives in `test/tidy/`, with a test that shows it a bad sample.
 */
import { beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { Glob } from 'bun';
import { bannedNames, everyTestRuns, namedExports, synchronousCore } from './tidy/bans.ts';
import { layering } from './tidy/layers.ts';
import { fileLength, functionLength } from './tidy/lengths.ts';
import { unreached } from './tidy/reach.ts';
import { parseSources, type Problem, show, type Source, type TextFile } from './tidy/source.ts';
import { columns, looseEnds, markdownTitle, registryLinks } from './tidy/text.ts';

const ROOT = join(import.meta.dir, '..');
const FILES = [
  '{src,test,docker,docs,.ci}/**/*',
  '*.{md,json,toml}',
  '.{editorconfig,gitignore,dockerignore}',
  'bun.lock',
];
/** Kinds of files that are not text of ours: pictures, fonts, recorded data. */
const BINARY = /\.(?:png|jpe?g|gif|ico|woff2?|gz|zst|wasm|bin)$/;

let texts: TextFile[] = [];
let sources: Source[] = [];

beforeAll(async () => {
  for (const pattern of FILES) {
    for await (const path of new Glob(pattern).scan({ cwd: ROOT, dot: true })) {
      if (!BINARY.test(path)) texts.push({ path, text: await Bun.file(join(ROOT, path)).text() });
    }
  }
  texts = texts.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  sources = await parseSources(texts.filter((file) => /\.tsx?$/.test(file.path)));
});

function everySource(check: (source: Source) => Problem[]): string[] {
  return show(sources.flatMap(check));
}

function everyText(pattern: RegExp, check: (file: TextFile) => Problem[]): string[] {
  return show(texts.filter((file) => pattern.test(file.path)).flatMap(check));
}

describe('every file', () => {
  test('is found', () => {
    const paths = texts.map((file) => file.path);
    expect(paths).toContain('src/lib/assert.ts');
    expect(paths).toContain('test/tidy.test.ts');
    expect(paths).toContain('.ci/run');
    expect(paths).toContain('package.json');
  });

  test('has lines of at most 100 columns', () => {
    const wrapped = /\.(?:tsx?|css|html|sh|ya?ml)$|Dockerfile$|^\.ci\//;
    expect(everyText(wrapped, columns)).toEqual([]);
  });

  test('has no loose ends', () => {
    expect(everyText(/./, looseEnds)).toEqual([]);
  });

  test('links to no registry', () => {
    expect(everyText(/./, registryLinks)).toEqual([]);
  });

  test('is imported, if it is code', () => {
    expect(
      show(
        unreached(
          sources,
          texts.filter((file) => !/\.tsx?$/.test(file.path)),
        ),
      ),
    ).toEqual([]);
  });

  test('has one title, if it is a page', () => {
    expect(everyText(/\.md$/, markdownTitle)).toEqual([]);
  });
});

describe('every source file', () => {
  test('is short enough', () => {
    expect(everySource(fileLength)).toEqual([]);
  });

  test('has functions of at most 70 lines', () => {
    expect(everySource(functionLength)).toEqual([]);
  });

  test('imports only what its layer may', () => {
    expect(everySource(layering)).toEqual([]);
  });

  test('is synchronous, in the cores', () => {
    expect(everySource(synchronousCore)).toEqual([]);
  });

  test('uses no banned name', () => {
    expect(everySource(bannedNames)).toEqual([]);
  });

  test('exports by name', () => {
    expect(everySource(namedExports)).toEqual([]);
  });

  test('runs all of its tests', () => {
    expect(everySource(everyTestRuns)).toEqual([]);
  });
});
