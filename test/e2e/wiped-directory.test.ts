import { expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { put } from '../support/client.ts';
import { abcd, toldToType } from '../support/command-line.ts';
import { freePorts, NodeProcess } from '../support/node-process.ts';
import { until } from '../support/poll.ts';
import { ProcessCluster } from '../support/process-cluster.ts';
import { tempDir } from '../support/temp-dir.ts';
import { expectKept, storeHashes, writeAll } from '../support/writers.ts';

const PAIRS = Array.from({ length: 50 }, (_, n): [string, string] => [`key/${n}`, `value ${n}`]);

test('a founding member whose directory is lost says what to type, and that works', async () => {
  await using cluster = await ProcessCluster.start();
  await writeAll(cluster.nodes, PAIRS, 4);
  await cluster.converged();
  const lost = await cluster.leader();
  const rest = cluster.nodes.filter((node) => node !== lost);
  const { id } = await lost.status();
  expect(await lost.stop()).toBe(0);
  rmSync(cluster.dataDir(lost), { recursive: true });
  await cluster.ready(rest);

  const said = lost.output.length;
  expect(await lost.restart().exited).toBe(2);
  const message = lost.output.slice(said);
  expect(message).toContain(`${cluster.dataDir(lost)} was lost`);
  const [remove = [], join = [], ...more] = toldToType(message);
  expect(more).toEqual([]);
  expect(remove.slice(0, 3)).toEqual(['member', 'remove', id]);

  expect((await abcd(...remove)).exitCode).toBe(0);
  await lost.restart(join).up();
  await until('it is a voter', async () => (await lost.status()).role === 'follower');
  await cluster.converged();
  await expectKept(cluster.nodes, PAIRS);
  expect(new Set(await storeHashes(cluster.nodes)).size).toBe(1);

  // The old way to start it is no longer one: the directory knows better.
  expect(await lost.stop()).toBe(0);
  await lost.restart().up();
  expect((await lost.status()).id).not.toBe(id);
}, 60_000);

test('a founding member that starts long after the others is welcome', async () => {
  using dir = tempDir();
  const ports = await freePorts(3);
  const members = ports.map((port, i) => `n${i}=http://127.0.0.1:${port}`).join(',');
  const start = (i: number): NodeProcess => {
    const port = ports[i] ?? 0;
    const own = ['--port', `${port}`, '--name', `n${i}`, '--data-dir', join(dir.path, `n${i}`)];
    return NodeProcess.spawn({ port, args: [...own, '--cluster', members] });
  };
  await using first = start(0);
  await using second = start(1);
  await Promise.all([first.up(), second.up()]);
  await writeAll([first, second], PAIRS, 4);

  await using late = start(2);
  await late.up();
  await until('it has caught up', async () => {
    const [its, theirs] = await Promise.all([late.status(), first.status()]);
    return its.revision === theirs.revision;
  });
  await expectKept([late], PAIRS);
  // And it is a voter like the others: one of them may go.
  await first.kill();
  expect(
    await until('a write without the first', async () => {
      const outcome = await put(late.url, 'with/two', '1', { timeoutMs: 2000 });
      return outcome.type === 'ok' ? outcome : null;
    }),
  ).toMatchObject({ type: 'ok' });
}, 60_000);
