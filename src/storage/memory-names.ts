import type { CrashChoices } from './crash-choices.ts';
import { type CrashMode, type MemoryFile, POWER_CUTS } from './memory-file.ts';

/** One operation on a directory; each survives a power cut, or does not, by itself. */
type NameChange =
  | { readonly type: 'link'; readonly path: string; readonly file: MemoryFile }
  | { readonly type: 'unlink'; readonly path: string }
  | {
      readonly type: 'rename';
      readonly path: string;
      readonly to: string;
      readonly file: MemoryFile;
    }
  | { readonly type: 'directory'; readonly path: string };

/** Which names there are now, and which there would be after a power cut. */
export class MemoryNames {
  #files = new Map<string, MemoryFile>();
  #directories = new Set<string>(['.']);
  readonly #durableFiles = new Map<string, MemoryFile>();
  readonly #durableDirectories = new Set<string>(['.']);
  /** Not durable before the directory in which they happened is synced. */
  #changes: NameChange[] = [];

  get(path: string): MemoryFile | undefined {
    return this.#files.get(path);
  }

  hasDirectory(path: string): boolean {
    return this.#directories.has(path);
  }

  paths(): string[] {
    return [...this.#files.keys()].sort();
  }

  files(): IterableIterator<MemoryFile> {
    return this.#files.values();
  }

  list(directory: string): string[] {
    const names: string[] = [];
    for (const path of [...this.#files.keys(), ...this.#directories]) {
      if (path !== '.' && parentOf(path) === directory) names.push(nameOf(path));
    }
    return names.sort();
  }

  link(path: string, file: MemoryFile): void {
    this.#change({ type: 'link', path, file });
  }

  unlink(path: string): void {
    this.#change({ type: 'unlink', path });
  }

  rename(path: string, to: string, file: MemoryFile): void {
    this.#change({ type: 'rename', path, to, file });
  }

  makeDirectory(path: string): void {
    if (!this.#directories.has(path)) this.#change({ type: 'directory', path });
  }

  sync(directory: string): void {
    const rest: NameChange[] = [];
    for (const change of this.#changes) {
      if (parentOf(change.path) === directory) this.#harden(change);
      else rest.push(change);
    }
    this.#changes = rest;
  }

  /** What happened there is seen, but no later sync makes it durable. */
  dropChanges(directory: string): void {
    this.#changes = this.#changes.filter((change) => parentOf(change.path) !== directory);
  }

  /** Puts a file there for good, as an operator would. */
  place(path: string, file: MemoryFile): void {
    this.#files.set(path, file);
    this.#durableFiles.set(path, file);
  }

  /** Takes a file away for good. */
  lose(path: string): void {
    this.#files.delete(path);
    this.#durableFiles.delete(path);
  }

  /** @param crashed the content that each file is left with. */
  crashed(
    choices: CrashChoices,
    mode: CrashMode,
    crashed: (file: MemoryFile) => MemoryFile,
  ): MemoryNames {
    const copies = new Map<MemoryFile, MemoryFile>();
    const copy = (file: MemoryFile): MemoryFile => {
      const made = copies.get(file) ?? crashed(file);
      copies.set(file, made);
      return made;
    };
    const left = new MemoryNames();
    for (const [path, file] of this.#durableFiles) left.#durableFiles.set(path, copy(file));
    for (const path of this.#durableDirectories) left.#durableDirectories.add(path);
    if (mode === 'kill') {
      for (const [path, file] of this.#files) left.#files.set(path, copy(file));
      for (const path of this.#directories) left.#directories.add(path);
      left.#changes = this.#changes.map((change) =>
        'file' in change ? { ...change, file: copy(change.file) } : change,
      );
      return left;
    }
    for (const change of surviving(this.#changes, choices, mode)) {
      left.#harden('file' in change ? { ...change, file: copy(change.file) } : change);
    }
    left.#reboot();
    return left;
  }

  /** Equal for directories that are the same in everything that may ever show. */
  describe(): string {
    const all = new Set([...this.#files.values(), ...this.#durableFiles.values()]);
    const numbers = new Map([...all].map((file, at) => [file, at]));
    const names = (files: ReadonlyMap<string, MemoryFile>): string[] =>
      [...files].map(([path, file]) => `${path}=${numbers.get(file)}`).sort();
    const changes = this.#changes.map((change) =>
      'file' in change ? { ...change, file: numbers.get(change.file) } : change,
    );
    const directories = [[...this.#directories], [...this.#durableDirectories]];
    const known = [names(this.#files), names(this.#durableFiles), directories, changes];
    return JSON.stringify(known) + [...all].map((file) => file.describe()).join('');
  }

  #change(change: NameChange): void {
    this.#changes.push(change);
    applyChange(this.#files, this.#directories, change);
  }

  #harden(change: NameChange): void {
    applyChange(this.#durableFiles, this.#durableDirectories, change);
  }

  #reboot(): void {
    for (const path of this.#durableFiles.keys()) {
      if (!this.#durableDirectories.has(parentOf(path))) this.#durableFiles.delete(path);
    }
    this.#files = new Map(this.#durableFiles);
    this.#directories = new Set(this.#durableDirectories);
  }
}

function surviving(
  changes: readonly NameChange[],
  choices: CrashChoices,
  mode: CrashMode,
): readonly NameChange[] {
  const fate = mode === 'mixed' ? choices.pick(POWER_CUTS) : mode;
  if (fate === 'drop') return [];
  if (fate === 'keep') return changes;
  if (fate === 'prefix') return changes.slice(0, choices.between(0, changes.length + 1));
  return changes.filter(() => choices.chance(0.5));
}

function applyChange(
  files: Map<string, MemoryFile>,
  directories: Set<string>,
  change: NameChange,
): void {
  switch (change.type) {
    case 'link':
      files.set(change.path, change.file);
      return;
    case 'unlink':
      files.delete(change.path);
      return;
    case 'rename':
      files.delete(change.path);
      files.set(change.to, change.file);
      return;
    case 'directory':
      directories.add(change.path);
  }
}

/** The directory a path is in; the node's own is `.`. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : path.slice(0, slash);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
