/**
 * The linter, the formatter and the compiler are configured to refuse what these samples do. A
 * rule that a new version renames, or that a change of configuration loses, shows here.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');
const PRELUDE = `
import type { Kind } from './other.ts';
declare const work: () => Promise<number>;
declare const unknownJson: string;
export const kind = (k: Kind): Kind => k;
`;

/** One sample a rule: what the sample does, and the rule that must object to it. */
const LINT: ReadonlyMap<string, string> = new Map([
  ['typescript(no-floating-promises)', 'export function f() { work(); }'],
  ['typescript(no-misused-promises)', 'export const f = () => (work() ? 1 : 2);'],
  ['typescript(await-thenable)', 'export async function f() { await kind("a"); }'],
  ['typescript(require-await)', 'export async function f() { return kind("a"); }'],
  [
    'typescript(return-await)',
    'export async function f() { try { return work(); } finally { kind("a"); } }',
  ],
  [
    'typescript(switch-exhaustiveness-check)',
    'export function f(k: Kind) { switch (k) { case "a": return 1; } return 2; }',
  ],
  ['typescript(no-explicit-any)', 'export const f = (x: any) => kind(x ? "a" : "b");'],
  ['typescript(no-unsafe-assignment)', 'export const f: { a: 1 } = JSON.parse(unknownJson);'],
  ['typescript(no-unsafe-argument)', 'kind(JSON.parse(unknownJson));'],
  ['typescript(no-unsafe-call)', 'JSON.parse(unknownJson)();'],
  ['typescript(no-unsafe-member-access)', 'kind(JSON.parse(unknownJson).a);'],
  ['typescript(no-unsafe-return)', 'export const f = () => JSON.parse(unknownJson);'],
  ['typescript(no-non-null-assertion)', 'export const f = (x: Kind | null) => kind(x!);'],
  ['typescript(ban-ts-comment)', '// @ts-ignore\nexport const f: number = kind("a");'],
  [
    'typescript(consistent-type-imports)',
    'import { Other } from "./other.ts"; export type O = Other;',
  ],
  ['typescript(only-throw-error)', 'export function f() { throw "text"; }'],
  ['typescript(prefer-promise-reject-errors)', 'export const f = () => Promise.reject("text");'],
  ['typescript(prefer-readonly)', 'export class A { #a = 1; get() { return this.#a; } }'],
  [
    'typescript(use-unknown-in-catch-callback-variable)',
    'export const f = () => work().catch((e: Error) => e.message.length);',
  ],
  ['eslint(eqeqeq)', 'export const f = (x: Kind | null) => x == null;'],
  ['eslint(no-console)', 'console.log("a");'],
  ['eslint(no-empty)', 'try { kind("a"); } catch {}'],
  ['eslint(no-unused-vars)', 'export function f() { const unused = 1; }'],
  ['eslint(no-var)', 'export var f = 1;'],
  ['eslint(prefer-const)', 'let f = 1; export const g = f;'],
  ['import(no-cycle)', 'import { other } from "./other.ts"; other();'],
  ['import(no-default-export)', 'export default 5;'],
]);

/** What the compiler is told to refuse beyond `strict`, by the number of its message. */
const COMPILE: ReadonlyMap<string, string> = new Map([
  ['TS2322', 'export const f = (xs: number[]): number => xs[0];'],
  ['TS2375', 'export const f = (a: undefined): { a?: number } => { const o = { a }; return o; };'],
  ['TS1294', 'export enum E { A }'],
  ['TS4111', 'export const f = (o: Record<string, number>) => o.a;'],
  ['TS4114', 'export class B { m() {} } export class D extends B { m() {} }'],
  ['TS7030', 'export function f(a: boolean) { if (a) return 1; }'],
  ['TS7029', 'export function f(a: number) { switch (a) { case 1: a; default: return; } }'],
  ['TS1484', 'import { Other } from "./other.ts"; export type O = Other;'],
]);

let folder = '';
let lint = '';
let compile = '';

const read = (stream: ReadableStream): Promise<string> => new Response(stream).text();

async function output(...command: string[]): Promise<string> {
  const child = Bun.spawn(command, { cwd: ROOT, stdout: 'pipe', stderr: 'pipe' });
  const [out, error] = await Promise.all([read(child.stdout), read(child.stderr)]);
  return out + error;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidy-lint-'));
  const samples = [...LINT.values(), ...COMPILE.values()];
  for (const [index, sample] of samples.entries()) {
    await Bun.write(join(folder, `sample${index}.ts`), PRELUDE + sample);
  }
  const cycle = [...LINT.keys()].indexOf('import(no-cycle)');
  const other = `import './sample${cycle}.ts'; export type Kind = 'a' | 'b';
    export interface Other { a: 1 } export const other = () => 1;`;
  await Bun.write(join(folder, 'other.ts'), other);
  const config = { extends: join(ROOT, 'tsconfig.json'), compilerOptions: { types: [] } };
  await Bun.write(join(folder, 'tsconfig.json'), JSON.stringify({ ...config, include: ['*.ts'] }));
  const oxlint = ['bun', 'run', 'oxlint', '--type-aware', '--format=unix', '-c', '.oxlintrc.json'];
  [lint, compile] = await Promise.all([
    output(...oxlint, folder),
    output('bun', 'run', 'tsc', '-p', folder, '--pretty', 'false'),
  ]);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The line of the tool's output that objects to a sample, or what it said of it instead. */
function objections(all: string, sample: string): string {
  const index = [...LINT.values(), ...COMPILE.values()].indexOf(sample);
  const lines = all.split('\n').filter((line) => line.includes(`sample${index}.ts`));
  return lines.join('\n');
}

describe('the linter refuses', () => {
  test.each([...LINT])('%s', (rule, sample) => {
    expect(objections(lint, sample)).toContain(rule);
  });
});

describe('the compiler refuses', () => {
  test.each([...COMPILE])('%s', (code, sample) => {
    expect(objections(compile, sample)).toContain(code);
  });
});

test('the formatter wants single quotes and semicolons', async () => {
  const file = join(folder, 'format.ts');
  const format = ['bun', 'run', 'biome', 'format', '--stdin-file-path=src/format.ts'];
  await Bun.write(file, `const a = "text"\n`);
  const child = Bun.spawn(format, { cwd: ROOT, stdin: Bun.file(file), stdout: 'pipe' });
  expect(await read(child.stdout)).toBe("const a = 'text';\n");
  expect(await child.exited).toBe(0);
});
