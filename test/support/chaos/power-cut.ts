/**
 * A POWER CUT after the fact: out of what a process did to files, a directory as it may be found
 * afterwards. Only what was synced is sure: of the rest of a file any part may be there, or zeros
 * in its place, and of names that no sync of their directory covers each may be there or not.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Prng } from '../../../src/lib/prng.ts';
import { descriptorPath, type FileCall } from './file-calls.ts';

const SECTOR = 512;

type Change =
  | { readonly type: 'append'; readonly data: Buffer; readonly at: number }
  | { readonly type: 'truncate'; readonly size: number; readonly at: number };

/** A file by what was done to it, whatever its name is. */
class Inode {
  /** In pieces, as they are many. */
  #durable: Buffer[];
  /** In order; what a sync that began later has not covered. */
  #pending: Change[] = [];

  constructor(durable: readonly Buffer[] = []) {
    this.#durable = [...durable];
  }

  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  change(change: Change): void {
    this.#pending.push(change);
  }

  synced(startedAt: number): void {
    const covered = this.#pending.filter(({ at }) => at <= startedAt);
    this.#pending = this.#pending.filter(({ at }) => at > startedAt);
    for (const change of covered) {
      if (change.type === 'append') this.#durable.push(change.data);
      else this.#durable = [apply(Buffer.concat(this.#durable), change)];
    }
  }

  /** What is found after the cut. */
  afterCut(prng: Prng): Buffer {
    const durable = Buffer.concat(this.#durable);
    const whole = this.#pending.reduce(apply, durable);
    switch (prng.between(0, 4)) {
      case 0:
        return durable;
      case 1:
        return whole;
      case 2: {
        // As far as the disk had come, to the byte.
        const kept = this.#pending.slice(0, prng.between(0, this.#pending.length + 1));
        const next = this.#pending[kept.length];
        const bytes = kept.reduce(apply, durable);
        if (next?.type !== 'append') return bytes;
        return Buffer.concat([bytes, next.data.subarray(0, prng.between(0, next.data.length))]);
      }
      default:
        return holes(durable, whole, prng);
    }
  }
}

/** The length was written, of the sectors behind what is durable only some. */
function holes(durable: Buffer, whole: Buffer, prng: Prng): Buffer {
  const found = Buffer.from(whole);
  for (let from = durable.length; from < found.length; ) {
    const end = Math.min(found.length, (Math.floor(from / SECTOR) + 1) * SECTOR);
    if (prng.chance(0.5)) found.fill(0, from, end);
    from = end;
  }
  return found;
}

function apply(bytes: Buffer, change: Change): Buffer {
  return change.type === 'append'
    ? Buffer.concat([bytes, change.data])
    : bytes.subarray(0, change.size);
}

type NameChange =
  | { readonly type: 'link'; readonly path: string; readonly node: Inode | 'directory' }
  | { readonly type: 'unlink'; readonly path: string }
  | { readonly type: 'rename'; readonly path: string; readonly to: string };

/** A directory and all below it, as its process sees it and as the disk may have it. */
export class RecordedDisk {
  readonly #root: string;
  /** Names as the process sees them. */
  readonly #names = new Map<string, Inode | 'directory'>();
  readonly #durableNames = new Map<string, Inode | 'directory'>();
  #pending: { readonly change: NameChange; readonly node: Inode | 'directory'; at: number }[] = [];

  /** @param root a directory that was there before; an absolute path. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Takes over what is there now, as what was found after an earlier cut: all of it is durable. */
  load(path: string): void {
    const node = statSync(path).isDirectory() ? 'directory' : new Inode([readFileSync(path)]);
    this.#names.set(path, node);
    this.#durableNames.set(path, node);
    if (node === 'directory') for (const name of readdirSync(path)) this.load(join(path, name));
  }

  /** Does again what was done up to a moment; of what was under way then, chance decides. */
  replay(calls: readonly FileCall[], cutAt: number, prng: Prng): void {
    for (const call of calls) {
      if (call.result !== null && call.result < 0) continue;
      if (call.endedAt <= cutAt) this.#carryOut(call, call.endedAt);
      else if (call.startedAt <= cutAt && !isSync(call) && prng.chance(0.5)) {
        this.#carryOut(call, call.startedAt);
      }
    }
  }

  /** Writes down what is found after the cut; how much of it was not sure is returned. */
  writeTo(target: string, prng: Prng): number {
    const found = new Map(this.#durableNames);
    const mode = prng.pick(['lost', 'kept', 'some']);
    for (const { change, node } of this.#pending) {
      if (mode === 'kept' || (mode === 'some' && prng.chance(0.5))) rename(found, change, node);
    }
    let unsure = this.#pending.length;
    mkdirSync(target, { recursive: true, mode: 0o700 });
    for (const [path, node] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (!isReachable(path, this.#root, found)) continue;
      const place = join(target, relative(this.#root, path));
      if (node === 'directory') mkdirSync(place, { mode: 0o700 });
      else {
        writeFileSync(place, node.afterCut(prng), { mode: 0o600 });
        if (node.hasPending) unsure += 1;
      }
    }
    return unsure;
  }

  #carryOut(call: FileCall, at: number): void {
    switch (call.name) {
      case 'openat':
        return this.#open(call, at);
      case 'write':
        return this.#append(call, at);
      case 'ftruncate':
        return this.#file(call)?.change({ type: 'truncate', size: lastNumber(call), at });
      case 'fdatasync':
      case 'fsync':
        return this.#sync(call);
      case 'mkdir':
        return this.#name({ type: 'link', path: pathsOf(call)[0] ?? '', node: 'directory' }, at);
      case 'unlink':
        return this.#name({ type: 'unlink', path: pathsOf(call)[0] ?? '' }, at);
      case 'rename': {
        const [path = '', to = ''] = pathsOf(call);
        return this.#name({ type: 'rename', path, to }, at);
      }
      // Room that is set aside leaves length and content as they are.
      case 'fallocate':
        return;
      default:
        if (call.args.includes(`${this.#root}/`)) throw new Error(`unforeseen: ${call.name}`);
    }
  }

  #open(call: FileCall, at: number): void {
    const [path = ''] = pathsOf(call);
    if (!call.args.includes('O_CREAT') || this.#names.has(path)) return;
    this.#name({ type: 'link', path, node: new Inode() }, at);
  }

  #append(call: FileCall, at: number): void {
    const file = this.#file(call);
    if (file === null) return;
    const [data = Buffer.alloc(0)] = call.strings;
    const written = call.result ?? data.length;
    if (data.length < written) throw new Error(`the trace has not all of a write: ${data.length}`);
    file.change({ type: 'append', data: data.subarray(0, written), at });
  }

  #sync(call: FileCall): void {
    const path = descriptorPath(call) ?? '';
    const node = this.#names.get(path);
    if (node instanceof Inode) return node.synced(call.startedAt);
    for (const { change, node: named, at } of this.#pending) {
      if (isIn(change, path) && at <= call.startedAt) rename(this.#durableNames, change, named);
    }
    this.#pending = this.#pending.filter(
      ({ change, at }) => !isIn(change, path) || at > call.startedAt,
    );
  }

  #name(change: NameChange, at: number): void {
    if (!change.path.startsWith(`${this.#root}/`)) return;
    const node = change.type === 'link' ? change.node : this.#names.get(change.path);
    if (node === undefined) throw new Error(`what is ${change.path}, for ${change.type}?`);
    rename(this.#names, change, node);
    this.#pending.push({ change, node, at });
  }

  #file(call: FileCall): Inode | null {
    const node = this.#names.get(descriptorPath(call) ?? '');
    return node instanceof Inode ? node : null;
  }
}

function rename(
  names: Map<string, Inode | 'directory'>,
  change: NameChange,
  node: Inode | 'directory',
): void {
  if (change.type !== 'link') names.delete(change.path);
  if (change.type === 'link') names.set(change.path, node);
  if (change.type === 'rename') names.set(change.to, node);
}

/** Both names of a rename are in one directory. */
function isIn(change: NameChange, directory: string): boolean {
  return dirname(change.path) === directory;
}

function isReachable(path: string, root: string, names: ReadonlyMap<string, unknown>): boolean {
  const parent = dirname(path);
  return parent === root || (names.has(parent) && isReachable(parent, root, names));
}

function isSync({ name }: FileCall): boolean {
  return name === 'fsync' || name === 'fdatasync';
}

function pathsOf(call: FileCall): string[] {
  return call.strings.map(String);
}

function lastNumber({ args }: FileCall): number {
  return Number(/(\d+)$/.exec(args)?.[1]);
}
