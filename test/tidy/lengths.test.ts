import { expect, test } from 'bun:test';
import { fileLength, functionLength } from './lengths.ts';
import { parseSample, show } from './source.ts';

const statements = (count: number): string => 'step();\n'.repeat(count);

test('a file of the product ends after 400 lines, a test after 600', async () => {
  expect(fileLength(await parseSample('src/a.ts', statements(400)))).toEqual([]);
  expect(show(fileLength(await parseSample('src/a.ts', statements(401))))).toEqual([
    'src/a.ts:401: 401 lines, more than 400: split the file by concept',
  ]);
  expect(fileLength(await parseSample('test/a.test.ts', statements(600)))).toEqual([]);
  expect(fileLength(await parseSample('test/a.test.ts', statements(601)))).toHaveLength(1);
});

test('a function ends after 70 lines, whatever its form', async () => {
  const forms = (body: string): string[] => [
    `function f() {\n${body}}\n`,
    `const f = () => {\n${body}};\n`,
    `class C {\n  method() {\n${body}}\n}\n`,
    `class C {\n  constructor() {\n${body}}\n}\n`,
    `const o = {\n  get a() {\n${body}return 1; }\n};\n`,
  ];
  for (const good of forms(statements(68))) {
    expect(functionLength(await parseSample('src/a.ts', good))).toEqual([]);
  }
  for (const bad of forms(statements(69))) {
    const found = functionLength(await parseSample('src/a.ts', bad));
    expect(found.map((problem) => problem.message)).toEqual([
      'a function of 71 lines, more than 70: split it',
    ]);
  }
});

test('a comment before a function is no part of it, but one inside is', async () => {
  const before = `${'// why\n'.repeat(50)}function f() {\n${statements(68)}}\n`;
  expect(functionLength(await parseSample('src/a.ts', before))).toEqual([]);
  const inside = `function f() {\n${'// why\n'.repeat(69)}}\n`;
  expect(functionLength(await parseSample('src/a.ts', inside))).toHaveLength(1);
});

test('a list of tests does not count, a test in it does', async () => {
  const short = `test('a', () => {\n${statements(60)}});\n`;
  const suite = (body: string) => `function contract() {\ndescribe('x', () => {\n${body}});\n}\n`;
  expect(functionLength(await parseSample('test/a.ts', suite(short + short)))).toEqual([]);
  const list = `function contract() {\n${short}${short}}\n`;
  expect(functionLength(await parseSample('test/a.ts', list))).toEqual([]);
  const long = `test('a', () => {\n${statements(69)}});\n`;
  expect(functionLength(await parseSample('test/a.ts', suite(long)))).toHaveLength(1);
});
