import { posix } from 'node:path';
import type { ImportClause, Node } from 'typescript/unstable/ast';
import {
  isCallExpression,
  isExportDeclaration,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isNamedExports,
  isNamedImports,
  isStringLiteral,
  SyntaxKind,
} from 'typescript/unstable/ast';
import type { Source } from './source.ts';
import { lineOf, visit } from './source.ts';

/** One module named by another. */
export interface Import {
  readonly line: number;
  /** As it is written. */
  readonly specifier: string;
  /** The path from the top of the repository, or null for a package or a built-in module. */
  readonly target: string | null;
  /** Nothing of it is left when the types are gone. */
  readonly typeOnly: boolean;
}

/** Every module a file names, in whatever form. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  visit(source.ast, (node) => {
    const named = moduleOf(node);
    if (named === null) return;
    const { specifier, typeOnly } = named;
    const target = specifier.startsWith('.')
      ? posix.join(posix.dirname(source.path), specifier)
      : null;
    found.push({ line: lineOf(source, node), specifier, target, typeOnly });
  });
  return found;
}

interface Named {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

function moduleOf(node: Node): Named | null {
  if (isImportDeclaration(node)) {
    return named(node.moduleSpecifier, onlyTypesImported(node.importClause));
  }
  if (isExportDeclaration(node)) {
    return named(node.moduleSpecifier, node.isTypeOnly || onlyTypes(node.exportClause));
  }
  if (isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword) {
    return named(node.arguments[0], false);
  }
  if (isImportTypeNode(node) && isLiteralTypeNode(node.argument)) {
    return named(node.argument.literal, true);
  }
  return null;
}

function named(specifier: Node | undefined, typeOnly: boolean): Named | null {
  if (specifier === undefined || !isStringLiteral(specifier)) return null;
  return { specifier: specifier.text, typeOnly };
}

function onlyTypesImported(clause: ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === SyntaxKind.TypeKeyword) return true;
  return clause.name === undefined && onlyTypes(clause.namedBindings);
}

/** Whether every name in the braces is marked `type`. */
function onlyTypes(bindings: Node | undefined): boolean {
  if (bindings === undefined) return false;
  if (!isNamedImports(bindings) && !isNamedExports(bindings)) return false;
  return bindings.elements.length > 0 && bindings.elements.every((element) => element.isTypeOnly);
}
