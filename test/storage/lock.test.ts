import { describe, expect, test } from 'bun:test';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DirectoryLockedError, lockDirectory } from '../../src/storage/lock.ts';
import { withDirectory } from './support.ts';

describe('one process a directory', () => {
  test('makes the directory, private, and says who has it', () =>
    withDirectory((path) => {
      const directory = join(path, 'data', 'n1');
      const lock = lockDirectory(directory, 4711);
      expect(statSync(directory).mode & 0o777).toBe(0o700);
      expect(statSync(join(directory, 'LOCK')).mode & 0o777).toBe(0o600);
      expect(readFileSync(join(directory, 'LOCK'), 'utf8')).toBe('{"format":1,"pid":4711}\n');
      lock.release();
      return Promise.resolve();
    }));

  test('a second holder is refused until the first lets go', () =>
    withDirectory((path) => {
      const first = lockDirectory(path, 1);
      expect(() => lockDirectory(path, 2)).toThrow(DirectoryLockedError);
      expect(() => lockDirectory(path, 2)).toThrow('"pid":1');
      first.release();
      lockDirectory(path, 2).release();
      return Promise.resolve();
    }));

  test('a process that is killed lets go, even while a child of it lives on', () =>
    withDirectory(async (path) => {
      const program = join(import.meta.dir, 'lock-child.ts');
      const child = Bun.spawn([Bun.argv[0] ?? 'bun', program, path], { stdout: 'pipe' });
      const reader = child.stdout.getReader();
      const { value } = await reader.read();
      const grandchild = Number(Buffer.from(value ?? []).toString());
      try {
        expect(() => lockDirectory(path, 1)).toThrow(`"pid":${child.pid}`);
        child.kill('SIGKILL');
        await child.exited;
        process.kill(grandchild, 0);
        lockDirectory(path, 1).release();
      } finally {
        child.kill('SIGKILL');
        process.kill(grandchild, 'SIGKILL');
      }
    }));
});
