import { expect, test } from 'bun:test';
import { runHere } from '../../src/cli/foreground.ts';
import { until } from '../support/poll.ts';
import { tempDir } from '../support/temp-dir.ts';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

test('a signal reaches what a script has started, and what that has started', async () => {
  using dir = tempDir();
  const ready = join(dir.path, 'ready');
  // The innermost one ignores SIGTERM, and outlives the others.
  const inner = `trap '' TERM; touch ${ready}; while :; do sleep 0.05; done`;
  const child = runHere(
    ['sh', '-c', `sh -c "sh -c \\"${inner}\\"; true"; true`],
    process.env,
    null,
  );
  await until('it runs', () => existsSync(ready));
  expect(child.isGone()).toBe(false);
  child.kill('SIGTERM');
  expect((await child.exited).signal).toBe('SIGTERM');
  expect(child.isGone()).toBe(false);
  child.kill('SIGKILL');
  await until('all is gone', () => child.isGone());
});

test('the value given is on standard input; the exit code comes back', async () => {
  const environment = { ...process.env, WANTED: 'héllo' };
  const input = new TextEncoder().encode('héllo');
  const child = runHere(['sh', '-c', '[ "$(cat)" = "$WANTED" ] && exit 7'], environment, input);
  expect(await child.exited).toEqual({ code: 7, signal: null });
  expect(child.isGone()).toBe(true);
});

test('a command that is not there cannot be started', () => {
  expect(() => runHere(['no-such-command-anywhere'], process.env, null)).toThrow();
});
