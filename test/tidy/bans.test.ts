import { describe, expect, test } from 'bun:test';
import { bannedNames, everyTestRuns, namedExports, synchronousCore } from './bans.ts';
import { parseSample, show } from './source.ts';

async function names(path: string, text: string): Promise<string[]> {
  return bannedNames(await parseSample(path, text)).map(
    (problem) => problem.message.split(': ')[0] ?? '',
  );
}

describe('banned names', () => {
  const WORLD = [
    'Promise.resolve()',
    'Date.now()',
    'new Date()',
    'Math.random()',
    'setTimeout(f, 1)',
    'performance.now()',
    'fetch(url)',
    'Bun.hash(x)',
    'process.env',
    'console.log()',
    'crypto.randomUUID()',
    'globalThis.x',
  ];

  test.each(WORLD)('the cores do not reach %s', async (expression) => {
    expect(await names('src/raft/a.ts', `export const a = ${expression};`)).toHaveLength(1);
    expect(await names('src/kv/a.ts', `export const a = ${expression};`)).toHaveLength(1);
    expect(await names('test/raft/a.test.ts', `export const a = ${expression};`)).toEqual([]);
  });

  test('types count, members of the same name do not', async () => {
    expect(await names('src/raft/a.ts', 'export type A = Promise<void>;')).toEqual(['Promise']);
    const members = 'const a = { Date: 1 }; a.Date; interface B { fetch(): void; Date: number }';
    expect(await names('src/raft/a.ts', members)).toEqual([]);
  });

  test('what the simulator runs has no clock, timer or network of its own', async () => {
    for (const part of ['node', 'sim', 'storage']) {
      const text = 'setInterval(f, 1); Date.now(); performance.now(); fetch(url);';
      expect(await names(`src/${part}/a.ts`, text)).toEqual([
        'setInterval',
        'Date',
        'performance',
        'fetch',
      ]);
    }
    expect(await names('src/storage/node-disk.ts', 'setTimeout(f, 1);')).toEqual([]);
    expect(await names('src/node/clock.ts', 'setTimeout(f, 1);')).toEqual([]);
    expect(await names('src/transport/fetch-transport.ts', 'setTimeout(f, 1);')).toEqual([]);
  });

  test('what must be the same on every machine leaves last bits to nobody', async () => {
    for (const part of ['raft', 'kv', 'sim']) {
      expect(await names(`src/${part}/a.ts`, 'Math.log(2); Math.exp(1); Math.max(1, 2);')).toEqual([
        'Math.log',
        'Math.exp',
      ]);
    }
    expect(await names('src/http/a.ts', 'Math.log2(2);')).toEqual([]);
  });

  test('only the entry reads the process, and nothing draws unseeded numbers', async () => {
    expect(await names('src/index.ts', 'process.exit(Bun.argv.length);')).toEqual([]);
    expect(await names('src/cli/a.ts', 'process.exit(Bun.argv.length);')).toEqual([
      'process',
      'Bun.argv',
    ]);
    expect(await names('src/http/a.ts', 'Math.random();')).toEqual(['Math.random']);
  });

  test('unit tests do not sleep', async () => {
    expect(await names('test/raft/a.test.ts', 'await Bun.sleep(5);')).toEqual(['Bun.sleep']);
    expect(await names('test/e2e/a.test.ts', 'await Bun.sleep(5);')).toEqual([]);
  });

  test('the message names the place and the replacement', async () => {
    const source = await parseSample('src/raft/a.ts', '\n  Math.random();\n');
    expect(show(bannedNames(source))).toEqual([
      'src/raft/a.ts:2: Math.random: draw from the injected generator of lib/prng.ts',
    ]);
  });
});

describe('the cores are synchronous', () => {
  test.each([
    'async function f() {}',
    'const f = async () => {};',
    'class A { async m() {} }',
    'await f();',
    'for await (const a of b) {}',
  ])('%s', async (text) => {
    expect(synchronousCore(await parseSample('src/kv/a.ts', text))).not.toEqual([]);
    expect(synchronousCore(await parseSample('src/node/a.ts', text))).toEqual([]);
  });
});

describe('exports', () => {
  test.each([
    'export default 5;',
    'export default function f() {}',
    'export default class {}',
    "export * from './b.ts';",
    "export { a as default } from './b.ts';",
  ])('not: %s', async (text) => {
    expect(namedExports(await parseSample('src/a.ts', text))).toHaveLength(1);
  });

  test('named ones pass, and so does the default of a switch', async () => {
    const text = "export const a = 1; export { b } from './b.ts'; switch (a) { default: f(); }";
    expect(namedExports(await parseSample('src/a.ts', text))).toEqual([]);
  });
});

describe('tests', () => {
  test.each(['skip', 'todo', 'only', 'failing', 'if', 'skipIf', 'todoIf'])(
    'none has .%s',
    async (name) => {
      for (const base of ['test', 'it', 'describe', 'test.concurrent']) {
        const text = `${base}.${name}(condition)('a', () => {});`;
        expect(everyTestRuns(await parseSample('test/a.test.ts', text))).toHaveLength(1);
      }
    },
  );

  test('none expects true to be true', async () => {
    const text = "test('a', () => { expect(true).toBe(true); });";
    expect(everyTestRuns(await parseSample('test/a.test.ts', text))).toHaveLength(1);
  });

  test.each(['rejects.toThrow()', 'resolves.toBe(1)', 'rejects.not.toThrow()'])(
    'none leaves expect(promise).%s unawaited',
    async (matcher) => {
      const found = async (text: string): Promise<number> =>
        everyTestRuns(await parseSample('test/a.test.ts', text)).length;
      expect(await found(`expect(promise).${matcher};`)).toBe(1);
      expect(await found(`await expect(promise).${matcher};`)).toBe(0);
    },
  );

  test('tables and values pass', async () => {
    const text = "test.each([1])('a', (a) => { expect(a).toBe(1); list.skip(1); });";
    expect(everyTestRuns(await parseSample('test/a.test.ts', text))).toEqual([]);
  });
});
