import { describe, expect, test } from 'bun:test';
import { type Disk, DiskError } from '../../src/storage/disk.ts';
import { failureOf } from './support.ts';

type WithDisk = (use: (disk: Disk) => Promise<void>) => Promise<void>;

/** What every Disk does. */
export function describeDisk(name: string, withDisk: WithDisk): void {
  describe(`disk contract: ${name}`, () => {
    names(withDisk);
    content(withDisk);
  });
}

const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

async function make(disk: Disk, path: string, value: string): Promise<void> {
  const file = await disk.open(path, 'create');
  expect(await file.write(text(value))).toBe(value.length);
  await file.sync();
  await file.close();
}

async function contents(disk: Disk, path: string): Promise<string> {
  const file = await disk.open(path, 'read');
  const bytes = await file.read(0, await file.size());
  await file.close();
  return textOf(bytes);
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await failureOf(promise);
  expect(error).toBeInstanceOf(DiskError);
  return error instanceof DiskError ? error.code : '';
}

function names(withDisk: WithDisk): void {
  test('lists names, sorted, files and directories, without what is inside', () =>
    withDisk(async (disk) => {
      expect(await disk.list('wal')).toEqual([]);
      await disk.makeDirectory('wal');
      await disk.makeDirectory('wal');
      for (const path of ['b', 'wal/z', 'wal/a', 'a']) await make(disk, path, path);
      expect(await disk.list('.')).toEqual(['a', 'b', 'wal']);
      expect(await disk.list('wal')).toEqual(['a', 'z']);
    }));

  test('create refuses a file that is there; open one that is not', () =>
    withDisk(async (disk) => {
      await make(disk, 'a', 'x');
      expect(await codeOf(disk.open('a', 'create'))).toBe('EEXIST');
      expect(await codeOf(disk.open('b', 'append'))).toBe('ENOENT');
      expect(await codeOf(disk.open('b', 'read'))).toBe('ENOENT');
      expect(await codeOf(disk.open('none/b', 'create'))).toBe('ENOENT');
      expect(await codeOf(disk.remove('b'))).toBe('ENOENT');
      expect(await codeOf(disk.rename('b', 'c'))).toBe('ENOENT');
      expect(await codeOf(disk.syncDirectory('none'))).toBe('ENOENT');
    }));

  test('rename replaces; an open file goes on under its new name', () =>
    withDisk(async (disk) => {
      await make(disk, 'old', 'old');
      const file = await disk.open('new', 'create');
      await file.write(text('ne'));
      await disk.rename('new', 'old');
      await disk.syncDirectory('.');
      await file.write(text('w'));
      await file.close();
      expect(await disk.list('.')).toEqual(['old']);
      expect(await contents(disk, 'old')).toBe('new');
    }));

  test('a removed file can be read to its end by whoever has it open', () =>
    withDisk(async (disk) => {
      await make(disk, 'a', 'content');
      const file = await disk.open('a', 'read');
      await disk.remove('a');
      expect(await disk.list('.')).toEqual([]);
      expect(textOf(await file.read(0, 100))).toBe('content');
      await file.close();
    }));

  test('there is room', () =>
    withDisk(async (disk) => {
      expect(await disk.freeBytes()).toBeGreaterThan(0);
    }));
}

function content(withDisk: WithDisk): void {
  test('writes append, also in a file opened later', () =>
    withDisk(async (disk) => {
      await make(disk, 'a', 'one ');
      const file = await disk.open('a', 'append');
      await file.write(text('two '));
      await file.write(text('three'));
      expect(await file.size()).toBe(13);
      await file.close();
      expect(await contents(disk, 'a')).toBe('one two three');
    }));

  test('a caller may use its buffer again after the write', () =>
    withDisk(async (disk) => {
      const file = await disk.open('a', 'create');
      const buffer = Buffer.from('before');
      await file.write(buffer);
      buffer.fill(0);
      await file.sync();
      expect(textOf(await file.read(0, 10))).toBe('before');
      await file.close();
    }));

  test('reads what there is, fewer bytes only at the end', () =>
    withDisk(async (disk) => {
      await make(disk, 'a', 'content');
      const file = await disk.open('a', 'read');
      expect(textOf(await file.read(0, 3))).toBe('con');
      expect(textOf(await file.read(3, 100))).toBe('tent');
      expect(await file.read(7, 10)).toHaveLength(0);
      expect(await file.read(100, 10)).toHaveLength(0);
      await file.close();
    }));

  test('truncate cuts, and the next write goes to the new end', () =>
    withDisk(async (disk) => {
      const file = await disk.open('a', 'create');
      await file.write(text('content'));
      await file.truncate(3);
      await file.write(text('!'));
      expect(await file.size()).toBe(4);
      await file.close();
      expect(await contents(disk, 'a')).toBe('con!');
    }));

  test('room that is claimed does not change the size', () =>
    withDisk(async (disk) => {
      const file = await disk.open('a', 'create');
      await file.write(text('x\n'));
      try {
        await file.allocate(100_000);
      } catch (error) {
        expect(error instanceof DiskError ? error.code : error).toBe('EOPNOTSUPP');
      }
      expect(await file.size()).toBe(2);
      await file.close();
    }));
}
