import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SCRIPT = `
  const fs = require('node:fs');
  const fd = fs.openSync(process.argv[1], 'w');
  fs.writeSync(fd, 'x');
  fs.fdatasyncSync(fd);
  fs.fdatasync(fd, () => {
    fs.promises.open(process.argv[1], 'r+').then(async (file) => {
      await file.datasync();
      await file.close();
    });
  });
`;

test.skipIf(Bun.which('strace') === null)('fdatasync reaches the kernel each time', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'abcd-fdatasync-'));
  try {
    const trace = join(directory, 'trace');
    const command = ['strace', '-f', '-e', 'trace=fdatasync,fsync', '-o', trace];
    const child = Bun.spawn([...command, process.execPath, '-e', SCRIPT, join(directory, 'file')]);
    expect(await child.exited).toBe(0);
    const calls = (await Bun.file(trace).text()).match(
      /fdatasync\(\d+\) += 0|fdatasync resumed.*= 0/g,
    );
    expect(calls?.length).toBe(3);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
