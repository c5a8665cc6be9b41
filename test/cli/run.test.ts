import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '../../src/cli/port.ts';
import { ProgramUnderTest } from './program-under-test.ts';

let root: string;
let nodes: ProgramUnderTest[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'abcd-run-'));
  nodes = [];
});

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.kill()));
  rmSync(root, { recursive: true });
});

function start(name: string, ...flags: readonly string[]): ProgramUnderTest {
  const dataDir = join(root, name);
  const settings = ['--log-console', 'json', '--reserve-bytes', '0', '--stop-with-stdin'];
  const node = new ProgramUnderTest('--data-dir', dataDir, ...settings, ...flags);
  nodes.push(node);
  return node;
}

async function ask(url: string, path: string, init?: RequestInit): Promise<unknown> {
  const response = await fetch(url + path, init);
  return await response.json();
}

test('founds a cluster of one, stops cleanly, and comes back without a flag', async () => {
  const first = start('a', '--port', '0', '--name', 'alone');
  const { url, memberId } = await first.listening();
  await ask(url, '/kv/k', { method: 'PUT', body: 'v' });
  expect(await first.terminate()).toEqual({ code: 0, signal: null });

  const second = start('a');
  expect(await second.listening()).toEqual({ url, memberId });
  expect(await ask(url, '/kv/k')).toMatchObject({ value: 'v' });
  expect(await ask(url, '/status')).toMatchObject({ name: 'alone', id: memberId });
  await second.terminate();
});

test('a node that moves tells the cluster', async () => {
  const first = start('a', '--port', '0');
  const before = await first.listening();
  await first.terminate();
  const port = String(findFreePort('127.0.0.1'));
  const second = start('a', '--port', port);
  const { url } = await second.listening();
  await second.line('the new URL was announced');
  expect(await ask(url, '/cluster')).toMatchObject({ members: [{ id: before.memberId, url }] });
  await second.terminate();
});

test('joins a running cluster through any member', async () => {
  const first = start('a', '--port', '0');
  const { url } = await first.listening();
  const second = start('b', '--name', 'newcomer', '--join', url);
  const joined = await second.listening();
  await second.line('added to the cluster');
  const newcomer = { id: joined.memberId, name: 'newcomer', url: joined.url };
  expect(await ask(url, '/cluster')).toMatchObject({ members: [{ url }, newcomer] });
  await Promise.all([second.terminate(), first.terminate()]);
});

test('a second process on the same directory is refused with exit code 2', async () => {
  const first = start('a', '--port', '0');
  await first.listening();
  const second = start('a', '--port', '0');
  expect((await second.exited).code).toBe(2);
  expect(second.lines.join()).toContain('is in use by another process');
  await first.terminate();
});

test('a port in use is refused with exit code 1, before anything is written', async () => {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() });
  const node = start('a', '--port', String(server.port));
  expect((await node.exited).code).toBe(1);
  expect(node.lines.join()).toContain(`--port ${server.port} is in use on 127.0.0.1`);
  expect(readdirSync(root)).toEqual([]);
  await server.stop(true);
});

test('damage is refused with exit code 2, and names file and place', async () => {
  const first = start('a', '--port', '0');
  const { url } = await first.listening();
  await ask(url, '/kv/k', { method: 'PUT', body: 'precious' });
  await first.terminate();
  const wal = join(root, 'a', 'wal');
  const path = join(wal, readdirSync(wal)[0] ?? '');
  writeFileSync(path, readFileSync(path, 'utf8').replace('"v":1', '"v":2'));
  const second = start('a');
  expect((await second.exited).code).toBe(2);
  expect(second.lines.join()).toMatch(/wal\/\d+-1\.jsonl at byte \d+: .*Restore this node/);
});

test('a founder whose directory is gone is refused with exit code 2', async () => {
  const names = ['n1', 'n2', 'n3'];
  const ports = freePorts(names.length);
  const list = names.map((name, i) => `${name}=http://127.0.0.1:${ports[i]}`).join(',');
  const [n1, n2] = names.map((name) => start(name, '--name', name, '--cluster', list));
  if (n1 === undefined || n2 === undefined) throw new Error('no nodes');
  await Promise.all([n1.line('"index":3'), n2.line('"index":3')]);
  await n2.terminate();
  rmSync(join(root, 'n2'), { recursive: true });
  const again = start('n2', '--name', 'n2', '--cluster', list);
  expect((await again.exited).code).toBe(2);
  expect(again.lines.join()).toContain('was lost');
  expect(again.lines.join()).toContain(`--endpoints http://127.0.0.1:${ports[0]}`);
});

test('a join that the cluster refuses ends with exit code 2 and one line of why', async () => {
  const first = start('a', '--port', '0');
  const { url } = await first.listening();
  const second = start('b', '--name', 'b', '--join', url);
  const lost = await second.listening();
  await second.line('added to the cluster');
  await second.kill();
  rmSync(join(root, 'b'), { recursive: true });
  const again = start('b', '--name', 'b', '--port', new URL(lost.url).port, '--join', url);
  expect((await again.exited).code).toBe(2);
  const said = again.lines.filter((line) => !line.startsWith('{'));
  expect(said).toEqual([
    expect.stringMatching(/^error: the cluster refuses this node: conflict: /),
  ]);
  expect(again.lines.join()).not.toContain('ExitError');
  await first.terminate();
});

/** Ports that nobody uses, all different. */
function freePorts(count: number): readonly number[] {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(findFreePort('127.0.0.1'));
  return [...ports];
}

test('a path that cannot be a directory is refused with exit code 1', async () => {
  writeFileSync(join(root, 'file'), '');
  for (const name of ['file', 'file/inside']) {
    const node = start(name, '--port', '0');
    expect((await node.exited).code).toBe(1);
    expect(node.lines.join()).toContain('--data-dir cannot be used');
  }
});

test('bad settings are refused with exit code 1', async () => {
  const node = start('a', '--port', '0', '--election', '50ms');
  expect((await node.exited).code).toBe(1);
  expect(node.lines.join()).toContain('--election "50ms" must be longer than the heartbeat');
});
