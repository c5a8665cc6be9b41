/** The script of the CI adds up what its steps say, and believes no step that says nothing. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'abcd-ci-'));
  await mkdir(join(folder, '.ci'));
  await copyFile(join(import.meta.dir, '../../.ci/run'), join(folder, '.ci/run'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

type Step = 'test' | 'check' | 'sim:canaries' | 'test:docker' | 'test:chaos';

/** Runs the script with steps that do as they are told, by the name of their package script. */
async function ci(steps: Readonly<Record<Step, string>>) {
  const cases = Object.entries(steps).map(([name, body]) => `${name}) ${body} ;;`);
  const npx = ['#!/bin/bash', `[ "$1 $2 $3" = "-y bun@1.4.5 run" ] || exit 9`, 'case "$4" in'];
  const program = join(folder, 'npx');
  await Bun.write(program, [...npx, ...cases, 'esac', ''].join('\n'));
  await chmod(program, 0o755);
  const child = Bun.spawn(['bash', '.ci/run'], {
    cwd: folder,
    env: { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const output = await new Response(child.stdout).text();
  return { code: await child.exited, last: output.trimEnd().split('\n').at(-1) };
}

const GOOD = {
  test: 'echo 10 passed, 0 failed',
  check: 'echo 4 passed, 0 failed',
  'sim:canaries': 'echo 100 passed, 0 failed',
  'test:chaos': 'echo 2 passed, 0 failed',
};

test('the counts of all steps are added up', async () => {
  const result = await ci({
    ...GOOD,
    'test:docker': 'echo 1 passed, 0 failed; echo 7 passed, 0 failed',
  });
  expect(result).toEqual({ code: 0, last: '123 passed, 0 failed' });
});

test('a failure is counted, and the steps after it still run', async () => {
  const result = await ci({
    ...GOOD,
    test: 'echo 9 passed, 1 failed; exit 1',
    'test:docker': 'echo 7 passed, 0 failed',
  });
  expect(result).toEqual({ code: 1, last: '122 passed, 1 failed' });
});

test.each([
  ['says nothing', 'true'],
  ['says nothing and fails', 'exit 3'],
  ['ends badly with nothing failed', 'echo 0 passed, 0 failed; exit 3'],
  ['says it in the middle of a line', 'echo "step: 5 passed, 0 failed"'],
])('a step that %s has failed', async (_what, body) => {
  const result = await ci({ ...GOOD, 'test:docker': body });
  expect(result).toEqual({ code: 1, last: '116 passed, 1 failed' });
});
