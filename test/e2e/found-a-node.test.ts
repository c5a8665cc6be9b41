import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { getRaw, put, request } from '../support/client.ts';
import { freePorts, NodeProcess } from '../support/node-process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/poll.ts';

test('one node on an empty directory: write, stop, and it comes back without flags', async () => {
  using dir = tempDir();
  const [port = 0] = await freePorts(1);
  const dataDir = join(dir.path, 'one');
  await using node = NodeProcess.spawn({
    port,
    args: ['--port', `${port}`, '--data-dir', dataDir],
  });
  await node.up();
  const bytes = new Uint8Array(Array.from({ length: 256 }, (_, i) => i));
  const written = await put(node.url, 'every/byte', bytes);
  expect(written).toMatchObject({ type: 'ok', status: 201 });

  const begun = performance.now();
  expect(await node.stop()).toBe(0);
  expect(performance.now() - begun).toBeLessThan(10_000);

  node.restart(['--data-dir', dataDir]);
  await node.up();
  expect(await getRaw(node.url, 'every/byte')).toEqual(bytes);
  expect(await put(node.url, 'every/byte', 'b')).toMatchObject({ type: 'ok', status: 200 });
});

test('without any flag a node joins the one at port 8080, or says what to do', async () => {
  using dir = tempDir();
  const node = NodeProcess.spawn({ port: 0, args: [], cwd: dir.path });
  await using _ = node;
  // Whether something listens on 8080 of this machine is not for this test to decide: it checks
  // only that the node says where it looks and does not found a cluster of its own.
  await until('it says where it looks', () => node.output.includes('127.0.0.1:8080'));
  expect(node.output).not.toContain('"to":"leader"');
});

test('a second process on the directory is refused by name', async () => {
  using dir = tempDir();
  const [port = 0, other = 0] = await freePorts(2);
  const dataDir = join(dir.path, 'one');
  const args = ['--port', `${port}`, '--data-dir', dataDir];
  await using node = NodeProcess.spawn({ port, args });
  await node.up();
  await using second = NodeProcess.spawn({
    port: other,
    args: ['--port', `${other}`, '--data-dir', dataDir],
  });
  expect(await second.exited).toBe(2);
  expect(second.output).toContain(dataDir);
  expect(await put(node.url, 'a', '1')).toMatchObject({ type: 'ok' });
});

test('binding beyond loopback needs a secret, or the word insecure', async () => {
  using dir = tempDir();
  const [port = 0] = await freePorts(1);
  const args = ['--port', `${port}`, '--host', '0.0.0.0', '--data-dir', join(dir.path, 'one')];
  await using refused = NodeProcess.spawn({ port, args });
  expect(await refused.exited).toBe(1);
  expect(refused.output).toContain('--cluster-secret');
  await using node = NodeProcess.spawn({
    port,
    args: [...args, '--insecure', '--advertise-url', `http://127.0.0.1:${port}`],
  });
  await node.up();
  expect(await request('GET', `${node.url}/livez`, null)).toMatchObject({ type: 'ok' });
});
