import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { getRaw, putSurely, request } from '../support/client.ts';
import { freePorts, NodeProcess } from '../support/node-process.ts';
import { until } from '../support/poll.ts';
import { tempDir } from '../support/temp-dir.ts';

test('the cluster command: kill and start by name, Ctrl-C, and back with its data', async () => {
  using dir = tempDir();
  const base = await consecutivePorts();
  const args = ['cluster', '--size', '3', '--base-port', `${base}`, '--data-dir'];
  await using cluster = NodeProcess.spawn({ port: base, args: [...args, join(dir.path, 'data')] });
  const urls = [0, 1, 2].map((i) => `http://127.0.0.1:${base + i}`);
  await until('it says how to write', () => cluster.output.includes('curl -X PUT'), 30_000);
  for (const url of urls) expect(cluster.output).toContain(url);
  await putSurely(urls, 'hello', 'world');

  const control = `http://127.0.0.1:${base - 1}`;
  const killed = await request('POST', `${control}/nodes/n2/kill`, null);
  expect(killed).toMatchObject({ type: 'ok' });
  await putSurely([urls[0] ?? '', urls[2] ?? ''], 'hello', 'two');
  const started = await request('POST', `${control}/nodes/n2/start`, null);
  expect(started).toMatchObject({ type: 'ok' });
  await until('n2 serves again', () => getRaw(urls[1] ?? '', 'hello').catch(() => null));

  cluster.signal('SIGINT');
  expect(await cluster.exited).toBe(0);
  cluster.restart();
  const value = await until(
    'it is back',
    () => getRaw(urls[2] ?? '', 'hello').catch(() => null),
    30_000,
  );
  expect(new TextDecoder().decode(value)).toBe('two');
}, 90_000);

/** The second of four ports in a row that nobody listens on. */
async function consecutivePorts(): Promise<number> {
  for (;;) {
    const [port = 0] = await freePorts(1);
    const row = [port, port + 1, port + 2, port + 3];
    if (row.every(isFree)) return port + 1;
  }
}

function isFree(port: number): boolean {
  try {
    Bun.listen({ hostname: '127.0.0.1', port, socket: { data: () => undefined } }).stop(true);
    return true;
  } catch {
    return false;
  }
}
