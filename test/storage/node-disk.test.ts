import { describe, expect, test } from 'bun:test';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { NodeDisk } from '../../src/storage/node-disk.ts';
import { describeDisk } from './disk-contract.ts';
import { withDirectory } from './support.ts';

describeDisk('node:fs', (use) => withDirectory((path) => use(new NodeDisk(path))));

describe('node:fs only', () => {
  test('directories are 0700, files 0600', () =>
    withDirectory(async (path) => {
      const disk = new NodeDisk(path);
      await disk.makeDirectory('wal');
      await (await disk.open('wal/a', 'create')).close();
      expect(statSync(join(path, 'wal')).mode & 0o777).toBe(0o700);
      expect(statSync(join(path, 'wal/a')).mode & 0o777).toBe(0o600);
    }));

  test('a path cannot leave the directory', () =>
    withDirectory(async (path) => {
      const disk = new NodeDisk(path);
      await expect(disk.open('../a', 'create')).rejects.toThrow('leaves the directory');
    }));

  test('a real short write is reported by its count, and the rest by its error', () =>
    withDirectory(async (path) => {
      // A limit on the size of files makes the kernel take part of a write, as a full disk does.
      const program = join(import.meta.dir, 'short-write-child.ts');
      const limited = `trap '' XFSZ; ulimit -f 100; exec "$0" "$1" "$2"`;
      const child = Bun.spawn(['sh', '-c', limited, Bun.argv[0] ?? 'bun', program, path], {
        stdout: 'pipe',
        stderr: 'inherit',
      });
      const { first, second } = JSON.parse(await new Response(child.stdout).text());
      expect(first).toBeGreaterThan(0);
      expect(first).toBeLessThan(200_000);
      expect(second).toBe('EFBIG');
      expect(statSync(join(path, 'full')).size).toBe(first);
    }));
});
