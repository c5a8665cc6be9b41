import type { Node } from 'typescript/unstable/ast';
import { isCallExpression, isFunctionLikeDeclaration, isIdentifier } from 'typescript/unstable/ast';
import type { Problem, Source } from './source.ts';
import { endLineOf, lineOf, problemAt, visit } from './source.ts';

const FUNCTION_LINES = 70;

/** A file of the product has at most 400 lines, any other at most 600. */
export function fileLength(source: Source): Problem[] {
  const limit = source.path.startsWith('src/') ? 400 : 600;
  const lines = source.text.trimEnd().split('\n').length;
  if (lines <= limit) return [];
  const message = `${lines} lines, more than ${limit}: split the file by concept`;
  return [{ path: source.path, line: limit + 1, message }];
}

/**
 * A function has at most 70 lines. A list of tests is not a thing to be read as a whole: the body
 * of a `describe` does not count, and a test counts for itself but not for the function around it.
 */
export function functionLength(source: Source): Problem[] {
  const problems: Problem[] = [];
  visit(source.ast, (node) => {
    if (!isFunctionLikeDeclaration(node) || isPassedTo(node, ['describe'])) return;
    const lines = linesOf(source, node) - linesInTests(source, node);
    if (lines <= FUNCTION_LINES) return;
    problems.push(
      problemAt(
        source,
        node,
        `a function of ${lines} lines, more than ${FUNCTION_LINES}: split it`,
      ),
    );
  });
  return problems;
}

function linesOf(source: Source, node: Node): number {
  return endLineOf(source, node) - lineOf(source, node) + 1;
}

/** Lines of the tests, and of lists of tests, within a function. */
function linesInTests(source: Source, node: Node): number {
  let lines = 0;
  node.forEachChild((child) => {
    lines += isPassedTo(child, TESTS) ? linesOf(source, child) : linesInTests(source, child);
  });
  return lines;
}

const TESTS = ['describe', 'test', 'it'];

function isPassedTo(node: Node, names: readonly string[]): boolean {
  if (!isFunctionLikeDeclaration(node)) return false;
  const call = node.parent;
  return (
    isCallExpression(call) && isIdentifier(call.expression) && names.includes(call.expression.text)
  );
}
