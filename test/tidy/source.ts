/**
 * WHAT THE TIDY CHECKS READ
 *
 * A check is a pure function from files to problems, so that each can be shown a bad sample. The
 * syntax trees come from the TypeScript compiler itself, run over the files as one project that
 * lives in memory and resolves nothing: parsing the whole repository takes well under a second.
 */
import type { Node, SourceFile } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/async';
import { createVirtualFileSystem } from 'typescript/unstable/fs';

/** A file of the repository, by its path from the top. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** A TypeScript file with its syntax tree. */
export interface Source extends TextFile {
  readonly ast: SourceFile;
}

/** Something that breaks a rule: where, and what to do instead. */
export interface Problem {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}

const ROOT = '/project';

/** Parses TypeScript files. The paths are kept as they are given, from the top of the project. */
export async function parseSources(files: readonly TextFile[]): Promise<Source[]> {
  const virtual: Record<string, string> = {};
  for (const { path, text } of files) virtual[`${ROOT}/${path}`] = text;
  const compilerOptions = { noLib: true, noResolve: true, types: [], noEmit: true };
  virtual[`${ROOT}/tsconfig.json`] = JSON.stringify({
    compilerOptions: { ...compilerOptions, allowImportingTsExtensions: true, jsx: 'preserve' },
    files: files.map((file) => file.path),
  });
  const api = new API({ cwd: ROOT, fs: createVirtualFileSystem(virtual) });
  try {
    const snapshot = await api.updateSnapshot({ openProjects: [`${ROOT}/tsconfig.json`] });
    const project = snapshot.getProjects()[0];
    const sources: Source[] = [];
    for (const file of files) {
      const ast = await project?.program.getSourceFile(`${ROOT}/${file.path}`);
      if (ast === undefined) throw new Error(`the compiler does not know ${file.path}`);
      sources.push({ ...file, ast });
    }
    return sources;
  } finally {
    await api.close();
  }
}

/** Parses one sample, for the tests of the checks. */
export async function parseSample(path: string, text: string): Promise<Source> {
  const [source] = await parseSources([{ path, text }]);
  if (source === undefined) throw new Error('no source');
  return source;
}

/** Visits every node of a tree, parents first. */
export function visit(node: Node, callback: (node: Node) => void): void {
  callback(node);
  node.forEachChild((child) => visit(child, callback));
}

/** The line a node starts on, counted from 1, comments before it left out. */
export function lineOf(source: Source, node: Node): number {
  return source.ast.getLineAndCharacterOfPosition(node.getStart(source.ast)).line + 1;
}

/** The line a node ends on, counted from 1. */
export function endLineOf(source: Source, node: Node): number {
  return source.ast.getLineAndCharacterOfPosition(node.getEnd()).line + 1;
}

/** A problem at a node. */
export function problemAt(source: Source, node: Node, message: string): Problem {
  return { path: source.path, line: lineOf(source, node), message };
}

/** One line a problem, for an assertion that shows them all. */
export function show(problems: readonly Problem[]): string[] {
  return problems.map(({ path, line, message }) => `${path}:${line}: ${message}`);
}
