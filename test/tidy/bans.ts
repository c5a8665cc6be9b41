import type { CallExpression, Node } from 'typescript/unstable/ast';
import {
  isCallExpression,
  isExportAssignment,
  isExportDeclaration,
  isExportSpecifier,
  isExpressionStatement,
  isIdentifier,
  isPropertyAccessExpression,
  SyntaxKind,
} from 'typescript/unstable/ast';
import type { Problem, Source } from './source.ts';
import { problemAt, visit } from './source.ts';

/** Names that may not be used in some files, and what to use instead. */
interface Ban {
  /** A global name, or `Object.property`. */
  readonly names: readonly string[];
  readonly within: (path: string) => boolean;
  readonly instead: string;
}

const TIMERS = ['setTimeout', 'setInterval', 'setImmediate'];
const CLOCKS = ['Date', 'performance'];
const CHANCE = ['Math.random', 'crypto', 'Bun.randomUUIDv7'];

/** What the C library and the processor have a say in. */
const LAST_BITS = ['log', 'log2', 'log10', 'exp', 'pow', 'sqrt', 'sin', 'cos'].map(
  (name) => `Math.${name}`,
);

const isPure = under('src/raft/', 'src/kv/');
/** Files that run in the simulator too; the adapters of the real disk and clock do not. */
const isSimulated = (path: string): boolean =>
  under('src/lib/', 'src/wire/', 'src/storage/', 'src/node/', 'src/sim/')(path) &&
  !under('src/storage/node-', 'src/node/clock.ts')(path);
/** Tests of real processes, which have to be waited for now and then. */
const WITH_PROCESSES = ['support', 'e2e', 'chaos', 'bench', 'hostile'].map(
  (name) => `test/${name}/`,
);
const isUnitTest = (path: string): boolean =>
  under('test/')(path) && !under(...WITH_PROCESSES)(path);

const BANS: readonly Ban[] = [
  { names: ['Promise'], within: isPure, instead: 'return a value; the driver does the waiting' },
  { names: [...TIMERS, ...CLOCKS], within: isPure, instead: 'count ticks, or take the time in' },
  { names: CHANCE, within: isPure, instead: 'draw from the injected generator of lib/prng.ts' },
  {
    names: ['Bun', 'fetch', 'globalThis', 'console', 'queueMicrotask'],
    within: isPure,
    instead: 'put the effect into the value that is returned',
  },
  { names: [...TIMERS, ...CLOCKS], within: isSimulated, instead: 'use the port node/clock.ts' },
  {
    names: LAST_BITS,
    within: (path) => isPure(path) || isSimulated(path),
    instead: 'use lib/exact-math.ts: this differs from machine to machine',
  },
  { names: ['fetch'], within: isSimulated, instead: 'use the port transport/transport.ts' },
  {
    names: ['Math.random'],
    within: (path) => under('src/')(path) && !isPure(path),
    instead: 'draw from lib/prng.ts, seeded at the composition root',
  },
  {
    names: ['process', 'Bun.env', 'Bun.argv'],
    within: (path) => under('src/')(path) && path !== 'src/index.ts',
    instead: 'take it as an argument from src/index.ts',
  },
  {
    names: ['Bun.sleep', 'Bun.sleepSync'],
    within: isUnitTest,
    instead: 'wait for what happens, or drive a manual clock',
  },
  {
    names: ['xit', 'xtest', 'xdescribe', 'fit', 'fdescribe'],
    within: under('test/'),
    instead: 'test',
  },
];

/** Names that belong to another layer are not used, and the message says what is. */
export function bannedNames(source: Source): Problem[] {
  const bans = new Map<string, string>();
  for (const ban of BANS) {
    if (!ban.within(source.path)) continue;
    for (const name of ban.names) if (!bans.has(name)) bans.set(name, ban.instead);
  }
  const problems: Problem[] = [];
  visit(source.ast, (node) => {
    const name = nameUsed(node);
    const instead = name === null ? undefined : bans.get(name);
    if (instead !== undefined) problems.push(problemAt(source, node, `${name}: ${instead}`));
  });
  return problems;
}

const WAITS = new Set([
  SyntaxKind.AsyncKeyword,
  SyntaxKind.AwaitKeyword,
  SyntaxKind.AwaitExpression,
]);

/** The cores are synchronous: nothing in them waits. */
export function synchronousCore(source: Source): Problem[] {
  if (!isPure(source.path)) return [];
  const problems: Problem[] = [];
  visit(source.ast, (node) => {
    if (!WAITS.has(node.kind)) return;
    problems.push(problemAt(source, node, 'async: the core is synchronous'));
  });
  return problems;
}

/** Every export has a name, and every re-export is listed by name. */
export function namedExports(source: Source): Problem[] {
  // Declarations of modules that are not ours say what is there.
  if (source.path.endsWith('.d.ts')) return [];
  const problems: Problem[] = [];
  visit(source.ast, (node) => {
    if (isDefaultExport(node)) {
      problems.push(problemAt(source, node, 'default export: give it its name'));
    }
    if (isExportDeclaration(node) && node.exportClause === undefined) {
      problems.push(problemAt(source, node, 'export *: import from the file that declares it'));
    }
  });
  return problems;
}

const NOT_RUN = new Set(['skip', 'todo', 'only', 'failing', 'if', 'skipIf', 'todoIf']);

/** Every test runs, each time, and could fail. */
export function everyTestRuns(source: Source): Problem[] {
  const problems: Problem[] = [];
  visit(source.ast, (node) => {
    if (isPropertyAccessExpression(node) && isTestFunction(node.expression)) {
      if (!NOT_RUN.has(node.name.text)) return;
      problems.push(problemAt(source, node, `.${node.name.text}: a test runs, or it goes`));
    }
    if (isUnawaitedExpectation(node)) {
      problems.push(problemAt(source, node, 'await it: an expectation of a promise'));
    }
    if (isExpectOfTrue(node)) {
      problems.push(problemAt(source, node, 'expect(true): a test that cannot fail'));
    }
  });
  return problems;
}

function under(...prefixes: string[]): (path: string) => boolean {
  return (path) => prefixes.some((prefix) => path.startsWith(prefix));
}

/** The global a node reads, so far as syntax tells: not a member's name of something else. */
function nameUsed(node: Node): string | null {
  if (isPropertyAccessExpression(node) && isIdentifier(node.expression)) {
    return `${node.expression.text}.${node.name.text}`;
  }
  if (!isIdentifier(node) || isMemberName(node)) return null;
  return node.text;
}

const MEMBERS = new Set([
  SyntaxKind.PropertyAssignment,
  SyntaxKind.PropertyDeclaration,
  SyntaxKind.PropertySignature,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.MethodSignature,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
  SyntaxKind.EnumMember,
]);

function isMemberName(node: Node): boolean {
  const parent: Node & { readonly name?: Node } = node.parent;
  if (parent.name !== node) return false;
  return isPropertyAccessExpression(parent) || MEMBERS.has(parent.kind);
}

function isDefaultExport(node: Node): boolean {
  if (isExportSpecifier(node)) return node.name.text === 'default';
  if (node.kind !== SyntaxKind.DefaultKeyword) return isExportAssignment(node);
  const parent: Node & { readonly modifiers?: readonly Node[] } = node.parent;
  return parent.modifiers?.some((one) => one.kind === SyntaxKind.ExportKeyword) ?? false;
}

function isTestFunction(node: Node): boolean {
  if (isPropertyAccessExpression(node)) return isTestFunction(node.expression);
  return isIdentifier(node) && ['test', 'it', 'describe'].includes(node.text);
}

/** A statement `expect(promise).rejects...`: the types of `bun:test` do not say it is a promise. */
function isUnawaitedExpectation(node: Node): boolean {
  if (!isExpressionStatement(node)) return false;
  let inner: Node = node.expression;
  while (isCallExpression(inner) || isPropertyAccessExpression(inner)) {
    const settles = isPropertyAccessExpression(inner) && SETTLES.has(inner.name.text);
    if (settles && isExpect(inner.expression)) return true;
    inner = inner.expression;
  }
  return false;
}

const SETTLES = new Set(['resolves', 'rejects']);

function isExpect(node: Node): node is CallExpression {
  return (
    isCallExpression(node) && isIdentifier(node.expression) && node.expression.text === 'expect'
  );
}

function isExpectOfTrue(node: Node): boolean {
  return isExpect(node) && node.arguments[0]?.kind === SyntaxKind.TrueKeyword;
}
