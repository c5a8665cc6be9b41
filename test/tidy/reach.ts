import { posix } from 'node:path';
import { isNoSubstitutionTemplateLiteral, isStringLiteral } from 'typescript/unstable/ast';
import type { Problem, Source, TextFile } from './source.ts';
import { visit } from './source.ts';

/**
 * Every file of code is reached: from the entry, a test, or a place that names it (a script of
 * package.json, a command in the documentation), through imports and through paths in strings,
 * such as a worker's file. What is not reached is dead, even if two dead files import each other.
 * Files of declarations are read by the compiler, and need no import.
 */
export function unreached(sources: readonly Source[], texts: readonly TextFile[]): Problem[] {
  const code = [...sources, ...texts.filter((file) => /\.(?:css|html|sh)$/.test(file.path))];
  const known = new Set(code.map((file) => file.path));
  const edges = new Map<string, readonly string[]>();
  for (const source of sources) edges.set(source.path, pathsInCode(source, known));
  for (const file of texts) edges.set(file.path, pathsInText(file, known));

  const reached = new Set<string>();
  const waiting = [...edges.keys()].filter((path) => isRoot(path, known));
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    waiting.push(...(edges.get(path) ?? []));
  }
  return code
    .filter((file) => !reached.has(file.path) && !file.path.endsWith('.d.ts'))
    .map((file) => ({ path: file.path, line: 1, message: 'never imported: delete it or use it' }));
}

/** Code is reached from elsewhere unless it is an entry; all else only names what it uses. */
function isRoot(path: string, code: ReadonlySet<string>): boolean {
  return !code.has(path) || path === 'src/index.ts' || path.endsWith('.test.ts');
}

function pathsInCode(source: Source, known: ReadonlySet<string>): string[] {
  const found: string[] = [];
  visit(source.ast, (node) => {
    if (isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node)) {
      found.push(...resolve(source.path, node.text, known));
    }
  });
  return found;
}

function pathsInText(file: TextFile, known: ReadonlySet<string>): string[] {
  const words = file.text.match(/[\w./-]+/g) ?? [];
  return words.flatMap((word) => resolve(file.path, word, known));
}

/** A path is meant from the file that names it, or from the top of the repository. */
function resolve(from: string, name: string, known: ReadonlySet<string>): string[] {
  const candidates = [posix.join(posix.dirname(from), name), posix.normalize(name)];
  return candidates.filter((path) => known.has(path) && path !== from);
}
