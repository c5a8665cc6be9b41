import { describe, expect, test } from 'bun:test';
import { importsOf } from './imports.ts';
import { layering } from './layers.ts';
import { parseSample, parseSources } from './source.ts';

async function objections(path: string, text: string): Promise<string[]> {
  return layering(await parseSample(path, text)).map((problem) => problem.message);
}

describe('imports', () => {
  test('are found in every form, with whether they are types only', async () => {
    const text = `
      import a from './a.ts';
      import type { B } from '../b.ts';
      import { type C } from './c.ts';
      import { type D, d } from './d.ts';
      import './e.ts';
      export { f } from './f.ts';
      export type { G } from './g.ts';
      export * from './h.ts';
      const i = await import('./i.ts');
      type J = import('./j.ts').J;
      import { join } from 'node:path';
    `;
    const found = importsOf(await parseSample('src/x/y.ts', text));
    expect(found.map(({ target, typeOnly }) => [target, typeOnly])).toEqual([
      ['src/x/a.ts', false],
      ['src/b.ts', true],
      ['src/x/c.ts', true],
      ['src/x/d.ts', false],
      ['src/x/e.ts', false],
      ['src/x/f.ts', false],
      ['src/x/g.ts', true],
      ['src/x/h.ts', false],
      ['src/x/i.ts', false],
      ['src/x/j.ts', true],
      [null, false],
    ]);
  });
});

describe('layers', () => {
  const importing = (target: string): string => `import { a } from '${target}';`;

  test.each([
    ['src/raft/a.ts', '../lib/assert.ts'],
    ['src/raft/a.ts', './log.ts'],
    ['src/kv/a.ts', 'sorted-btree'],
    ['src/wire/a.ts', '@sinclair/typebox/compiler'],
    ['src/storage/a.ts', '../raft/entry.ts'],
    ['src/node/a.ts', '../raft/raft.ts'],
    ['src/node/a.ts', '../storage/storage.ts'],
    ['src/http/a.ts', '../node/api.ts'],
    ['src/http/a.ts', 'elysia'],
    ['src/sim/a.ts', '../storage/jsonl-storage.ts'],
    ['src/cli/a.ts', '../http/server.ts'],
    ['src/index.ts', './cli/main.ts'],
    ['test/raft/a.test.ts', '../../src/kv/store.ts'],
  ])('%s may import %s', async (path, target) => {
    expect(await objections(path, importing(target))).toEqual([]);
  });

  test.each([
    ['src/lib/a.ts', '../raft/log.ts', 'src/lib may not import src/raft/log.ts'],
    ['src/raft/a.ts', '../kv/store.ts', 'src/raft may not import src/kv/store.ts'],
    ['src/kv/a.ts', '../raft/log.ts', 'src/kv may not import src/raft/log.ts'],
    [
      'src/raft/a.ts',
      'node:fs',
      "src/raft may not import 'node:fs': reach the world through a port",
    ],
    ['src/kv/a.ts', 'bun', "src/kv may not import 'bun': reach the world through a port"],
    [
      'src/kv/a.ts',
      'sorted-btrees',
      "src/kv may not import 'sorted-btrees': reach the world through a port",
    ],
    ['src/node/a.ts', '../http/kv.ts', 'src/node may not import src/http/kv.ts'],
    [
      'src/node/a.ts',
      '../storage/node-disk.ts',
      'src/node may not import src/storage/node-disk.ts',
    ],
    ['src/http/a.ts', '../cli/run.ts', 'src/http may not import src/cli/run.ts'],
    ['src/sim/a.ts', '../http/kv.ts', 'src/sim may not import src/http/kv.ts'],
    ['src/cli/a.ts', '../index.ts', 'src/cli may not import src/index.ts'],
    ['src/lib/a.ts', '../../test/support/a.ts', 'src may not import test/support/a.ts'],
    ['src/util/a.ts', '../lib/assert.ts', 'src/util is no layer of the architecture'],
  ])('%s may not import %s', async (path, target, message) => {
    expect(await objections(path, importing(target))).toEqual([message]);
  });

  test('storage and transport see the types of raft, and nothing else of it', async () => {
    for (const part of ['storage', 'transport']) {
      const types = "import type { Entry } from '../raft/entry.ts';";
      expect(await objections(`src/${part}/a.ts`, types)).toEqual([]);
      expect(await objections(`src/${part}/a.ts`, importing('../raft/log.ts'))).toEqual([
        `src/${part} may import types only from src/raft/log.ts`,
      ]);
    }
  });

  test('a problem names the line of the import', async () => {
    const [source] = await parseSources([
      { path: 'src/raft/a.ts', text: `// why\n\n${importing('../kv/store.ts')}\n` },
    ]);
    expect(source && layering(source).map((problem) => problem.line)).toEqual([3]);
  });
});
