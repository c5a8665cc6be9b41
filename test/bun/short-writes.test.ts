import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'abcd-short-write-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const SCRIPT = `
  const fs = require('node:fs');
  const [, path, mode] = process.argv;
  const fd = fs.openSync(path, 'w');
  const bytes = Buffer.alloc(100_000, 1);
  const report = (error, count) => process.stdout.write(String(error?.code ?? count) + '\\n');
  if (mode === 'sync') report(null, fs.writeSync(fd, bytes));
  else fs.write(fd, bytes, 0, bytes.length, null, report);
`;

/** Writes 100,000 bytes where only fewer fit, and tells what the first write said. */
async function firstWrite(mode: 'sync' | 'async'): Promise<string> {
  const path = join(directory, mode);
  // Files of this shell may have 64 blocks of 512 or 1024 bytes, by its own unit.
  const command = `ulimit -f 64; exec "${process.execPath}" -e "$SCRIPT" "${path}" ${mode}`;
  const child = Bun.spawn(['sh', '-c', command], { env: { ...process.env, SCRIPT } });
  const text = await new Response(child.stdout).text();
  await child.exited;
  return text.trim();
}

for (const mode of ['sync', 'async'] as const) {
  test(`a write that is only partly possible says so by its count alone: ${mode}`, async () => {
    expect(['32768', '65536']).toContain(await firstWrite(mode));
  });
}

/** A file system of 64 KiB, or null where this process may not mount one. */
function mountSmall(): string | null {
  const path = mkdtempSync(join(tmpdir(), 'abcd-small-disk-'));
  const options = ['-t', 'tmpfs', '-o', 'size=64k', 'abcd-test', path];
  const command = Bun.which('mount');
  if (command !== null && Bun.spawnSync([command, ...options]).exitCode === 0) return path;
  rmSync(path, { recursive: true });
  return null;
}

const small = mountSmall();
afterAll(() => {
  if (small === null) return;
  Bun.spawnSync(['umount', small]);
  rmSync(small, { recursive: true });
});

test.skipIf(small === null)('a disk that fills up: a short count, then ENOSPC', async () => {
  const script = `
    const fs = require('node:fs');
    const fd = fs.openSync(process.argv[1], 'w');
    const count = fs.writeSync(fd, Buffer.alloc(100_000));
    let code = 'none';
    try { fs.writeSync(fd, Buffer.alloc(1)); } catch (error) { code = error.code; }
    process.stdout.write(count + ' ' + code);
  `;
  const child = Bun.spawn([process.execPath, '-e', script, join(small ?? '', 'file')]);
  expect(await new Response(child.stdout).text()).toBe('65536 ENOSPC');
});
