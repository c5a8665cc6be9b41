import { expect, test } from 'bun:test';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FdWriter } from '../../src/cli/fd-writer.ts';
import { tempDir } from '../support/temp-dir.ts';

const MODULE = join(import.meta.dir, '../../src/cli/fd-writer.ts');

test('everything is written, in order, by the time it is closed', async () => {
  using dir = tempDir();
  const path = join(dir.path, 'log');
  const writer = new FdWriter(openSync(path, 'a'), 2 ** 20, true);
  for (let i = 0; i < 1000; i += 1) writer.write(`${i}\n`);
  await writer.close();
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(lines).toEqual(Array.from({ length: 1000 }, (_, i) => `${i}`));
});

test('beyond its bound it drops lines, not the process', async () => {
  using dir = tempDir();
  const path = join(dir.path, 'log');
  const fd = openSync(path, 'a');
  const writer = new FdWriter(fd, 10, false);
  writer.write('first ');
  writer.write('12345');
  writer.write('67890');
  writer.write('too much');
  await writer.close();
  closeSync(fd);
  expect(readFileSync(path, 'utf8')).toBe('first 1234567890');
});

test('a reader that goes away does not keep the process from its end', async () => {
  const script = `
    import { FdWriter } from ${JSON.stringify(MODULE)};
    const writer = new FdWriter(1, 2 ** 20, false);
    const line = 'x'.repeat(1000) + '\\n';
    for (let i = 0; i < 200; i += 1) {
      writer.write(line);
      await Bun.sleep(1);
    }
    await writer.close();
    process.exit(7);
  `;
  const child = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe', stderr: 'inherit' });
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  expect(await child.exited).toBe(7);
});
