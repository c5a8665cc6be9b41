import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Canary, CANARIES } from './canaries.ts';

const ROOT = join(import.meta.dir, '../..');
/** Most are found by the first few seeds. */
const SEEDS = 400;
const PATIENCE_MS = 10 * 60_000;

describe('the simulator notices that', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'abcd-canary-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(CANARIES)(
    '$name',
    async (canary) => {
      const copy = join(folder, String(CANARIES.indexOf(canary)));
      await copyWith(canary, copy);
      const flags = ['--seeds', String(SEEDS), '--bail'];
      const command = [process.execPath, 'run', 'src/index.ts', 'sim', ...flags];
      const child = Bun.spawn(command, { cwd: copy, stdin: 'ignore', stdout: 'pipe' });
      const output = await new Response(child.stdout).text();
      expect(await child.exited).toBe(1);
      expect(output).toMatch(/^seed [0-9]+ failed: /);
    },
    PATIENCE_MS,
  );
});

async function copyWith({ file, find, replace }: Canary, to: string): Promise<void> {
  await mkdir(to);
  await cp(join(ROOT, 'src'), join(to, 'src'), { recursive: true });
  await cp(join(ROOT, 'package.json'), join(to, 'package.json'));
  await symlink(join(ROOT, 'node_modules'), join(to, 'node_modules'));
  const path = join(to, file);
  const text = await readFile(path, 'utf8');
  expect(text.split(find)).toHaveLength(2);
  await writeFile(
    path,
    text.replace(find, () => replace),
  );
}
