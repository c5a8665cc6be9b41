import { describe, expect, test } from 'bun:test';
import { Prng } from '../../src/lib/prng.ts';
import { MemoryDisk, type MemoryDiskOptions } from '../../src/storage/memory-disk.ts';
import type { CrashMode } from '../../src/storage/memory-file.ts';
import { describeDisk } from './disk-contract.ts';
import { failureOf } from './support.ts';

describeDisk('memory', (use) => use(new MemoryDisk()));

const SYNCED = 'a'.repeat(1000);
const UNSYNCED = 'b'.repeat(3000);

/** A durable file of 1,000 bytes with 3,000 more that were never synced. */
async function written(options: MemoryDiskOptions = {}): Promise<MemoryDisk> {
  const disk = new MemoryDisk(options);
  const file = await disk.open('f', 'create');
  await file.write(Buffer.from(SYNCED));
  await file.sync();
  await disk.syncDirectory('.');
  await file.write(Buffer.from(UNSYNCED));
  return disk;
}

async function survivors(mode: CrashMode, seeds = 50): Promise<string[]> {
  const disk = await written();
  return Array.from({ length: seeds }, (_, seed) =>
    Buffer.from(disk.crash(new Prng(seed), mode).contents('f')).toString(),
  );
}

describe('what a crash leaves of a file', () => {
  test('kill: everything, still unsynced', async () => {
    const disk = (await written()).crash(new Prng(1), 'kill');
    expect(Buffer.from(disk.contents('f')).toString()).toBe(SYNCED + UNSYNCED);
    const later = disk.crash(new Prng(1), 'drop');
    expect(Buffer.from(later.contents('f')).toString()).toBe(SYNCED);
  });

  test('kill: a write that was under way may be cut anywhere', async () => {
    const sizes = new Set<number>();
    for (let seed = 0; seed < 30; seed += 1) {
      const disk = await written({
        schedule: (complete, { bytes }) => {
          if (bytes !== 500) queueMicrotask(complete);
        },
      });
      const file = await disk.open('f', 'append');
      void file.write(new Uint8Array(500));
      sizes.add(disk.crash(new Prng(seed), 'kill').contents('f').length);
    }
    expect(sizes.size).toBeGreaterThan(10);
    for (const size of sizes) expect(size).toBeWithin(4000, 4501);
  });

  test('drop: what was synced. keep: all of it', async () => {
    expect(new Set(await survivors('drop'))).toEqual(new Set([SYNCED]));
    expect(new Set(await survivors('keep'))).toEqual(new Set([SYNCED + UNSYNCED]));
  });

  test('prefix: any beginning', async () => {
    const found = await survivors('prefix');
    for (const content of found) expect((SYNCED + UNSYNCED).startsWith(content)).toBe(true);
    for (const content of found) expect(content.length).toBeGreaterThanOrEqual(1000);
    expect(new Set(found).size).toBeGreaterThan(20);
  });

  test('sectors: each of 512 bytes new, or zeros; what was synced stays', async () => {
    const found = await survivors('sectors');
    for (const content of found) {
      expect(content.slice(0, 1000)).toBe(SYNCED);
      for (let at = 1024; at < content.length; at += 512) {
        expect(new Set(content.slice(at, Math.min(at + 512, content.length))).size).toBe(1);
      }
    }
    expect(found.some((content) => /b\0+b/.test(content))).toBe(true);
    expect(new Set(found.map((content) => content.length)).size).toBeGreaterThan(2);
  });

  test('zeros: the new size, the new part zeros from some byte on', async () => {
    for (const content of await survivors('zeros')) expect(content).toMatch(/^a{1000}b*\0*$/);
    expect((await survivors('zeros')).every((content) => content.length === 4000)).toBe(true);
  });

  test('the same seed gives the same', async () => {
    expect(await survivors('mixed', 20)).toEqual(await survivors('mixed', 20));
  });
});

describe('what a crash leaves of names', () => {
  async function renamed(): Promise<MemoryDisk> {
    const disk = new MemoryDisk();
    await disk.makeDirectory('wal');
    await disk.syncDirectory('.');
    const file = await disk.open('wal/a', 'create');
    await file.write(Buffer.from('x'));
    await file.sync();
    await disk.syncDirectory('wal');
    await disk.rename('wal/a', 'wal/b');
    return disk;
  }

  test('a rename is lost or kept until the directory is synced', async () => {
    const disk = await renamed();
    expect(disk.crash(new Prng(1), 'drop').paths()).toEqual(['wal/a']);
    expect(disk.crash(new Prng(1), 'keep').paths()).toEqual(['wal/b']);
    expect(disk.crash(new Prng(1), 'kill').paths()).toEqual(['wal/b']);
    expect(disk.crash(new Prng(1), 'kill').crash(new Prng(1), 'drop').paths()).toEqual(['wal/a']);
    const either = Array.from({ length: 20 }, (_, seed) =>
      disk.crash(new Prng(seed), 'sectors').paths().join(),
    );
    expect(new Set(either)).toEqual(new Set(['wal/a', 'wal/b']));
    const again = await renamed();
    await again.syncDirectory('wal');
    expect(again.crash(new Prng(1), 'drop').paths()).toEqual(['wal/b']);
  });

  test.each([
    ['nothing', [], ['wal/b']],
    ['another directory', ['.'], ['wal/b']],
    ['their directory', ['wal'], ['wal/c']],
  ])(
    'a removed file comes back and a new one is gone after a sync of %s',
    async (_, synced, left) => {
      const disk = await renamed();
      await disk.syncDirectory('wal');
      await disk.remove('wal/b');
      const file = await disk.open('wal/c', 'create');
      await file.write(Buffer.from('x'));
      await file.sync();
      for (const directory of synced) await disk.syncDirectory(directory);
      expect(disk.crash(new Prng(1), 'drop').paths()).toEqual(left);
    },
  );

  test.each([
    [['wal'], []],
    [['wal', '.'], ['wal/a']],
  ])('a new directory is there with its files after syncs of %p: %p', async (synced, left) => {
    const disk = new MemoryDisk();
    await disk.makeDirectory('wal');
    await (await disk.open('wal/a', 'create')).close();
    for (const directory of synced) await disk.syncDirectory(directory);
    expect(disk.crash(new Prng(1), 'drop').paths()).toEqual(left);
  });
});

describe('faults', () => {
  test('a failed sync drops its pages, though a later one succeeds', async () => {
    let failing = false;
    const disk = await written({
      fault: ({ kind }) => (failing && kind === 'sync' ? { type: 'dropped-pages' } : null),
    });
    const file = await disk.open('f', 'append');
    failing = true;
    expect((await failureOf(file.sync())).message).toContain('EIO');
    failing = false;
    await file.sync();
    expect(disk.contents('f')).toHaveLength(4000);
    expect(disk.crash(new Prng(1), 'keep').contents('f')).toHaveLength(1000);
  });

  test('a full disk takes what fits, then nothing', async () => {
    const disk = new MemoryDisk({ capacity: 100 });
    const file = await disk.open('f', 'create');
    expect(await file.write(new Uint8Array(70))).toBe(70);
    expect(await file.write(new Uint8Array(70))).toBe(30);
    expect((await failureOf(file.write(new Uint8Array(1)))).message).toContain('ENOSPC');
    expect(await disk.freeBytes()).toBe(0);
  });

  test('the scheduler decides when an operation completes, and a crash ends all', async () => {
    const waiting: (() => void)[] = [];
    let held = false;
    const disk = await written({
      schedule: (complete) => {
        if (held) waiting.push(complete);
        else queueMicrotask(complete);
      },
    });
    const file = await disk.open('f', 'append');
    held = true;
    const sync = file.sync();
    const write = file.write(Buffer.from('later'));
    expect(waiting).toHaveLength(2);
    expect(disk.crash(new Prng(1), 'drop').contents('f')).toHaveLength(1000);
    for (const complete of waiting) complete();
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    Promise.race([sync, write]).then(settle, settle);
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    expect(settled).toBe(false);
  });

  test('a sync that completes makes durable what was written before it began', async () => {
    const waiting: (() => void)[] = [];
    let held = false;
    const disk = await written({
      schedule: (complete, { kind }) => {
        if (held && kind === 'sync') waiting.push(complete);
        else queueMicrotask(complete);
      },
    });
    const file = await disk.open('f', 'append');
    held = true;
    const sync = file.sync();
    await file.write(Buffer.from('later'));
    for (const complete of waiting) complete();
    await sync;
    expect(disk.crash(new Prng(1), 'drop').contents('f')).toHaveLength(4000);
  });

  test('a bit flips at rest', async () => {
    const disk = await written();
    disk.flipBit('f', 8 * 10);
    expect(disk.contents('f')[10]).toBe('`'.charCodeAt(0));
    expect(disk.crash(new Prng(1), 'drop').contents('f')[10]).toBe('`'.charCodeAt(0));
  });
});

describe('damage', () => {
  test('other bytes at rest stay, whatever was written before or after', async () => {
    const disk = await written();
    disk.overwrite('f', 998, Buffer.from('XXXX'));
    const before = Buffer.from(disk.contents('f')).toString();
    expect(before.slice(996, 1004)).toBe('aaXXXXbb');
    const after = Buffer.from(disk.crash(new Prng(1), 'drop').contents('f')).toString();
    expect(after.slice(996)).toBe('aaXX');
  });

  test('a file that is lost is gone, now and after a crash', async () => {
    const disk = await written();
    disk.lose('f');
    expect(disk.paths()).toEqual([]);
    expect(disk.crash(new Prng(1), 'keep').paths()).toEqual([]);
  });

  test('names that a failed sync of the directory has dropped are not durable ever', async () => {
    let isBad = false;
    const disk = new MemoryDisk({
      fault: ({ kind }) => {
        return isBad && kind === 'sync-directory' ? { type: 'dropped-pages' } : null;
      },
    });
    await disk.open('f', 'create');
    isBad = true;
    expect(await failureOf(disk.syncDirectory('.'))).toMatchObject({ code: 'EIO' });
    isBad = false;
    await disk.syncDirectory('.');
    expect(disk.paths()).toEqual(['f']);
    expect(disk.crash(new Prng(1), 'keep').paths()).toEqual([]);
  });

  test('a read may end early, or give a wrong byte, and the next is right', async () => {
    const faults = [
      { type: 'short-read', bytes: 3 } as const,
      { type: 'wrong-read', at: 7 } as const,
    ];
    const disk = await written({
      fault: ({ kind }) => (kind === 'read' ? (faults.shift() ?? null) : null),
    });
    const file = await disk.open('f', 'read');
    const read = async () => Buffer.from(await file.read(0, 5)).toString();
    expect([await read(), await read(), await read()]).toEqual(['aaa', 'aa`aa', 'aaaaa']);
  });
});
