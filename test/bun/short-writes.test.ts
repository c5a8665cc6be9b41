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
  const outcomes = [];
  const write = (done) => {
    if (mode === 'async') return fs.write(fd, bytes, 0, bytes.length, null, done);
    let count = 0;
    try { count = fs.writeSync(fd, bytes); } catch (error) { return done(error); }
    done(null, count);
  };
  write((error, count) => {
    outcomes.push(error?.code ?? count);
    write((error, count) => {
      outcomes.push(error?.code ?? count);
      process.stdout.write(outcomes.join(' '));
    });
  });
`;

/**
 * What two writes of 100,000 bytes say where only fewer fit: in a shell whose files may have 64
 * blocks (of 512 or 1024 bytes, as the shell counts), with no signal for trying more. A full disk
 * goes the same way, with ENOSPC in the place of EFBIG.
 */
async function twoWrites(mode: 'sync' | 'async'): Promise<string> {
  const path = join(directory, mode);
  const command = `trap '' XFSZ; ulimit -f 64; exec "$BUN" -e "$SCRIPT" "${path}" ${mode}`;
  const env = { ...process.env, BUN: process.execPath, SCRIPT };
  const child = Bun.spawn(['sh', '-c', command], { env });
  return new Response(child.stdout).text();
}

for (const mode of ['sync', 'async'] as const) {
  test(`a write that fits only in part tells by its count alone: ${mode}`, async () => {
    expect(['32768 EFBIG', '65536 EFBIG']).toContain(await twoWrites(mode));
  });
}
