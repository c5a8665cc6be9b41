/**
 * MUTATION OPERATORS: small changes of the kind that people make by mistake, each of one place in a
 * syntax tree. Text for people (of errors, of the log) is left alone, and so are assertions: what
 * only ever throws is missed by nobody.
 */
import type { BinaryExpression, Expression, Node } from 'typescript/unstable/ast';
import {
  isArrowFunction,
  isAwaitExpression,
  isBinaryExpression,
  isBlock,
  isCallExpression,
  isConditionalExpression,
  isExpressionStatement,
  isFunctionDeclaration,
  isIfStatement,
  isMethodDeclaration,
  isNumericLiteral,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isReturnStatement,
  isTemplateExpression,
  isThrowStatement,
  isTypeNode,
  isWhileStatement,
  SyntaxKind,
} from 'typescript/unstable/ast';
import { lineOf, type Source } from '../../tidy/source.ts';

/** One change of one place. */
export interface Mutant {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly operator: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

type Edit = Pick<Mutant, 'operator' | 'replacement'> & { readonly node: Node };

const SWAPPED: ReadonlyMap<SyntaxKind, string> = new Map([
  [SyntaxKind.LessThanToken, '<='],
  [SyntaxKind.LessThanEqualsToken, '<'],
  [SyntaxKind.GreaterThanToken, '>='],
  [SyntaxKind.GreaterThanEqualsToken, '>'],
  [SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [SyntaxKind.ExclamationEqualsEqualsToken, '==='],
  [SyntaxKind.AmpersandAmpersandToken, '||'],
  [SyntaxKind.BarBarToken, '&&'],
  [SyntaxKind.PlusToken, '-'],
  [SyntaxKind.MinusToken, '+'],
  [SyntaxKind.PlusEqualsToken, '-='],
]);
const OTHER_CALLS: ReadonlyMap<string, string> = new Map([
  ['Math.min', 'Math.max'],
  ['Math.max', 'Math.min'],
]);
const SAYS_ONLY = /^(?:assert|this\.#?log|log|logger|trace|raft\.trace|this\.#?trace)\b/;

/** Every mutant of a file. */
export function mutantsOf(source: Source): Mutant[] {
  const mutants: Mutant[] = [];
  visitLiving(source.ast, (node) => {
    for (const { node: at, operator, replacement } of editsAt(node, source)) {
      const start = at.getStart(source.ast);
      const end = at.getEnd();
      if (source.text.slice(start, end) === replacement) continue;
      mutants.push({
        file: source.path,
        line: lineOf(source, at),
        operator,
        start,
        end,
        replacement,
      });
    }
  });
  return mutants;
}

/** What the file says with the change. */
export function mutated(text: string, { start, end, replacement }: Mutant): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

function visitLiving(node: Node, callback: (node: Node) => void): void {
  if (isThrowStatement(node) || isTemplateExpression(node) || isTypeNode(node)) return;
  if (isCallExpression(node) && SAYS_ONLY.test(node.expression.getText())) return;
  callback(node);
  node.forEachChild((child) => visitLiving(child, callback));
}

function editsAt(node: Node, source: Source): Edit[] {
  const text = (one: Node): string => one.getText(source.ast);
  if (isIfStatement(node) || isWhileStatement(node)) {
    const edits = conditionEdits(node.expression, text);
    if (isIfStatement(node) && node.elseStatement === undefined) {
      edits.push({ node, operator: 'drop statement', replacement: ';' });
    }
    return edits;
  }
  if (isConditionalExpression(node)) return conditionEdits(node.condition, text);
  if (isBinaryExpression(node)) return binaryEdits(node, text);
  if (isAwaitExpression(node)) {
    return [{ node, operator: 'drop await', replacement: `(${text(node.expression)})` }];
  }
  if (isExpressionStatement(node)) {
    if (SAYS_ONLY.test(text(node)) || text(node).startsWith('super')) return [];
    return [{ node, operator: 'drop statement', replacement: ';' }];
  }
  if (isNumericLiteral(node) && isInFunction(node)) {
    return [{ node, operator: 'other number', replacement: `(${text(node)} + 1)` }];
  }
  if (node.kind === SyntaxKind.TrueKeyword || node.kind === SyntaxKind.FalseKeyword) {
    const isTrue = node.kind === SyntaxKind.TrueKeyword;
    return [{ node, operator: 'other boolean', replacement: isTrue ? 'false' : 'true' }];
  }
  if (isCallExpression(node)) return callEdits(node.expression, text);
  if (isReturnStatement(node) && node.expression !== undefined) {
    return valueEdits(node.expression, 'return', text);
  }
  if (isPropertyAssignment(node)) {
    const edits = valueEdits(node.initializer, 'property', text);
    return edits.filter(({ replacement }) => !replacement.startsWith('!'));
  }
  return bodyEdits(node);
}

function conditionEdits(condition: Expression, text: (node: Node) => string): Edit[] {
  const negated = `!(${text(condition)})`;
  return [{ node: condition, operator: 'negate condition', replacement: negated }];
}

function binaryEdits(node: BinaryExpression, text: (node: Node) => string): Edit[] {
  const { left, operatorToken, right } = node;
  const edits: Edit[] = [];
  const swapped = SWAPPED.get(operatorToken.kind);
  if (swapped !== undefined) {
    edits.push({ node: operatorToken, operator: 'other operator', replacement: swapped });
  }
  const { kind } = operatorToken;
  if (kind === SyntaxKind.AmpersandAmpersandToken || kind === SyntaxKind.BarBarToken) {
    edits.push({ node, operator: 'drop right side', replacement: `(${text(left)})` });
    edits.push({ node, operator: 'drop left side', replacement: `(${text(right)})` });
  }
  if (kind === SyntaxKind.PlusToken || kind === SyntaxKind.MinusToken) {
    edits.push({ node, operator: 'drop right side', replacement: `(${text(left)})` });
  }
  if (kind === SyntaxKind.QuestionQuestionToken) {
    edits.push({ node, operator: 'drop left side', replacement: `(${text(right)})` });
  }
  return edits;
}

function callEdits(callee: Expression, text: (node: Node) => string): Edit[] {
  const other = OTHER_CALLS.get(text(callee));
  if (other === undefined || !isPropertyAccessExpression(callee)) return [];
  return [{ node: callee, operator: 'other function', replacement: other }];
}

function valueEdits(value: Expression, what: string, text: (node: Node) => string): Edit[] {
  const replacements = ['null', '0', '[]', `!(${text(value)})`];
  return replacements.map((replacement) => {
    return { node: value, operator: `other ${what}`, replacement };
  });
}

/** A function that does nothing; the compiler says where that cannot be. */
function bodyEdits(node: Node): Edit[] {
  if (!isBlock(node) || node.statements.length === 0) return [];
  const { parent } = node;
  const isBody =
    isFunctionDeclaration(parent) || isMethodDeclaration(parent) || isArrowFunction(parent);
  return isBody ? [{ node, operator: 'empty body', replacement: '{}' }] : [];
}

function isInFunction(node: Node): boolean {
  for (let at: Node | undefined = node.parent; at !== undefined; at = at.parent) {
    if (isFunctionDeclaration(at) || isMethodDeclaration(at) || isArrowFunction(at)) return true;
  }
  return false;
}
