import { assert } from '../lib/assert.ts';
import { type CrashChoices, notableCuts } from './crash-choices.ts';

/**
 * What a crash makes of bytes that were written and not synced.
 *
 * - `kill`: the process dies, the machine goes on: the page cache keeps everything, still unsynced;
 *   a write that was under way may be cut.
 * - `drop`: power cut; nothing unsynced reached the disk.
 * - `keep`: power cut; everything did.
 * - `prefix`: a beginning of it did, cut at any byte.
 * - `sectors`: any of its 512-byte sectors did; the others are old, or zeros beyond the old end.
 * - `zeros`: the file has grown, and from some byte on the new part is zeros.
 * - `mixed`: one of the others (but `kill`) for each file.
 */
export type CrashMode = 'kill' | 'drop' | 'keep' | 'prefix' | 'sectors' | 'zeros' | 'mixed';

export const POWER_CUTS = ['drop', 'keep', 'prefix', 'sectors', 'zeros'] as const;

type Change =
  | { readonly type: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly type: 'truncate'; readonly size: number };

const SECTOR = 512;

/** A file's content: what a reader sees now, and what would be there after a power cut. */
export class MemoryFile {
  #visible = new GrowingBytes();
  #durable = new GrowingBytes();
  /** Since the last sync, in order. */
  #changes: Change[] = [];
  allocated = 0;

  get size(): number {
    return this.#visible.length;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#visible.slice(offset, offset + length);
  }

  append(bytes: Uint8Array): void {
    this.#change({ type: 'write', offset: this.size, bytes: new Uint8Array(bytes) });
  }

  truncate(size: number): void {
    this.#change({ type: 'truncate', size });
  }

  /** How many changes a sync that starts now covers. */
  get unsynced(): number {
    return this.#changes.length;
  }

  /** The first `count` changes reach the disk. */
  sync(count: number): void {
    for (const change of this.#changes.splice(0, count)) applyChange(this.#durable, change);
  }

  /** A sync failed and the system called the pages clean: no later sync will write them. */
  dropPages(): void {
    this.#changes = [];
  }

  /** Damage at rest: it shows in both views. */
  flipBit(bit: number): void {
    const offset = Math.floor(bit / 8);
    assert(offset < this.size, () => `bit ${bit} of a file of ${this.size} bytes`);
    this.#visible.xor(offset, 1 << (bit % 8));
    if (offset < this.#durable.length) this.#durable.xor(offset, 1 << (bit % 8));
  }

  /** Damage at rest: other bytes in the place of some that are there. */
  overwrite(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    assert(end <= this.size, () => `bytes up to ${end} of a file of ${this.size}`);
    this.#visible.put(offset, bytes);
    const durable = Math.max(0, Math.min(bytes.length, this.#durable.length - offset));
    if (durable > 0) this.#durable.put(offset, bytes.subarray(0, durable));
  }

  /** Replaces the content, durably, as an operator would. */
  replace(bytes: Uint8Array): void {
    this.#changes = [];
    this.#visible = new GrowingBytes(bytes);
    this.#durable = new GrowingBytes(bytes);
  }

  /** Equal for files that are the same in everything that may ever show. */
  describe(): string {
    const parts = [textOf(this.#visible), textOf(this.#durable)];
    for (const change of this.#changes) {
      if (change.type === 'truncate') parts.push(`truncate ${change.size}`);
      else parts.push(`write ${change.offset}`, Buffer.from(change.bytes).toString('latin1'));
    }
    return parts.map((part) => `${part.length}:${part}`).join('');
  }

  /** What is left after a crash. @param inFlight the last change was still under way. */
  crashed(choices: CrashChoices, mode: CrashMode, inFlight: boolean): MemoryFile {
    const left = new MemoryFile();
    left.allocated = this.allocated;
    if (mode === 'kill') {
      left.#visible = this.#visible.copy();
      left.#durable = this.#durable.copy();
      left.#changes = [...this.#changes];
      if (inFlight) left.#cutLastWrite(choices);
      return left;
    }
    const survivor = this.#durable.copy();
    const fate = mode === 'mixed' ? choices.pick(POWER_CUTS) : mode;
    if (fate !== 'drop') survive(survivor, this.#changes, choices, fate);
    left.#visible = survivor;
    left.#durable = survivor.copy();
    return left;
  }

  #change(change: Change): void {
    this.#changes.push(change);
    applyChange(this.#visible, change);
  }

  #cutLastWrite(choices: CrashChoices): void {
    const last = this.#changes.at(-1);
    if (last?.type !== 'write') return;
    const kept = choices.between(0, last.bytes.length + 1, () => notableCuts(last.bytes));
    this.#changes[this.#changes.length - 1] = { ...last, bytes: last.bytes.slice(0, kept) };
    this.#visible.truncate(last.offset + kept);
  }
}

function survive(
  disk: GrowingBytes,
  changes: readonly Change[],
  choices: CrashChoices,
  fate: 'keep' | 'prefix' | 'sectors' | 'zeros',
): void {
  switch (fate) {
    case 'keep':
      for (const change of changes) applyChange(disk, change);
      return;
    case 'prefix':
      survivePrefix(disk, changes, choices, false);
      return;
    case 'zeros':
      survivePrefix(disk, changes, choices, true);
      return;
    case 'sectors':
      for (const change of changes) surviveSectors(disk, change, choices);
  }
}

function survivePrefix(
  disk: GrowingBytes,
  changes: readonly Change[],
  choices: CrashChoices,
  zeros: boolean,
): void {
  const all = changes.reduce((sum, change) => sum + weight(change), 0);
  let left = choices.between(0, all + 1, () => notableCuts(Buffer.concat(changes.map(bytesOf))));
  for (const change of changes) {
    if (change.type === 'truncate') {
      if (left > 0) applyChange(disk, change);
      left -= 1;
      continue;
    }
    const kept = Math.max(0, Math.min(left, change.bytes.length));
    left -= change.bytes.length;
    if (kept > 0) disk.put(change.offset, change.bytes.subarray(0, kept));
    if (zeros) disk.grow(change.offset + change.bytes.length);
  }
}

function surviveSectors(disk: GrowingBytes, change: Change, choices: CrashChoices): void {
  if (change.type === 'truncate') {
    if (choices.chance(0.5)) applyChange(disk, change);
    return;
  }
  const end = change.offset + change.bytes.length;
  for (let at = change.offset; at < end; at = (Math.floor(at / SECTOR) + 1) * SECTOR) {
    const stop = Math.min(end, (Math.floor(at / SECTOR) + 1) * SECTOR);
    if (choices.chance(0.5)) {
      disk.put(at, change.bytes.subarray(at - change.offset, stop - change.offset));
    }
  }
  if (choices.chance(0.5)) disk.grow(end);
}

/** A truncation counts as one byte. */
function weight(change: Change): number {
  return change.type === 'write' ? change.bytes.length : 1;
}

function bytesOf(change: Change): Uint8Array {
  return change.type === 'write' ? change.bytes : new Uint8Array(1);
}

function textOf(bytes: GrowingBytes): string {
  return Buffer.from(bytes.slice(0, bytes.length)).toString('latin1');
}

function applyChange(target: GrowingBytes, change: Change): void {
  if (change.type === 'write') target.put(change.offset, change.bytes);
  else target.truncate(change.size);
}

const NO_BYTES = new Uint8Array(0);
/** What most files grow to. */
const SMALLEST = 1024;

/** Bytes that grow cheaply at the end; gaps are zeros. */
class GrowingBytes {
  #bytes: Uint8Array;
  #length: number;

  constructor(bytes: Uint8Array = NO_BYTES) {
    this.#bytes = new Uint8Array(bytes);
    this.#length = bytes.length;
  }

  get length(): number {
    return this.#length;
  }

  copy(): GrowingBytes {
    return new GrowingBytes(this.#bytes.subarray(0, this.#length));
  }

  slice(start: number, end: number): Uint8Array {
    return this.#bytes.slice(start, Math.max(start, Math.min(end, this.#length)));
  }

  put(offset: number, bytes: Uint8Array): void {
    this.grow(offset + bytes.length);
    this.#bytes.set(bytes, offset);
  }

  grow(length: number): void {
    if (length <= this.#length) return;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, this.#bytes.length * 2, SMALLEST));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#length = length;
  }

  truncate(length: number): void {
    if (length >= this.#length) {
      this.grow(length);
      return;
    }
    this.#bytes.fill(0, length, this.#length);
    this.#length = length;
  }

  xor(offset: number, mask: number): void {
    this.#bytes[offset] = (this.#bytes[offset] ?? 0) ^ mask;
  }
}
