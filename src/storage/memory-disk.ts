import { assert } from '../lib/assert.ts';
import type { CrashChoices } from './crash-choices.ts';
import { type Disk, DiskError, type DiskFile } from './disk.ts';
import { type CrashMode, MemoryFile } from './memory-file.ts';
import { MemoryNames, parentOf } from './memory-names.ts';

/**
 * THE SIMULATED DISK
 *
 * It keeps apart what a process sees and what would survive a power cut: bytes are volatile until
 * `sync`, names until `syncDirectory`. A crash ends it (nothing that is under way ever completes,
 * as for a dead process) and gives a new one with what survived.
 */

/** What is about to happen, for the hooks. */
export interface DiskOperation {
  readonly kind:
    | 'list'
    | 'make-directory'
    | 'create'
    | 'open'
    | 'rename'
    | 'remove'
    | 'sync-directory'
    | 'free-bytes'
    | 'write'
    | 'sync'
    | 'read'
    | 'size'
    | 'truncate'
    | 'allocate'
    | 'close';
  readonly path: string;
  /** Of a write, read or allocation; else 0. */
  readonly bytes: number;
  /** 1 for the first operation of this disk. */
  readonly number: number;
}

/** How an operation goes wrong. */
export type DiskFault =
  /** It fails and changes nothing. */
  | { readonly type: 'error'; readonly code: string }
  /** A write takes only so many bytes, and says so. */
  | { readonly type: 'short-write'; readonly bytes: number }
  /** A sync, of a file or a directory, fails, and what it covered never reaches the disk. */
  | { readonly type: 'dropped-pages' }
  /** A write reports success and does nothing. */
  | { readonly type: 'lost-write' }
  /** A read ends early, as at the end of the file, and says so. */
  | { readonly type: 'short-read'; readonly bytes: number }
  /** A read, this once, gives bytes with one that is wrong. */
  | { readonly type: 'wrong-read'; readonly at: number }
  /** It never completes, and does nothing. */
  | { readonly type: 'stuck' };

export interface MemoryDiskOptions {
  /** Bytes in all; unlimited by default. */
  readonly capacity?: number;
  /** Decides when an operation completes; in a microtask by default. */
  readonly schedule?: (complete: () => void, operation: DiskOperation) => void;
  readonly fault?: (operation: DiskOperation) => DiskFault | null;
}

type Kind = DiskOperation['kind'];

export class MemoryDisk implements Disk {
  readonly #options: MemoryDiskOptions;
  #names = new MemoryNames();
  /** Files with a write under way. */
  readonly #inFlight = new Map<MemoryFile, number>();
  #operations = 0;
  #dead = false;

  constructor(options: MemoryDiskOptions = {}) {
    this.#options = options;
  }

  /** How many operations have been asked for. */
  get operations(): number {
    return this.#operations;
  }

  list(directory: string): Promise<string[]> {
    return this.#run('list', directory, 0, () => this.#names.list(directory));
  }

  makeDirectory(path: string): Promise<void> {
    return this.#run('make-directory', path, 0, () => this.#names.makeDirectory(path));
  }

  open(path: string, mode: 'create' | 'append' | 'read'): Promise<DiskFile> {
    return this.#run(mode === 'create' ? 'create' : 'open', path, 0, () => {
      const file = this.#names.get(path);
      if (mode !== 'create') return this.#handle(path, this.#there(path, 'open'));
      if (file !== undefined) throw new DiskError('EEXIST', 'create', path);
      if (!this.#names.hasDirectory(parentOf(path))) throw new DiskError('ENOENT', 'create', path);
      const made = new MemoryFile();
      this.#names.link(path, made);
      return this.#handle(path, made);
    });
  }

  rename(from: string, to: string): Promise<void> {
    assert(parentOf(from) === parentOf(to), () => `${from} and ${to} are in two directories`);
    return this.#run('rename', from, 0, () =>
      this.#names.rename(from, to, this.#there(from, 'rename')),
    );
  }

  remove(path: string): Promise<void> {
    return this.#run('remove', path, 0, () => {
      this.#there(path, 'remove');
      this.#names.unlink(path);
    });
  }

  syncDirectory(path: string): Promise<void> {
    return this.#run(
      'sync-directory',
      path,
      0,
      () => {
        if (!this.#names.hasDirectory(path)) throw new DiskError('ENOENT', 'sync', path);
        this.#names.sync(path);
      },
      () => this.#names.dropChanges(path),
    );
  }

  freeBytes(): Promise<number> {
    return this.#run('free-bytes', '.', 0, () => this.#free());
  }

  /** The disk after a crash. This one is dead from now on, but can be crashed in other ways too. */
  crash(
    choices: CrashChoices,
    mode: CrashMode,
    options: MemoryDiskOptions = this.#options,
  ): MemoryDisk {
    this.#dead = true;
    const left = new MemoryDisk(options);
    left.#names = this.#names.crashed(choices, mode, (file) =>
      file.crashed(choices, mode, (this.#inFlight.get(file) ?? 0) > 0),
    );
    return left;
  }

  /** Equal for disks that are the same in everything that may ever show. */
  describe(): string {
    return this.#names.describe();
  }

  /** The paths of all files. */
  paths(): string[] {
    return this.#names.paths();
  }

  /** What a reader sees now. */
  contents(path: string): Uint8Array {
    const file = this.#there(path, 'read');
    return file.read(0, file.size);
  }

  /** Damage at rest. @param bit counted from the file's first. */
  flipBit(path: string, bit: number): void {
    this.#there(path, 'read').flipBit(bit);
  }

  /** Damage at rest: other bytes in the place of some that are there. */
  overwrite(path: string, offset: number, bytes: Uint8Array): void {
    this.#there(path, 'read').overwrite(offset, bytes);
  }

  /** Damage at rest: the file is gone, for good. */
  lose(path: string): void {
    this.#there(path, 'remove');
    this.#names.lose(path);
  }

  /** Makes or replaces a file, durably, as an operator would. */
  place(path: string, bytes: Uint8Array): void {
    const file = this.#names.get(path) ?? new MemoryFile();
    file.replace(bytes);
    if (parentOf(path) !== '.') {
      this.#names.makeDirectory(parentOf(path));
      this.#names.sync('.');
    }
    this.#names.place(path, file);
  }

  #handle(path: string, file: MemoryFile): DiskFile {
    return {
      write: (bytes) => this.#write(path, file, bytes),
      sync: () => this.#sync(path, file),
      read: (offset, length) => this.#read(path, file, offset, length),
      size: () => this.#run('size', path, 0, () => file.size),
      truncate: (size) => this.#run('truncate', path, 0, () => file.truncate(size)),
      allocate: (bytes) =>
        this.#run('allocate', path, bytes, () => this.#allocate(path, file, bytes)),
      close: () => this.#run('close', path, 0, () => undefined),
    };
  }

  #read(path: string, file: MemoryFile, offset: number, length: number): Promise<Uint8Array> {
    const operation = this.#operation('read', path, length);
    if (this.#dead) return never();
    const fault = this.#options.fault?.(operation) ?? null;
    return this.#complete(operation, fault, () => {
      const bytes = file.read(offset, length);
      if (fault?.type === 'short-read') return bytes.subarray(0, fault.bytes);
      if (fault?.type === 'wrong-read' && bytes.length > 0) {
        const at = fault.at % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ 1;
      }
      return bytes;
    });
  }

  /** The bytes are in the page cache at once; the answer comes later. */
  #write(path: string, file: MemoryFile, bytes: Uint8Array): Promise<number> {
    const operation = this.#operation('write', path, bytes.length);
    if (this.#dead) return never();
    const fault = this.#options.fault?.(operation) ?? null;
    if (fault?.type === 'lost-write') return this.#complete(operation, null, () => bytes.length);
    let count = Math.min(bytes.length, Math.max(0, this.#free()));
    if (fault?.type === 'short-write') count = Math.min(count, fault.bytes);
    if (fault?.type === 'error' || fault?.type === 'stuck') {
      return this.#complete(operation, fault, () => 0);
    }
    if (count === 0 && bytes.length > 0) {
      return this.#complete(operation, { type: 'error', code: 'ENOSPC' }, () => 0);
    }
    file.append(bytes.subarray(0, count));
    this.#inFlight.set(file, (this.#inFlight.get(file) ?? 0) + 1);
    return this.#complete(operation, null, () => {
      this.#inFlight.set(file, (this.#inFlight.get(file) ?? 1) - 1);
      return count;
    });
  }

  /** Covers what was written before it was asked for; durable when it completes. */
  #sync(path: string, file: MemoryFile): Promise<void> {
    const covered = file.unsynced;
    return this.#run(
      'sync',
      path,
      0,
      () => file.sync(covered),
      () => file.dropPages(),
    );
  }

  #allocate(path: string, file: MemoryFile, bytes: number): void {
    if (bytes - file.allocated > this.#free()) throw new DiskError('ENOSPC', 'allocate', path);
    file.allocated = Math.max(file.allocated, bytes);
  }

  #free(): number {
    const { capacity } = this.#options;
    if (capacity === undefined) return Number.MAX_SAFE_INTEGER;
    let free = capacity;
    for (const file of this.#names.files()) free -= Math.max(file.size, file.allocated);
    return free;
  }

  #there(path: string, operation: string): MemoryFile {
    const file = this.#names.get(path);
    if (file === undefined) throw new DiskError('ENOENT', operation, path);
    return file;
  }

  #operation(kind: Kind, path: string, bytes: number): DiskOperation {
    this.#operations += 1;
    return { kind, path, bytes, number: this.#operations };
  }

  #run<T>(
    kind: Kind,
    path: string,
    bytes: number,
    effect: () => T,
    dropPages: () => void = () => undefined,
  ): Promise<T> {
    const operation = this.#operation(kind, path, bytes);
    if (this.#dead) return never();
    const fault = this.#options.fault?.(operation) ?? null;
    if (fault?.type === 'dropped-pages') {
      dropPages();
      return this.#complete(operation, { type: 'error', code: 'EIO' }, effect);
    }
    return this.#complete(operation, fault, effect);
  }

  #complete<T>(operation: DiskOperation, fault: DiskFault | null, effect: () => T): Promise<T> {
    if (fault?.type === 'stuck') return never();
    return new Promise((resolve, reject) => {
      const complete = (): void => {
        if (this.#dead) return;
        try {
          if (fault?.type === 'error') {
            throw new DiskError(fault.code, operation.kind, operation.path);
          }
          resolve(effect());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      if (this.#options.schedule === undefined) queueMicrotask(complete);
      else this.#options.schedule(complete, operation);
    });
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => undefined);
}
