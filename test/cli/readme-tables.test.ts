import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LIMITS } from '../../src/wire/limits.ts';
import { runCli } from './fake-cli.ts';

const README = readFileSync(join(import.meta.dir, '../../README.md'), 'utf8');

test.each(['settings', 'limits'])('the README has what `%s` prints', async (command) => {
  const { exitCode, out } = await runCli([command]);
  expect(exitCode).toBe(0);
  for (const row of out.trimEnd().split('\n')) expect(README).toContain(`\n${row}\n`);
});

test('limits prints each with its value, and what is said beyond it', async () => {
  const { out } = await runCli(['limits']);
  const rows = out.trimEnd().split('\n').slice(2);
  expect(rows).toHaveLength(Object.keys(LIMITS).length);
  expect(out).toContain('| `key-bytes` | 1KiB | `--key-bytes` | length of a key |');
  expect(out).toContain('| 400 `key-too-long` |');
  expect(out).toContain('| `leases` | 2000000 |  |');
  for (const row of rows) expect(row).toMatch(/^\| `[a-z-]+` \| [0-9]+[a-zA-Z]* \|/);
});
