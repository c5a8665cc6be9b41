/** THE COMPILER, asked whether a mutant is a program at all. */
import { join } from 'node:path';
import { API, type Snapshot } from 'typescript/unstable/async';
import type { Replacement } from '../support/replaced-source.ts';

const ROOT = join(import.meta.dir, '../../..');
const PROJECT = join(ROOT, 'tsconfig.json');
/** What is only never used, or never reached, compiles. */
const HARMLESS = new Set([6133, 6138, 6192, 6196, 6198, 7027]);

export class Compiler {
  readonly #api: API;
  readonly #texts = new Map<string, string>();
  #snapshot: Snapshot | null = null;

  constructor() {
    this.#api = new API({ cwd: ROOT, fs: { readFile: (path) => this.#texts.get(path) } });
  }

  /** Looks at the changed file alone: what others make of it shows when it runs. */
  async accepts({ file, text }: Replacement): Promise<boolean> {
    const path = join(ROOT, file);
    const changed = [path, ...this.#texts.keys()];
    this.#texts.clear();
    this.#texts.set(path, text);
    const before = this.#snapshot;
    this.#snapshot = await this.#api.updateSnapshot(
      before === null ? { openProjects: [PROJECT] } : { fileChanges: { changed } },
    );
    await before?.dispose();
    const program = this.#snapshot.getProjects()[0]?.program;
    if (program === undefined) throw new Error(`no project ${PROJECT}`);
    const syntactic = await program.getSyntacticDiagnostics(path);
    if (syntactic.length > 0) return false;
    const semantic = await program.getSemanticDiagnostics(path);
    return semantic.every(({ code }) => HARMLESS.has(code));
  }

  async close(): Promise<void> {
    await this.#api.close();
  }
}
