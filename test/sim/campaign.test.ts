import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { eachLine } from '../../src/cli/cluster/process.ts';
import { seedOfCommit } from '../support/commit-seed.ts';
import { REGRESSION_SEEDS } from './regression-seeds.ts';
import { runSeed } from './support/world.ts';

const ROOT = join(import.meta.dir, '../..');
const FRESH = 300;
const PATIENCE_MS = 8 * 60_000;

test(
  `${FRESH} seeds that no commit before had keep every promise, and do enough of everything`,
  async () => {
    const { exitCode, output } = await campaign(
      '--seeds',
      String(FRESH),
      '--from',
      String(seedOfCommit()),
    );
    // A seed that fails must be told: after the next commit it is drawn no more.
    const told = exitCode === 0 ? output.lastIndexOf('seeds from') : 0;
    process.stdout.write(output.slice(told));
    expect(output).toContain(`${FRESH} runs, 0 failed`);
    expect(output).not.toContain('too seldom');
    expect(exitCode).toBe(0);
  },
  PATIENCE_MS,
);

test.each(REGRESSION_SEEDS)('seed %i, which failed once, is good', (seed) => {
  expect(runSeed(seed).failure).toBeNull();
});

test('a run has the length, the operations and the faults it should', () => {
  for (let seed = 1; seed <= 5; seed += 1) {
    const { simulatedMs, coverage } = runSeed(seed);
    expect(simulatedMs).toBeGreaterThan(30_000);
    expect(coverage.of('operation')).toBeGreaterThanOrEqual(500);
    expect(coverage.of('operation-acknowledged')).toBeGreaterThan(100);
  }
});

test('several processes share the seeds', async () => {
  const { exitCode, output } = await campaign('--seeds', '5', '--from', '900', '--jobs', '2');
  expect(output).toContain('seeds from 900: 5 runs, 0 failed');
  expect(exitCode).toBe(0);
});

/** One process for each core. The output names every seed that failed, and how to repeat it. */
async function campaign(...flags: string[]): Promise<{ exitCode: number; output: string }> {
  const child = startCampaign(...flags);
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { exitCode: await child.exited, output: out + err };
}

test('a campaign that is told to stop ends well, whatever it was to do', async () => {
  const child = startCampaign('--minutes', '5', '--from', '900', '--jobs', '2', '--json');
  let runs = 0;
  await eachLine(child.stdout, () => {
    runs += 1;
    if (runs === 1) child.kill('SIGINT');
  });
  expect(await child.exited).toBe(0);
  expect(runs).toBeLessThan(10);
});

function startCampaign(...flags: string[]) {
  const command = [process.execPath, 'run', 'src/index.ts', 'sim', ...flags];
  return Bun.spawn(command, { cwd: ROOT, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
}
