/** The command line as people use it, on real clusters. */
import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { abcd } from '../support/command-line.ts';
import { freePorts, NodeProcess } from '../support/node-process.ts';
import { until } from '../support/poll.ts';
import { ProcessCluster } from '../support/process-cluster.ts';
import { tempDir } from '../support/temp-dir.ts';

const ROOT = join(import.meta.dir, '../..');

/** A command that runs until it is interrupted. */
function start(args: readonly string[]): Bun.Subprocess<'ignore', 'pipe', 'pipe'> {
  return Bun.spawn([process.execPath, 'src/index.ts', ...args], {
    cwd: ROOT,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

const endpointsOf = (nodes: readonly NodeProcess[]) => [
  '--endpoints',
  nodes.map(({ url }) => url).join(','),
];

const linesOf = (file: string) =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];

test('watch runs its command once for each change, though its node is killed', async () => {
  await using cluster = await ProcessCluster.start();
  using dir = tempDir();
  const file = join(dir.path, 'seen');
  const [first] = cluster.nodes;
  const there = endpointsOf(cluster.nodes);
  const script = `echo "$ABCD_EVENT $ABCD_KEY $ABCD_VALUE" >> ${file}`;
  const watch = start([
    'watch',
    'w/',
    '--prefix',
    '--revision',
    '1',
    ...there,
    '--',
    'sh',
    '-c',
    script,
  ]);
  for (let i = 0; i < 12; i += 1) {
    if (i === 4) await first?.kill();
    expect(await abcd('put', `w/${i}`, `${i}`, ...there)).toMatchObject({ exitCode: 0 });
  }
  await abcd('del', 'w/3', ...there);
  await until('all was seen', () => linesOf(file).length === 13, 40_000);
  const puts = Array.from({ length: 12 }, (_, i) => `put w/${i} ${i}`);
  expect(linesOf(file)).toEqual([...puts, 'delete w/3 ']);
  watch.kill('SIGINT');
  expect(await watch.exited).toBe(0);
}, 120_000);

test('lock: commands never run at the same time, and a stolen lock stops its command', async () => {
  await using cluster = await ProcessCluster.start({ size: 1 });
  using dir = tempDir();
  const there = endpointsOf(cluster.nodes);
  const file = join(dir.path, 'log');
  const script = `echo in >> ${file}; sleep 0.2; echo out >> ${file}; exit 3`;
  const all = Array.from({ length: 4 }, () =>
    abcd('lock', 'l', ...there, '--', 'sh', '-c', script),
  );
  for (const ran of await Promise.all(all)) expect(ran.exitCode).toBe(3);
  expect(linesOf(file)).toEqual(Array.from({ length: 4 }, () => ['in', 'out']).flat());

  const holder = start(['lock', 'l', ...there, '--', 'sh', '-c', `echo up >> ${file}; sleep 60`]);
  await until('it is held', () => linesOf(file).includes('up'));
  expect((await abcd('lock', 'l', '--wait', '0s', ...there, '--', 'true')).exitCode).toBe(5);
  await abcd('del', 'l/', '--prefix', ...there);
  expect(await holder.exited).toBe(5);
}, 60_000);

test('a backup becomes a new cluster with everything that was in the old one', async () => {
  await using old = await ProcessCluster.start();
  using dir = tempDir();
  const there = endpointsOf(old.nodes);
  const backup = join(dir.path, 'backup.jsonl');
  for (const value of ['1', '2', '3']) await abcd('put', 'a', value, ...there);
  const { output } = await abcd('lease', 'grant', '600', '--json', ...there);
  const { id } = JSON.parse(output) as { readonly id: string };
  await abcd('put', 'leased', 'x', '--lease', id, ...there);
  const once = { method: 'PUT', body: 'v', headers: { 'Idempotency-Key': 'client.1' } };
  const answered = await (await fetch(`${old.nodes[0]?.url}/kv/once`, once)).text();
  expect((await abcd('snapshot', 'save', backup, ...there)).exitCode).toBe(0);
  await abcd('put', 'a', 'later', ...there);

  const ports = await freePorts(3);
  const members = ports.map((port, i) => `m${i}=http://127.0.0.1:${port}`).join(',');
  for (const i of ports.keys()) {
    const place = ['--name', `m${i}`, '--cluster', members, '--data-dir', join(dir.path, `m${i}`)];
    expect(await abcd('snapshot', 'restore', backup, ...place)).toMatchObject({ exitCode: 0 });
  }
  await using stack = new AsyncDisposableStack();
  const nodes = ports.map((port, i) =>
    stack.use(NodeProcess.spawn({ port, args: ['--data-dir', join(dir.path, `m${i}`)] })),
  );
  await Promise.all(nodes.map((node) => node.up()));
  const here = endpointsOf(nodes);
  const get = async (...args: readonly string[]) => (await abcd('get', ...args, ...here)).output;
  expect(await get('a')).toBe('3\n');
  expect(await get('a', '--revision', '2')).toBe('1\n');
  const lease = JSON.parse((await abcd('lease', 'get', id, '--json', ...here)).output) as object;
  expect(lease).toMatchObject({ id, ttl: 600, keys: ['leased'] });
  const again = await fetch(`${nodes[1]?.url}/kv/once`, once);
  expect({ status: again.status, body: await again.text() }).toEqual({
    status: 201,
    body: answered,
  });
  expect((await abcd('put', 'b', 'new', ...here)).exitCode).toBe(0);
  const before = await (await fetch(`${old.nodes[0]?.url}/cluster`)).json();
  const after = await (await fetch(`${nodes[0]?.url}/cluster`)).json();
  expect((after as { clusterId: string }).clusterId).not.toBe(
    (before as { clusterId: string }).clusterId,
  );
}, 120_000);
