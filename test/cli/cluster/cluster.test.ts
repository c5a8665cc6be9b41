import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort, requireFreePort } from '../../../src/cli/port.ts';
import { ProgramUnderTest } from '../program-under-test.ts';

/** Whole clusters start and stop here, on a machine that may be busy. */
const PATIENCE_MS = 60_000;

let root: string;
let running: ProgramUnderTest[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'abcd-cluster-'));
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((program) => program.kill()));
  rmSync(root, { recursive: true, force: true });
});

function start(basePort: number): ProgramUnderTest {
  const place = ['--base-port', String(basePort), '--data-dir', root, '--control-port', '0'];
  const program = new ProgramUnderTest('cluster', '--size', '2', '--reserve-bytes', '0', ...place);
  running.push(program);
  return program;
}

/** Two neighbouring ports that nobody uses. */
function freePair(): number {
  for (;;) {
    const port = findFreePort('127.0.0.1');
    if (isFree(port + 1)) return port;
  }
}

function isFree(port: number): boolean {
  try {
    requireFreePort('127.0.0.1', port);
    return true;
  } catch {
    return false;
  }
}

async function ask(url: string, init?: RequestInit): Promise<unknown> {
  const response = await fetch(url, init);
  return await response.json();
}

test(
  'a cluster starts, serves, survives its restart, and stops whole',
  async () => {
    const port = freePair();
    const [n1, n2] = [port, port + 1].map((each) => `http://127.0.0.1:${each}`);
    const first = start(port);
    await first.line('The 2 nodes are ready');
    await ask(`${n1}/kv/k`, { method: 'PUT', body: 'v' });
    expect(await ask(`${n2}/kv/k`)).toMatchObject({ value: 'v' });
    expect(await first.terminate()).toEqual({ code: 0, signal: null });
    expect([port, port + 1].map(isFree)).toEqual([true, true]);

    const second = start(port);
    const control = /(http:\S+)\/nodes/.exec(await second.line('start and stop nodes'))?.[1];
    expect(await ask(`${n1}/kv/k`)).toMatchObject({ value: 'v' });
    const stopped = await ask(`${control}/nodes/n2/stop`, { method: 'POST' });
    expect(stopped).toMatchObject({ name: 'n2', state: 'stopped', exit: { code: 0 } });
    expect(isFree(port + 1)).toBe(true);
    expect((await second.terminate()).code).toBe(0);
  },
  PATIENCE_MS,
);

test(
  'nodes do not outlive a supervisor that is killed',
  async () => {
    const port = freePair();
    const program = start(port);
    await program.line('The 2 nodes are ready');
    expect([port, port + 1].map(isFree)).toEqual([false, false]);
    await program.kill();
    while (![port, port + 1].every(isFree)) await new Promise((resolve) => setImmediate(resolve));
  },
  PATIENCE_MS,
);
