/**
 * What slows disks down must not hold up those who kill: strace that is told to end just after its
 * process was killed waits for ever, and the process stays with it.
 */
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { Tracer } from '../support/strace.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Syncs without end, on several threads. */
const PROGRAM = `
  import { fdatasync, openSync } from 'node:fs';
  const fd = openSync(process.argv[2], 'w');
  const again = () => fdatasync(fd, again);
  for (let i = 0; i < 4; i += 1) again();
`;

test('a process that is killed as strace is to let go of it ends, and so does strace', async () => {
  using folder = tempDir();
  const program = join(folder.path, 'program.ts');
  await Bun.write(program, PROGRAM);
  for (const afterMs of [1, 3]) {
    const command = [process.execPath, program, join(folder.path, 'file')];
    const child = Bun.spawn(command, { stdout: 'inherit', stderr: 'inherit' });
    await Bun.sleep(200);
    const tracer = await Tracer.slowSyncs(child.pid, 200);
    await Bun.sleep(50);
    child.kill('SIGKILL');
    await Bun.sleep(afterMs);
    await Promise.all([tracer[Symbol.asyncDispose](), child.exited]);
    expect(child.signalCode).toBe('SIGKILL');
  }
});
