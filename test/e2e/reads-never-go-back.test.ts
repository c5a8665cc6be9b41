import { expect, test } from 'bun:test';
import { get, put } from '../support/client.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

test('a leader that was stopped (SIGSTOP) and wakes serves nothing old', async () => {
  await using cluster = await ProcessCluster.start();
  const old = await cluster.leader();
  expect(await put(old.url, 'x', 'before')).toMatchObject({ type: 'ok' });
  old.signal('SIGSTOP');
  const others = cluster.nodes.filter((node) => node !== old);
  await cluster.ready(others);
  expect(await put(others[0]?.url ?? '', 'x', 'after')).toMatchObject({ type: 'ok' });
  // The question is on its way while the old leader wakes and still believes that it leads.
  const asked = get(old.url, 'x');
  old.signal('SIGCONT');
  expect(await asked).toMatchObject({ type: 'ok', body: { value: 'after' } });
  const write = await put(old.url, 'x', 'through the old leader');
  expect(write).toMatchObject({ type: 'ok' });
}, 60_000);

test('reads see every write acknowledged before, while leaders are paused and killed', async () => {
  await using cluster = await ProcessCluster.start();
  let acknowledged = 0;
  let running = true;
  const counts = { writes: 0, reads: 0 };
  const stale: string[] = [];

  const writer = async (): Promise<void> => {
    for (let n = 1; running; ) {
      const node = cluster.nodes[n % 3];
      const outcome = await put(node?.url ?? '', 'n', `${n}`, { timeoutMs: 1500 });
      if (outcome.type === 'ok') {
        acknowledged = n;
        counts.writes += 1;
      }
      n += 1;
    }
  };
  const reader = async (i: number): Promise<void> => {
    let seen = 0;
    while (running) {
      const floor = Math.max(acknowledged, seen);
      const outcome = await get(cluster.nodes[i]?.url ?? '', 'n', { timeoutMs: 1500 });
      if (outcome.type !== 'ok') {
        await Bun.sleep(10);
        continue;
      }
      const value = Number(outcome.body['value']);
      if (value < floor) stale.push(`node ${i}: ${value} after ${floor}`);
      seen = value;
      counts.reads += 1;
    }
  };
  await put(cluster.nodes[0]?.url ?? '', 'n', '0');
  const clients = [writer(), reader(0), reader(1), reader(2)];
  for (let round = 0; round < 3; round += 1) {
    const leader = await cluster.leader();
    leader.signal('SIGSTOP');
    await Bun.sleep(1200);
    leader.signal('SIGCONT');
    await Bun.sleep(300);
    const next = await cluster.leader();
    await next.kill();
    await Bun.sleep(900);
    next.restart();
    await cluster.ready(cluster.nodes);
  }
  running = false;
  await Promise.all(clients);
  expect(stale).toEqual([]);
  expect(counts.writes).toBeGreaterThan(50);
  expect(counts.reads).toBeGreaterThan(100);
}, 120_000);
